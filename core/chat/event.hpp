/// What the business back end is told by webhooks (contract, section 8). A message, an edit, a recall and a
/// group's entry are each told by their entry in the log; reactions and who comes and goes, which are no
/// entries, by rows of their own with ids of the same sequence.
#pragma once

#include "core/chat/change.hpp"
#include "core/chat/message.hpp"

#include <array>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace hongyan {

enum class event_type : std::uint8_t {
  message_created,
  message_edited,
  message_recalled,
  message_reacted,
  group_changed,
  user_online,
  user_offline,
};

/// Their names on the wire, by number.
inline constexpr std::array<std::string_view, 7> event_type_names = {
    "message.created", "message.edited", "message.recalled", "message.reacted",
    "group.changed",   "user.online",    "user.offline"};

inline std::string_view name_of(event_type type) { return event_type_names[static_cast<std::size_t>(type)]; }

/// As a webhook is told it.
struct event {
  std::int64_t id = 0;              ///< ascending; of its entry, where it has one
  std::int64_t conversation_id = 0; ///< whose events before it are told before it; of presence below 0
  event_type type = event_type::message_created;
  wall_time at{};
  std::string data{}; ///< a JSON object
};

struct event_page {
  std::vector<event> events; ///< ascending by id
  std::int64_t up_to = 0;    ///< all that were asked for and are not above it are here
  bool is_set_back =
      false; ///< what was asked for is behind all that there is: it is not the store that it was
};

/// How far the log can be read by id.
struct settled_ids {
  std::int64_t up_to =
      0; ///< below it none will come any more: who took a lower one has committed, or never will
  std::int64_t last = 0; ///< the highest that was ever taken
};

/// What no log has an entry of: a reaction; or, without a conversation, that its user has come (`on`) or
/// gone.
struct side_event {
  std::int64_t id = 0;
  reaction what;
  wall_time at{};

  bool is_presence() const { return what.conversation_id == 0; }
};

/// What an entry was before it was changed, kept while there are webhooks.
struct kept_version {
  std::int64_t conversation_id = 0;
  std::int64_t seq = 0;
  std::int32_t edits = 0; ///< how often it had been changed; was_stream: it was no message until later
  message_kind kind = message_kind::text;
  std::string content{};
  std::optional<std::string> ext{};
};
inline constexpr std::int32_t was_stream = -1;

} // namespace hongyan
