/// The classic contract's JSON (the tutorial's wire format) as pure functions: bytes to values, values to
/// bytes.
#pragma once

#include "core/bounds/limits.hpp"
#include "core/chat/message.hpp"

#include <memory>
#include <string>
#include <string_view>
#include <vector>

namespace hongyan::classic {

/// Reads the body of POST /push. Errors: errc::malformed, with the place or the field and what is accepted;
/// errc::too_large for a content over its limit.
result<new_message> parse_push(std::string_view body, const limits& limits);

/// What is shown for a message of another kind to who knows texts only, as classic clients (contract, section
/// 2) and WeChat's notices.
std::string_view shown_content(const message& m);

/// A chat as it is sent: `{"id":1,"userId":2,...}`. createTime is local time of the process's time zone
/// (classic.time_zone) without offset, as the tutorial's LocalDateTime.
std::string encode_chat(const message& m);

/// A JSON array of chats, oldest first as given.
std::string encode_chats(const std::vector<message>& messages);

/// A user who is online, as GET /getOnlineUser shows it.
struct online_user {
  user_id user;
  std::size_t sessions = 0;
  wall_time since{};
  std::vector<std::string> nodes{}; ///< where the sessions are
};

/// The JSON object of GET /getOnlineUser, keyed by user id.
std::string encode_online(const std::vector<online_user>& users);

/// An encoded chat, shared by all who receive it.
struct chat {
  std::int64_t id = 0;
  std::shared_ptr<const std::string> json;
};

/// The latest chats of one user, by id: what a classic session sends, whole, on each change.
class window {
public:
  explicit window(std::size_t capacity) : capacity_(capacity) {}

  /// Puts a chat at its place by id; one that is there already is ignored, the oldest falls out at the limit.
  void add(chat c);
  /// The chats as one JSON array, oldest first: its length, and itself behind what `out` has.
  std::size_t json_bytes() const;
  void append_json(std::string& out) const;

private:
  std::vector<chat> chats_; ///< ascending by id
  std::size_t capacity_;
};

} // namespace hongyan::classic
