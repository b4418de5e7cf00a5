#include "core/bounds/memory_bounds.hpp"

#include "core/bounds/rate_limit.hpp"
#include "core/cluster/delivery_order.hpp"
#include "core/cluster/limits.hpp"

#include <algorithm>

namespace hongyan {

namespace {

/// Of a message besides its content, ext and names: ids, times, the names of the fields.
constexpr std::size_t message_frame_bytes = 512;
/// As JSON a control character has six bytes; any other has at most four.
constexpr std::size_t encoded_char_bytes = 6;
constexpr std::size_t rate_limits = 5;
/// A bucket with its key and its node in the table.
constexpr std::size_t bucket_bytes = 160;
/// Of another node's session, with its user's place in the table (docs/scaling.md: 198 measured).
constexpr std::size_t remote_session_bytes = 256;

} // namespace

std::vector<memory_bound> memory_bounds(const limits& of, bool is_cluster) {
  const auto content = std::max(of.content_chars * encoded_char_bytes, of.object_bytes);
  const auto message = content + of.ext_bytes + 2 * of.name_chars * encoded_char_bytes + message_frame_bytes;
  std::vector<memory_bound> bounds{{"clients", of.memory},
                                   {"writes", of.backlog * std::max(of.body_bytes, of.message_bytes)},
                                   {"deliveries", of.deliveries * message},
                                   {"reads", (of.history + of.searches) * of.message_bytes},
                                   {"rates", rate_limits * rate_limit::keys_max * bucket_bytes}};
  if (!is_cluster) return bounds;
  // What waits for a peer, what is under way in both directions, and who is online there.
  const auto peer = cluster::waiting_bytes + 2 * (cluster::window_bytes + cluster::waiting_bytes) +
                    2 * cluster::pipe_bytes + of.connections * remote_session_bytes;
  const auto entries =
      cluster::delivery_order::held_max + cluster::conversations_a_question * cluster::entries_a_conversation;
  bounds.push_back({"cluster", cluster::connections_max * peer + entries * message});
  return bounds;
}

} // namespace hongyan
