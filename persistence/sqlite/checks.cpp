#include "persistence/sqlite/checks.hpp"

#include "persistence/sqlite/rows.hpp"
#include "persistence/sqlite/transaction.hpp"

#include <sqlite3.h>

namespace hongyan {

namespace {

constexpr std::string_view put_sql =
    "INSERT INTO content_check (message_id, state, said_by, label, at_ms, due_ms)"
    " VALUES (?1, ?2, ?3, ?4, ?5, ?5) ON CONFLICT (message_id) DO UPDATE"
    " SET state = ?2, said_by = ?3, label = ?4, at_ms = ?5, due_ms = ?5, attempts = 0, trace_id = NULL";
const std::string columns = "message_id, state, said_by, label, at_ms, attempts, trace_id";
const std::string find_sql = "SELECT " + columns + " FROM content_check WHERE message_id = ?1";
const std::string find_of_sql = "SELECT " + columns + " FROM content_check WHERE trace_id = ?1";
const std::string due_sql =
    "SELECT " + columns + " FROM content_check WHERE state = 0 AND due_ms <= ?1 ORDER BY due_ms LIMIT ?2";
constexpr std::string_view postpone_sql =
    "UPDATE content_check SET due_ms = ?2, attempts = attempts + 1 WHERE message_id = ?1";
constexpr std::string_view expect_sql =
    "UPDATE content_check SET due_ms = ?2, trace_id = ?3 WHERE message_id = ?1 AND state = 0";
constexpr std::string_view identity_sql = "SELECT identity FROM identity WHERE user_id = ?1 AND"
                                          " substr(identity, 1, length(?2)) = ?2";
constexpr std::string_view count_sql =
    "INSERT INTO wechat_use (name, minute, used) SELECT ?1, ?2, ?3 WHERE ?3 <= ?4 ON CONFLICT (name) DO "
    "UPDATE"
    " SET used = iif(minute = ?2, used, 0) + ?3, minute = ?2 WHERE iif(minute = ?2, used, 0) + ?3 <= ?4"
    " RETURNING 1";

constexpr std::string_view note_sql =
    "INSERT INTO wechat_call (name, at_ms) VALUES (?1, ?2) ON CONFLICT DO NOTHING RETURNING 1";
constexpr std::string_view forget_sql = "DELETE FROM wechat_call WHERE at_ms < ?1";

content_check read_check(const sqlite_statement::execution& row) {
  content_check check{.message_id = row.integer(0)};
  check.verdict = {.what = judgement_of(row.integer(1)), .by = judged_by_of(row.integer(2)), .label = {}};
  if (!row.is_null(3)) check.verdict.label = static_cast<std::int32_t>(row.integer(3));
  check.at = from_ms(row.integer(4));
  check.attempts = static_cast<std::int32_t>(row.integer(5));
  check.trace_id = row.optional_text(6).value_or("");
  return check;
}

} // namespace

sqlite_check_statements::sqlite_check_statements(const sqlite_connection& db)
    : put(db, put_sql)
    , find(db, find_sql)
    , find_of(db, find_of_sql)
    , due(db, due_sql)
    , postpone(db, postpone_sql)
    , expect(db, expect_sql)
    , identity(db, identity_sql)
    , count(db, count_sql)
    , note(db, note_sql)
    , forget(db, forget_sql) {}

int sqlite_check_statements::put_check(std::int64_t message, const content_verdict& verdict, wall_time now) {
  sqlite_statement::execution row(put);
  row.bind(message).bind(static_cast<std::int64_t>(verdict.what)).bind(static_cast<std::int64_t>(verdict.by));
  if (verdict.label)
    row.bind(std::int64_t{*verdict.label});
  else
    row.bind_null();
  return row.bind(to_ms(now)).finish();
}

// Of change_transaction.

result<void> sqlite_transaction::put_check(std::int64_t message, const content_verdict& verdict,
                                           wall_time now) {
  return answer(statements_.checks.put_check(message, verdict, now));
}

result<std::optional<content_check>> sqlite_transaction::read_check_of(sqlite_statement::execution& row) {
  const int code = row.step();
  if (code == SQLITE_DONE) return std::optional<content_check>();
  if (code != SQLITE_ROW) return failed(code);
  return std::optional(read_check(row));
}

result<std::optional<content_check>> sqlite_transaction::find_check(std::int64_t message) {
  sqlite_statement::execution row(statements_.checks.find);
  return read_check_of(row.bind(message));
}

result<std::optional<content_check>> sqlite_transaction::find_check_of(const std::string& trace) {
  sqlite_statement::execution row(statements_.checks.find_of);
  return read_check_of(row.bind(trace));
}

result<std::vector<content_check>> sqlite_transaction::take_checks(wall_time now, wall_time again,
                                                                   std::size_t limit) {
  std::vector<content_check> all;
  {
    sqlite_statement::execution rows(statements_.checks.due);
    rows.bind(to_ms(now)).bind(static_cast<std::int64_t>(limit));
    int code = rows.step();
    for (; code == SQLITE_ROW; code = rows.step()) all.push_back(read_check(rows));
    if (code != SQLITE_DONE) return failed(code);
  }
  for (auto& one : all) {
    ++one.attempts;
    sqlite_statement::execution row(statements_.checks.postpone);
    if (const int code = row.bind(one.message_id).bind(to_ms(again)).finish(); code != SQLITE_OK)
      return failed(code);
  }
  return all;
}

result<void> sqlite_transaction::expect_verdict(std::int64_t message, const std::string& trace,
                                                wall_time due) {
  sqlite_statement::execution row(statements_.checks.expect);
  return answer(row.bind(message).bind(to_ms(due)).bind(trace).finish());
}

result<std::optional<std::string>> sqlite_transaction::identity_of(const user_id& user,
                                                                   const std::string& prefix) {
  sqlite_statement::execution row(statements_.checks.identity);
  const int code = row.bind(user.text()).bind(prefix).step();
  if (code == SQLITE_DONE) return std::optional<std::string>();
  if (code != SQLITE_ROW) return failed(code);
  return std::optional(std::string(row.text(0)));
}

result<bool> sqlite_transaction::note_call(const std::string& name, wall_time now) {
  {
    sqlite_statement::execution old(statements_.checks.forget);
    if (const int code = old.bind(to_ms(now - std::chrono::days(1))).finish(); code != SQLITE_OK)
      return failed(code);
  }
  sqlite_statement::execution row(statements_.checks.note);
  const int code = row.bind(name).bind(to_ms(now)).step();
  if (code != SQLITE_ROW && code != SQLITE_DONE) return failed(code);
  return code == SQLITE_ROW;
}

result<bool> sqlite_transaction::count_use(const std::string& name, std::int64_t minute, std::int32_t n,
                                           std::int32_t most) {
  sqlite_statement::execution row(statements_.checks.count);
  const int code = row.bind(name).bind(minute).bind(std::int64_t{n}).bind(std::int64_t{most}).step();
  if (code != SQLITE_ROW && code != SQLITE_DONE) return failed(code);
  return code == SQLITE_ROW;
}

} // namespace hongyan
