#include "persistence/sqlite/retention.hpp"

#include "core/tools/wall_time.hpp"
#include "persistence/append_rules.hpp"
#include "persistence/sqlite/search.hpp"

#include <sqlite3.h>

namespace hongyan {

sqlite_retention_statements::sqlite_retention_statements(const sqlite_connection& db)
    : conversations(
          db, "SELECT c.id, c.first_seq, m.created_at_ms FROM conversation c LEFT JOIN message m INDEXED BY"
              " message_seq ON m.conversation_id = c.id AND m.seq = c.first_seq WHERE c.id > ?1"
              " ORDER BY c.id LIMIT ?2")
    , entries(db, "SELECT seq, id, created_at_ms, kind, content FROM message INDEXED BY message_seq"
                  " WHERE conversation_id = ?1 AND seq >= ?2 ORDER BY seq LIMIT ?3")
    , unindex(db, unindex_message_sql)
    , detach(db, "DELETE FROM message_file WHERE conversation_id = ?1 AND seq = ?2 RETURNING file_id")
    , uncall(db, "DELETE FROM mention WHERE conversation_id = ?1 AND seq = ?2")
    , unreact(db, "DELETE FROM reaction WHERE conversation_id = ?1 AND seq = ?2")
    , uncount(db, "DELETE FROM reaction_count WHERE conversation_id = ?1 AND seq = ?2")
    , unkeep(db, "DELETE FROM message_version WHERE conversation_id = ?1 AND seq = ?2")
    , unstream(db, "DELETE FROM stream WHERE conversation_id = ?1 AND seq = ?2")
    , uncheck(db, "DELETE FROM content_check WHERE message_id = ?1")
    , remove(db, "DELETE FROM message WHERE id = ?1")
    , keep_from(db, "UPDATE conversation SET first_seq = ?2 WHERE id = ?1") {}

/// The first conversation behind `after` whose oldest entry is old; 0: none of those that were looked at.
int sqlite_retention_statements::find(std::int64_t after, wall_time before, std::int64_t& conversation,
                                      std::int64_t& first, dropped_entries& done) {
  sqlite_statement::execution rows(conversations);
  rows.bind(after).bind(static_cast<std::int64_t>(old_conversations_looked_at));
  done.up_to = after;
  std::size_t looked_at = 0;
  int code = rows.step();
  for (; code == SQLITE_ROW; code = rows.step(), ++looked_at) {
    if (!rows.is_null(2) && rows.integer(2) < to_ms(before)) {
      conversation = rows.integer(0);
      first = rows.integer(1);
      return SQLITE_OK;
    }
    done.up_to = rows.integer(0);
  }
  if (code != SQLITE_DONE) return code;
  done.is_end = looked_at < old_conversations_looked_at;
  return SQLITE_OK;
}

int sqlite_retention_statements::drop(std::int64_t conversation, std::int64_t seq, std::int64_t id,
                                      dropped_entries& done) {
  {
    sqlite_statement::execution files(detach);
    int code = files.bind(conversation).bind(seq).step();
    for (; code == SQLITE_ROW; code = files.step()) done.files.emplace_back(files.text(0));
    if (code != SQLITE_DONE) return code;
  }
  if (const int code = clear(conversation, seq, id); code != SQLITE_OK) return code;
  return sqlite_statement::execution(remove).bind(id).finish();
}

int sqlite_retention_statements::clear(std::int64_t conversation, std::int64_t seq, std::int64_t id) {
  for (auto* statement : {&uncall, &unreact, &uncount, &unkeep, &unstream})
    if (const int code = sqlite_statement::execution(*statement).bind(conversation).bind(seq).finish();
        code != SQLITE_OK)
      return code;
  return sqlite_statement::execution(uncheck).bind(id).finish();
}

int sqlite_retention_statements::drop_old(std::int64_t after, wall_time before, std::size_t limit,
                                          dropped_entries& done) {
  std::int64_t conversation = 0, next = 0;
  if (const int code = find(after, before, conversation, next, done); code != SQLITE_OK || conversation == 0)
    return code;
  struct entry {
    std::int64_t seq, id;
    std::string tokens;
  };
  std::vector<entry> old;
  {
    sqlite_statement::execution rows(entries);
    int code = rows.bind(conversation).bind(next).bind(static_cast<std::int64_t>(limit)).step();
    for (; code == SQLITE_ROW && rows.integer(2) < to_ms(before); code = rows.step())
      old.push_back({rows.integer(0), rows.integer(1),
                     indexed_tokens(conversation,
                                    searchable_text(kind_of(rows.integer(3)), std::string(rows.text(4))))});
    if (code != SQLITE_ROW && code != SQLITE_DONE) return code;
  }
  for (const entry& one : old) {
    if (!one.tokens.empty()) {
      const int code = sqlite_statement::execution(unindex).bind(one.id).bind(one.tokens).finish();
      if (code != SQLITE_OK) return code;
    }
    if (const int code = drop(conversation, one.seq, one.id, done); code != SQLITE_OK) return code;
    next = one.seq + 1;
  }
  done.count = old.size();
  // Perhaps there are more in it: it is looked at again.
  if (old.size() < limit) done.up_to = conversation;
  return sqlite_statement::execution(keep_from).bind(conversation).bind(next).finish();
}

} // namespace hongyan
