#include "persistence/sqlite/notices.hpp"

#include "persistence/sqlite/rows.hpp"
#include "persistence/sqlite/transaction.hpp"

#include <sqlite3.h>

namespace hongyan {

namespace {

constexpr std::string_view put_grant_sql =
    "INSERT INTO push_grant (user_id, template_id, grants, one_sided, told_at_ms) VALUES (?1, ?2, ?3, ?4, ?5)"
    " ON CONFLICT (user_id, template_id) DO UPDATE SET grants = ?3, one_sided = ?4, told_at_ms = ?5";
constexpr std::string_view note_sql =
    "INSERT INTO notice (user_id, conversation_id, first_seq, last_seq, noted_at_ms, due_ms)"
    " SELECT u.user_id, ?1, ?2, ?2, ?5, ?6 FROM (SELECT value AS user_id FROM json_each(?3)"
    " UNION SELECT user_id FROM member WHERE ?4 <> '' AND conversation_id = ?1 AND user_id <> ?4) AS u"
    " WHERE EXISTS (SELECT 1 FROM push_grant g WHERE g.user_id = u.user_id AND g.grants > 0)"
    " ON CONFLICT (user_id, conversation_id) DO UPDATE SET last_seq = ?2 WHERE due_ms IS NOT NULL";
constexpr std::string_view due_sql =
    "SELECT user_id, conversation_id, first_seq, last_seq, noted_at_ms FROM notice"
    " WHERE due_ms <= ?1 ORDER BY due_ms LIMIT ?2";
constexpr std::string_view postpone_sql =
    "UPDATE notice SET due_ms = ?3 WHERE user_id = ?1 AND conversation_id = ?2";
const std::string find_sql =
    "SELECT " + message_columns +
    ", coalesce(p.name, ''), coalesce(c.name, ''), r.muted, r.read_seq, r.first_seq,"
    " EXISTS (SELECT 1 FROM mention x WHERE x.conversation_id = m.conversation_id AND x.seq = m.seq"
    " AND x.user_id IN (?1, '')),"
    " EXISTS (SELECT 1 FROM block b WHERE b.user_id = ?1 AND b.blocked = m.sender),"
    " NOT EXISTS (SELECT 1 FROM content_check k WHERE k.message_id = m.id AND k.state = 0)"
    " FROM member r JOIN conversation c ON c.id = r.conversation_id AND NOT c.dismissed"
    " JOIN message m ON m.conversation_id = c.id AND m.seq = ?3 LEFT JOIN profile p ON p.user_id = m.sender"
    " WHERE r.user_id = ?1 AND r.conversation_id = ?2";
constexpr std::string_view drop_sql =
    "DELETE FROM notice WHERE user_id = ?1 AND conversation_id = ?2 AND last_seq <= ?3";
constexpr std::string_view drop_all_sql = "DELETE FROM notice WHERE user_id = ?1";

} // namespace

sqlite_notice_statements::sqlite_notice_statements(const sqlite_connection& db)
    : grants(db, sqlite_grants_sql)
    , put_grant(db, put_grant_sql)
    , note(db, note_sql)
    , due(db, due_sql)
    , postpone(db, postpone_sql)
    , find(db, find_sql)
    , drop(db, drop_sql)
    , drop_all(db, drop_all_sql) {}

int sqlite_notice_statements::put_notices(std::int64_t conversation, std::int64_t seq, const user_id& sender,
                                          const mentions& whom, wall_time now, wall_time due_at) {
  if (!whom.all && whom.users.empty()) return SQLITE_OK;
  const auto users = json_list(whom.users);
  sqlite_statement::execution row(note);
  row.bind(conversation).bind(seq).bind(users).bind(whom.all ? std::string_view(sender.text()) : "");
  return row.bind(to_ms(now)).bind(to_ms(due_at)).finish();
}

// Of change_transaction.

result<std::vector<push_grant>> sqlite_transaction::grants(const user_id& user, bool /*lock*/) {
  sqlite_statement::execution rows(statements_.notices.grants);
  rows.bind(user.text());
  std::vector<push_grant> all;
  int code = rows.step();
  for (; code == SQLITE_ROW; code = rows.step()) all.push_back(read_grant(rows));
  if (code != SQLITE_DONE) return failed(code);
  return all;
}

result<void> sqlite_transaction::put_grant(const user_id& user, const push_grant& grant) {
  sqlite_statement::execution row(statements_.notices.put_grant);
  row.bind(user.text()).bind(grant.template_id).bind(std::int64_t{grant.grants});
  return answer(row.bind(std::int64_t{grant.one_sided}).bind(to_ms(grant.told_at)).finish());
}

result<std::optional<user_id>> sqlite_transaction::find_identity(const std::string& identity) {
  sqlite_statement::execution row(statements_.find_identity);
  const int code = row.bind(identity).step();
  if (code == SQLITE_DONE) return std::optional<user_id>();
  if (code != SQLITE_ROW) return failed(code);
  return std::optional(stored_user(row.text(0)));
}

result<void> sqlite_transaction::put_notices(std::int64_t conversation, std::int64_t seq,
                                             const user_id& sender, const mentions& whom, wall_time now,
                                             wall_time due) {
  return answer(statements_.notices.put_notices(conversation, seq, sender, whom, now, due));
}

result<std::vector<notice_row>> sqlite_transaction::take_notices(wall_time now, wall_time again,
                                                                 std::size_t limit) {
  std::vector<notice_row> all;
  {
    sqlite_statement::execution rows(statements_.notices.due);
    rows.bind(to_ms(now)).bind(static_cast<std::int64_t>(limit));
    int code = rows.step();
    for (; code == SQLITE_ROW; code = rows.step())
      all.push_back({.user = stored_user(rows.text(0)),
                     .conversation_id = rows.integer(1),
                     .first_seq = rows.integer(2),
                     .last_seq = rows.integer(3),
                     .noted_at = from_ms(rows.integer(4))});
    if (code != SQLITE_DONE) return failed(code);
  }
  for (const auto& one : all)
    if (auto put = put_notice_due(one.user, one.conversation_id, again); !put) return put.error();
  return all;
}

result<std::optional<notice_facts>>
sqlite_transaction::find_notice(const user_id& reader, std::int64_t conversation, std::int64_t seq) {
  sqlite_statement::execution row(statements_.notices.find);
  const int code = row.bind(reader.text()).bind(conversation).bind(seq).step();
  if (code == SQLITE_DONE) return std::optional<notice_facts>();
  if (code != SQLITE_ROW) return failed(code);
  constexpr int next = message_column_count;
  return std::optional(notice_facts{.what = read_message(row),
                                    .sender_name = std::string(row.text(next)),
                                    .group_name = std::string(row.text(next + 1)),
                                    .is_muted = row.integer(next + 2) != 0,
                                    .read_seq = row.integer(next + 3),
                                    .first_seq = row.integer(next + 4),
                                    .is_called = row.integer(next + 5) != 0,
                                    .is_blocked = row.integer(next + 6) != 0,
                                    .is_checked_yet = row.integer(next + 7) != 0});
}

result<void> sqlite_transaction::put_notice_due(const user_id& user, std::int64_t conversation,
                                                std::optional<wall_time> due) {
  sqlite_statement::execution row(statements_.notices.postpone);
  row.bind(user.text()).bind(conversation);
  if (due)
    row.bind(to_ms(*due));
  else
    row.bind_null();
  return answer(row.finish());
}

result<void> sqlite_transaction::drop_notice(const user_id& user, std::int64_t conversation,
                                             std::int64_t up_to) {
  sqlite_statement::execution row(statements_.notices.drop);
  return answer(row.bind(user.text()).bind(conversation).bind(up_to).finish());
}

result<void> sqlite_transaction::drop_notices(const user_id& user) {
  sqlite_statement::execution row(statements_.notices.drop_all);
  return answer(row.bind(user.text()).finish());
}

} // namespace hongyan
