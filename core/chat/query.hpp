/// What users ask for, and what they get: history, the conversation list, a whole resume, search; as values.
#pragma once

#include "core/chat/conversation.hpp"

#include <cstddef>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace hongyan {

struct page_query {
  user_id user;
  peer_or_group in;
  std::optional<std::int64_t> before_seq{}; ///< exclusive; at most one of the two
  std::optional<std::int64_t> after_seq{};
  std::size_t limit = 50;
};

struct history_page {
  std::vector<message> messages; ///< ascending by seq
  bool has_more = false;         ///< in the direction that was asked for; older ones when none was
};

/// Single messages; those that are there and the user's to read come, ascending.
struct messages_query {
  user_id user;
  peer_or_group in;
  std::vector<std::int64_t> seqs{};
};

struct conversation_view {
  membership of;
  std::size_t unread = 0;
  std::optional<std::int64_t> mention_seq{}; ///< the lowest unread message that calls the user
  std::optional<message> last{};             ///< the entry shown_seq
};

struct list_query {
  user_id user;
  std::string cursor{}; ///< of the page before; empty: the first
  std::size_t limit = 50;
};

struct conversation_page {
  std::vector<conversation_view> conversations; ///< pinned first, then newest first
  std::string cursor;                           ///< empty: that was all
};

/// A message that a client holds, as far as it tells one history of a store from another.
struct held_message {
  std::int64_t conversation_id = 0;
  std::int64_t seq = 0;
  std::int64_t id = 0;
  wall_time created_at{};
};

struct sync_query {
  user_id user;
  std::map<std::int64_t, std::int64_t> positions; ///< conversation: the last seq the client has
  std::vector<held_message> last{};               ///< the newest few that the client holds
  std::vector<std::int64_t> left{}; ///< sync_page::left of the page before: this one goes on with them
  std::size_t limit = 200;          ///< messages over all conversations
  std::size_t recent = 20;          ///< messages of a conversation that the client does not have
};

/// What users have reacted with to one message.
struct message_reactions {
  std::int64_t conversation_id = 0;
  std::int64_t seq = 0;
  std::vector<reaction_tally> tallies; ///< in the order in which each emoji first came
};

struct synced_conversation {
  membership of;
  std::size_t unread = 0;
  std::optional<std::int64_t> mention_seq{}; ///< see conversation_view
  std::vector<message> messages;             ///< ascending by seq
  std::vector<message_reactions> changed{};  ///< of the newest messages, those with reactions
  /// There are newer ones than the last of `messages`, which is the client's position then; without more it
  /// is last_seq, whatever `messages` holds.
  bool has_more = false;
};

struct sync_page {
  /// Why the client's positions are void, and this page is as for one without any; a word for the log and the
  /// figures. Empty: they are good.
  std::string_view reset{};
  std::vector<synced_conversation> conversations; ///< newest active first
  std::vector<std::int64_t> gone; ///< of the positions: left, dismissed, cleared, or never the user's
  bool has_more = false;          ///< something is left to say: ask again with the new positions
  /// Conversations in which more is new than this page holds, newest active first; at most sync_left_max, and
  /// what is beyond is found by a page that looks at all of the user's conversations again, as the last one
  /// always does.
  std::vector<std::int64_t> left{};
};

struct search_query {
  user_id user;
  std::string text;
  std::optional<peer_or_group> in{};
  std::string cursor{};
  std::size_t limit = 50;
};

struct search_page {
  std::vector<message> messages; ///< newest first
  std::string cursor;            ///< empty: that was all
};

} // namespace hongyan
