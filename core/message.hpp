/// A chat message, before and after it has its place in a conversation.
#pragma once

#include "core/user_id.hpp"

#include <chrono>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>

namespace hongyan {

/// Wall-clock time as it is stored and shown; never used to order anything or to time anything out.
using wall_time = std::chrono::sys_time<std::chrono::milliseconds>;

/// A message as a client sent it, checked: every field is within its limits and valid UTF-8 without U+0000.
struct new_message {
  user_id from;
  user_id to;
  std::optional<std::string> from_name{}; ///< shown with this message only
  std::optional<std::string> to_name{};
  std::string content;
  std::optional<std::string> client_msg_id{}; ///< makes the send idempotent for this sender
};

/// A stored message of a direct conversation.
struct message {
  std::int64_t id = 0;              ///< over the whole server; ascending within a conversation
  std::int64_t conversation_id = 0; ///< of the two users' direct conversation
  std::int64_t seq = 0;             ///< dense position in the conversation: 1, 2, 3 ...
  user_id from;
  user_id to;
  std::optional<std::string> from_name{};
  std::optional<std::string> to_name{};
  std::string content;
  wall_time created_at{};
};

/// Stored messages are shared, never changed.
using message_ptr = std::shared_ptr<const message>;

} // namespace hongyan
