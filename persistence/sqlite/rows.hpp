/// How rows of the table message are read, for whoever selects them.
#pragma once

#include "core/chat/message.hpp"
#include "persistence/append_rules.hpp"
#include "persistence/sqlite/handle.hpp"

#include <span>
#include <string>

namespace hongyan {

/// The columns of `message m` that read_message() takes, in its order. A group's messages have no target:
/// their place is the conversation's.
inline const std::string message_columns =
    "m.id, m.conversation_id, m.seq, m.created_at_ms, m.sender, m.target, m.sender_name, m.target_name, "
    "m.kind,"
    " m.content, m.ext, m.client_msg_id, m.recalled, CASE WHEN m.target IS NULL THEN"
    " (SELECT group_id FROM conversation WHERE conversation.id = m.conversation_id) END, m.edits";

inline constexpr int message_column_count = 15;

/// The ids as an array of JSON, for json_each(): characters of an id need no escape.
inline std::string json_list(std::span<const user_id> users) {
  std::string json = "[";
  for (const user_id& user : users) {
    if (json.size() > 1) json += ',';
    json += '"' + user.text() + '"';
  }
  return json + "]";
}

inline std::string json_list(std::span<const std::int64_t> ids) {
  std::string json = "[";
  for (const auto id : ids) {
    if (json.size() > 1) json += ',';
    json += std::to_string(id);
  }
  return json + "]";
}

/// How many have reacted, as ?1 sees it: to entries of ?2 between the seqs ?3 and ?4; at most ?5 rows.
inline constexpr std::string_view reactions_sql =
    "SELECT c.emoji, c.users, EXISTS (SELECT 1 FROM reaction r WHERE r.conversation_id = c.conversation_id"
    " AND r.seq = c.seq AND r.emoji = c.emoji AND r.user_id = ?1), c.seq FROM reaction_count c"
    " WHERE c.conversation_id = ?2 AND c.seq > ?3 AND c.seq < ?4 ORDER BY c.seq, c.place LIMIT ?5";

inline reaction_tally read_tally(const sqlite_statement::execution& row) {
  return {std::string(row.text(0)), static_cast<std::size_t>(row.integer(1)), row.integer(2) != 0};
}

inline message read_message(const sqlite_statement::execution& row) {
  return {.id = row.integer(0),
          .conversation_id = row.integer(1),
          .seq = row.integer(2),
          .from = stored_user(row.text(4)),
          .to = row.is_null(5) ? peer_or_group::group(stored_user(row.text(13)))
                               : peer_or_group(stored_user(row.text(5))),
          .from_name = row.optional_text(6),
          .to_name = row.optional_text(7),
          .kind = kind_of(row.integer(8)),
          .content = std::string(row.text(9)),
          .ext = row.optional_text(10),
          .client_msg_id = row.optional_text(11),
          .created_at = from_ms(row.integer(3)),
          .recalled = row.integer(12) != 0,
          .edits = static_cast<std::int32_t>(row.integer(14))};
}

} // namespace hongyan
