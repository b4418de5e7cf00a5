/// Conversations, groups and their members, as users see them.
#pragma once

#include "core/chat/message.hpp"

#include <algorithm>
#include <array>
#include <cstdint>
#include <string>
#include <vector>

namespace hongyan {

/// Stored by number: never renumber. Higher may more.
enum class group_role : std::uint8_t { member = 0, admin = 1, owner = 2 };

inline constexpr std::array<std::string_view, 3> group_role_names = {"member", "admin", "owner"};

/// Of a stored number; one that a newer release has written may nothing that is not everybody's.
inline group_role role_of(std::int64_t number) {
  return number == 1 || number == 2 ? static_cast<group_role>(number) : group_role::member;
}

/// What a member who joins may read.
enum class group_history : std::uint8_t { joined = 0, all = 1 };

inline constexpr std::array<std::string_view, 2> group_history_names = {"joined", "all"};

/// Of a stored number; one that is not known shows less.
inline group_history history_of(std::int64_t number) {
  return number == 1 ? group_history::all : group_history::joined;
}

struct group_info {
  std::int64_t conversation_id = 0;
  user_id id;
  std::string name;
  user_id owner;
  std::size_t member_count = 0;
  bool muted = false; ///< only the owner and admins may send
  group_history history = group_history::joined;
  wall_time created_at{};
};

struct group_member {
  user_id user;
  group_role role = group_role::member;
  std::int64_t joined_seq = 0; ///< seq of the log's entry that took them in
  std::int64_t first_seq = 1;  ///< of the oldest entry that they may read
};

/// One user's view of one conversation.
struct membership {
  std::int64_t conversation_id = 0;
  peer_or_group
      with; ///< the group, or the other user of a direct conversation (oneself for a note to oneself)
  group_role role = group_role::member; ///< of a group
  std::int64_t last_seq = 0;
  wall_time last_at{};        ///< of the entry last_seq
  std::int64_t shown_seq = 0; ///< the last entry that is neither a recall nor an edit; 0: none
  wall_time shown_at{};       ///< of it
  std::int64_t first_seq =
      1; ///< the lowest the user may read: what was before joining or clearing is not theirs
  std::int64_t kept_from = 1; ///< the lowest entry that is still kept (retention.days)
  std::int64_t read_seq = 0;
  std::optional<std::int64_t> peer_read_seq{}; ///< of a direct conversation
  bool pinned = false;
  bool muted = false;

  /// Without an entry to read a conversation is not shown: cleared, or nothing was ever said.
  bool is_shown() const { return last_seq >= first_seq; }
  /// The lowest entry that there is for the user to read, if there is any.
  std::int64_t readable_from() const { return std::max(first_seq, kept_from); }
};

/// Where a conversation stands in its user's list: pinned ones first, then the newest shown, then by id.
using list_key = std::array<std::int64_t, 3>;

inline list_key list_key_of(const membership& m) {
  return {m.pinned ? 0 : 1, -to_ms(m.shown_at), m.conversation_id};
}

struct profile {
  user_id user;
  std::optional<std::string> name{};
  std::optional<std::string> avatar{};
};

} // namespace hongyan
