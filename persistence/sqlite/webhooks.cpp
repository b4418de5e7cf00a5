#include "persistence/sqlite/webhooks.hpp"

#include "persistence/sqlite/rows.hpp"
#include "persistence/sqlite/transaction.hpp"

#include <sqlite3.h>

namespace hongyan {

namespace {

constexpr std::string_view take_sql =
    "INSERT INTO webhook (name, position)"
    " VALUES (?1, coalesce((SELECT seq FROM sqlite_sequence WHERE name = 'message'), 0))"
    " ON CONFLICT (name) DO UPDATE SET position = position RETURNING position, notes";
constexpr std::string_view wishes_sql = "SELECT wish FROM webhook WHERE name = ?1";
constexpr std::string_view put_sql =
    "UPDATE webhook SET position = ?2, notes = ?3, wish = iif(?4, wish, '') WHERE name = ?1";
constexpr std::string_view fail_sql =
    "INSERT INTO webhook_failed (webhook, event_id, at_ms, attempts, why) VALUES (?1, ?2, ?3, ?4, ?5)"
    " ON CONFLICT (webhook, event_id) DO UPDATE SET at_ms = ?3, attempts = ?4, why = ?5";
constexpr std::string_view unfail_sql =
    "DELETE FROM webhook_failed WHERE webhook = ?1 AND event_id IN (SELECT value FROM json_each(?2))";
constexpr std::string_view wish_sql = "UPDATE webhook SET wish = wish || ?2 || char(10)"
                                      " WHERE name = ?1 AND length(wish) + length(?2) < ?3 RETURNING 1";
// Some at a time: other writers wait.
constexpr std::string_view forget_reactions_sql =
    "DELETE FROM side_event WHERE id IN (SELECT id FROM side_event ORDER BY id LIMIT 2000) AND at_ms "
    "< ?1";
constexpr std::string_view forget_versions_sql =
    "DELETE FROM message_version WHERE (conversation_id, seq, edits) IN (SELECT conversation_id, seq, edits"
    " FROM message_version WHERE kept_at_ms < ?1 ORDER BY kept_at_ms LIMIT 2000)";
constexpr std::string_view forget_failed_sql = "DELETE FROM webhook_failed WHERE at_ms < ?1";
/// Of a stream only that it was one, once it is whole.
constexpr std::string_view keep_sql =
    "INSERT INTO message_version (conversation_id, seq, edits, kind, content, ext, kept_at_ms)"
    " SELECT conversation_id, seq, iif(kind = 10, -1, edits), kind, iif(kind = 10, '', content),"
    " iif(kind = 10, NULL, ext), unixepoch() * 1000 FROM message"
    " WHERE id = ?1 AND (kind <> 10 OR ?2 <> 10) AND EXISTS (SELECT 1 FROM webhook) ON CONFLICT DO NOTHING";
/// Of the sequence that messages have theirs of.
constexpr std::string_view next_id_sql = "UPDATE sqlite_sequence SET seq = seq + 1 WHERE name = 'message'"
                                         " AND EXISTS (SELECT 1 FROM webhook) RETURNING seq";
constexpr std::string_view react_sql =
    "INSERT INTO side_event (id, conversation_id, seq, user_id, emoji, is_on, at_ms)"
    " VALUES (?1, ?2, ?3, ?4, ?5, ?6, CAST((julianday('now') - 2440587.5) * 86400000 AS INTEGER))";

constexpr std::string_view come_sql =
    "INSERT INTO presence (user_id) SELECT ?1 WHERE EXISTS (SELECT 1 FROM webhook)"
    " ON CONFLICT DO NOTHING RETURNING 1";
constexpr std::string_view go_sql = "DELETE FROM presence WHERE user_id = ?1 RETURNING 1";
constexpr std::string_view go_some_sql =
    "DELETE FROM presence WHERE user_id IN (SELECT user_id FROM presence LIMIT ?1)"
    " RETURNING user_id";

} // namespace

sqlite_webhook_statements::sqlite_webhook_statements(const sqlite_connection& db)
    : take(db, take_sql)
    , wishes(db, wishes_sql)
    , put(db, put_sql)
    , fail(db, fail_sql)
    , unfail(db, unfail_sql)
    , wish(db, wish_sql)
    , forget_reactions(db, forget_reactions_sql)
    , forget_versions(db, forget_versions_sql)
    , forget_failed(db, forget_failed_sql)
    , keep(db, keep_sql)
    , next_id(db, next_id_sql)
    , react(db, react_sql)
    , come(db, come_sql)
    , go(db, go_sql)
    , go_some(db, go_some_sql) {}

int sqlite_webhook_statements::keep_version(std::int64_t id, message_kind becomes) {
  return sqlite_statement::execution(keep).bind(id).bind(static_cast<std::int64_t>(becomes)).finish();
}

int sqlite_webhook_statements::keep_event(const reaction& r) {
  std::int64_t id = 0;
  {
    sqlite_statement::execution next(next_id);
    const int code = next.step();
    if (code == SQLITE_DONE) return SQLITE_OK; // nobody is told
    if (code != SQLITE_ROW) return code;
    id = next.integer(0);
  }
  sqlite_statement::execution row(react);
  row.bind(id).bind(r.conversation_id).bind(r.seq).bind(r.user.text()).bind(r.emoji);
  return row.bind(std::int64_t{r.on}).finish();
}

// Of change_transaction. One server has the file: it is every webhook's holder.

result<std::optional<webhook_row>> sqlite_transaction::take_webhook(const hold_webhook& hold) {
  sqlite_statement::execution row(statements_.webhooks.take);
  const int code = row.bind(hold.name).step();
  if (code != SQLITE_ROW) return failed(code);
  return webhook_row{.name = hold.name, .position = row.integer(0), .notes = std::string(row.text(1))};
}

result<std::optional<std::string>> sqlite_transaction::put_webhook(const store_webhook& now_is) {
  std::string wishes;
  {
    sqlite_statement::execution row(statements_.webhooks.wishes);
    const int code = row.bind(now_is.name).step();
    if (code == SQLITE_DONE) return std::nullopt;
    if (code != SQLITE_ROW) return failed(code);
    wishes = row.text(0);
  }
  sqlite_statement::execution put(statements_.webhooks.put);
  if (const int code = put.bind(now_is.name)
                           .bind(now_is.position)
                           .bind(now_is.notes)
                           .bind(std::int64_t{now_is.let_go})
                           .finish();
      code != SQLITE_OK)
    return failed(code);
  return wishes;
}

result<void> sqlite_transaction::put_failed_events(const std::string& webhook,
                                                   std::span<const failed_event> events) {
  for (const auto& one : events) {
    sqlite_statement::execution row(statements_.webhooks.fail);
    row.bind(webhook).bind(one.id).bind(to_ms(one.at)).bind(std::int64_t{one.attempts}).bind(one.why);
    if (const int code = row.finish(); code != SQLITE_OK) return failed(code);
  }
  return {};
}

result<void> sqlite_transaction::drop_failed_events(const std::string& webhook,
                                                    std::span<const std::int64_t> ids) {
  if (ids.empty()) return {};
  return answer(
      sqlite_statement::execution(statements_.webhooks.unfail).bind(webhook).bind(json_list(ids)).finish());
}

result<bool> sqlite_transaction::put_wish(const std::string& webhook, const std::string& wish) {
  sqlite_statement::execution row(statements_.webhooks.wish);
  const int code = row.bind(webhook).bind(wish).bind(static_cast<std::int64_t>(wishes_bytes_max)).step();
  if (code == SQLITE_ROW) return true;
  if (code == SQLITE_DONE) return false;
  return failed(code);
}

result<void> sqlite_transaction::put_presence(const tell_presence& what) {
  auto& webhooks = statements_.webhooks;
  {
    sqlite_statement::execution row(what.online ? webhooks.come : webhooks.go);
    const int code = row.bind(what.user.text()).step();
    if (code == SQLITE_DONE) return {}; // it is known
    if (code != SQLITE_ROW) return failed(code);
  }
  return answer(webhooks.keep_event({.user = what.user, .on = what.online}));
}

/// One server has the file.
result<std::size_t> sqlite_transaction::drop_presence(const std::string&) {
  std::vector<user_id> gone;
  {
    sqlite_statement::execution rows(statements_.webhooks.go_some);
    rows.bind(static_cast<std::int64_t>(presence_portion));
    int code = SQLITE_ROW;
    while ((code = rows.step()) == SQLITE_ROW) gone.push_back(stored_user(rows.text(0)));
    if (code != SQLITE_DONE) return failed(code);
  }
  for (const auto& user : gone)
    if (auto kept = answer(statements_.webhooks.keep_event({.user = user, .on = false})); !kept)
      return kept.error();
  return gone.size();
}

result<void> sqlite_transaction::forget_kept(wall_time before) {
  auto& webhooks = statements_.webhooks;
  for (auto* statement : {&webhooks.forget_reactions, &webhooks.forget_versions, &webhooks.forget_failed})
    if (const int code = sqlite_statement::execution(*statement).bind(to_ms(before)).finish();
        code != SQLITE_OK)
      return failed(code);
  return {};
}

} // namespace hongyan
