/// Subscribe messages of WeChat: who is away is told that somebody wrote to them, as often as they let
/// (contract, section 8).
#pragma once

#include "core/chat/message.hpp"
#include "core/tools/wall_time.hpp"

#include <algorithm>
#include <chrono>
#include <cstdint>
#include <string>
#include <utility>
#include <vector>

namespace hongyan {

/// What a field of a template can say.
enum class notice_part : std::uint8_t { content, sender, time, conversation };

/// As the operator has configured it, after WeChat's console.
struct notice_template {
  std::string id;
  std::string page{}; ///< that a tap opens; empty: the mini-program's first
  std::vector<std::pair<std::string, notice_part>> fields{}; ///< by key, as WeChat has it: "thing1"
  std::chrono::seconds delay{10};                            ///< how long a message is left unread
};

/// WeChat's have 43.
inline constexpr std::size_t template_id_chars_max = 64;
/// Of one template, what may be kept, and what one call may add (contract).
inline constexpr std::int32_t grants_max = 20;
inline constexpr std::int32_t grants_a_call_max = 5;
/// Client and WeChat tell of the same tap within so long.
inline constexpr std::chrono::minutes one_tap{10};

/// How many messages of a template a user lets be sent.
struct push_grant {
  std::string template_id;
  std::int32_t grants = 0;
  std::int32_t one_sided = 0; ///< see accept()
  wall_time told_at{};
};

/// The client, or WeChat, tells that the user accepted so often. Both tell of each tap, in any order, and it
/// counts once: what one has told of alone is remembered, the client's as above 0, WeChat's as below.
inline void accept(push_grant& of, std::int32_t taps, bool by_client, wall_time now) {
  if (now - of.told_at > one_tap) of.one_sided = 0;
  const std::int32_t sign = by_client ? 1 : -1;
  const auto known = std::clamp(-sign * of.one_sided, 0, taps);
  of.grants = std::min(grants_max, of.grants + taps - known);
  of.one_sided = std::clamp(of.one_sided + sign * taps, -grants_max, grants_max);
  of.told_at = now;
}

/// What was written to somebody, who is perhaps to be told.
struct notice_row {
  user_id user;
  std::int64_t conversation_id = 0;
  std::int64_t first_seq = 0;
  std::int64_t last_seq = 0;
  wall_time noted_at{};
};

/// What there is to know of one entry before its reader is told.
struct notice_facts {
  message what;
  std::string sender_name{}; ///< of the sender's profile; empty: none
  std::string group_name{};
  bool is_muted = false; ///< the conversation, by the reader
  std::int64_t read_seq = 0;
  std::int64_t first_seq = 0;
  bool is_called = false;     ///< the reader, or everybody
  bool is_blocked = false;    ///< the sender, by the reader
  bool is_checked_yet = true; ///< false: a content check is still to say of it
};

/// Somebody who is to be told now, unless they are here.
struct due_notice {
  user_id user;
  std::int64_t conversation_id = 0;
  std::int64_t last_seq = 0; ///< up to which it has been looked at
  std::string openid;
  std::string template_id;
  message what;
  std::string sender_name{};
  std::string group_name{};
};

/// Whom a message is noted for.
inline mentions noted_for(const user_id& from, const peer_or_group& to, const mentions* called) {
  if (!to.is_group())
    return {.all = false, .users = to.id == from ? std::vector<user_id>{} : std::vector{to.id}};
  return called != nullptr ? *called : mentions{};
}

} // namespace hongyan
