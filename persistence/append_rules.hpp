/// What both stores must decide alike.
#pragma once

#include "persistence/store.hpp"

#include <string_view>
#include <utility>

namespace hongyan {

/// The two users of a direct conversation in byte order, which is the conversation's key; equal for a note to
/// oneself. The views are into `message`.
inline std::pair<std::string_view, std::string_view> conversation_key(const user_id& one,
                                                                      const user_id& other) {
  return one < other ? std::pair{std::string_view(one.text()), std::string_view(other.text())}
                     : std::pair{std::string_view(other.text()), std::string_view(one.text())};
}

/// What a message is whose sender and client_msg_id are stored already: names do not matter, they may change
/// between two attempts to send.
inline append_status repeat_status(const new_message& message, std::string_view stored_target,
                                   std::string_view stored_content) {
  return message.to.text() == stored_target && message.content == stored_content ? append_status::duplicate
                                                                                 : append_status::conflict;
}

/// As it is stored: milliseconds since 1970.
inline std::int64_t to_ms(wall_time time) { return time.time_since_epoch().count(); }
inline wall_time from_ms(std::int64_t ms) { return wall_time(std::chrono::milliseconds(ms)); }

/// A user id that was checked before it was stored.
inline user_id stored_user(std::string_view text) {
  auto id = user_id::parse(text);
  return id ? *std::move(id) : user_id{};
}

} // namespace hongyan
