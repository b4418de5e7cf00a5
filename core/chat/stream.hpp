/// Messages that are written while they are read: an assistant speaks while it thinks (contract, section 7).
#pragma once

#include "core/chat/message.hpp"

#include <chrono>
#include <memory>
#include <optional>
#include <string>

namespace hongyan {

/// 128 bits in hexadecimal: secret, and so unguessable.
inline constexpr std::size_t stream_id_digits = 32;
/// Unicode characters of what a stream says (contract).
inline constexpr std::size_t stream_chars_max = 4096;
/// What was added is stored, and told whole, at least so often; without any for stream_silence a stream ends.
inline constexpr std::chrono::seconds stream_store_interval{2};
inline constexpr std::chrono::seconds stream_silence{60};
/// Of a node that is gone: when another ends its streams. Longer, since a node ends its own.
inline constexpr std::chrono::seconds stream_orphan{stream_silence + 3 * stream_store_interval};

/// Who writes: a user, or the back end, which writes for any.
struct stream_writer {
  std::optional<user_id> user{}; ///< null: the back end
  bool operator==(const stream_writer&) const = default;
};

/// A stream's row. It is there for a day after its end, for who begins it again.
struct stream_row {
  std::string id{};
  std::int64_t conversation_id = 0;
  std::int64_t seq = 0;
  stream_writer by{};
  std::string node{}; ///< that has what was added since; empty: none
  bool ended = false;
  wall_time touched{}; ///< when it was stored last
};

/// What a new message becomes when it begins a stream.
struct stream_start {
  std::string id;
  stream_writer by;
  std::string node;
};

/// A stream as the store has it, for the node that writes it.
struct open_stream {
  std::string id{};
  stream_writer by{};
  message what{};          ///< as it is stored
  audience_ptr audience{}; ///< who may read it
  std::string held_by{};   ///< another node has it
};

} // namespace hongyan
