#include "persistence/sqlite/own_data.hpp"

#include "core/tools/wall_time.hpp"
#include "persistence/sqlite/rows.hpp"
#include "persistence/sqlite/transaction.hpp"

#include <sqlite3.h>

#include <limits>

namespace hongyan {

namespace {

const std::string keyed_sql = "SELECT " + message_columns +
                              " FROM message m INDEXED BY message_client_msg_id WHERE m.sender = ?1"
                              " AND m.client_msg_id > ?2 ORDER BY m.client_msg_id LIMIT ?3";
const std::string direct_sql = "SELECT " + message_columns +
                               " FROM message m INDEXED BY message_sender WHERE m.sender = ?1"
                               " AND m.target IS NOT NULL AND m.id > ?2 ORDER BY m.id LIMIT ?3";

} // namespace

sqlite_own_data_statements::sqlite_own_data_statements(const sqlite_connection& db)
    : identities(db, "SELECT identity FROM identity WHERE user_id = ?1")
    , blocks(db, "SELECT blocked FROM block WHERE user_id = ?1")
    , banned(db, "SELECT reason, since_ms, until_ms FROM ban WHERE user_id = ?1")
    , conversations(db, "SELECT m.conversation_id, c.group_id, iif(c.user_low = ?1, c.user_high, c.user_low),"
                        " coalesce(c.name, ''), m.role, m.pinned, m.muted FROM member m JOIN conversation c"
                        " ON c.id = m.conversation_id WHERE m.user_id = ?1 AND m.conversation_id > ?2"
                        " ORDER BY m.conversation_id LIMIT ?3")
    , keyed(db, keyed_sql)
    , direct(db, direct_sql)
    , files(db, "SELECT f.owner, f.kind, f.mime, f.name, f.size, f.width, f.height, f.length_ms,"
                " f.created_at_ms, f.id FROM file f INDEXED BY file_owner WHERE f.owner = ?1 AND f.id > ?2"
                " AND f.state < 2 ORDER BY f.id LIMIT ?3")
    , unprofile(db, "DELETE FROM profile WHERE user_id = ?1")
    , unidentify(db, "DELETE FROM identity WHERE user_id = ?1")
    , ungrant(db, "DELETE FROM push_grant WHERE user_id = ?1")
    , unnotice(db, "DELETE FROM notice WHERE user_id = ?1")
    , erase(
          db,
          "UPDATE message SET content = '', ext = NULL, recalled = 1, sender_name = NULL, target_name = NULL,"
          " sent_digest = NULL, kind = iif(kind = 10, 0, kind) WHERE id = ?1")
    , called(db, "SELECT id FROM message INDEXED BY message_target WHERE target = ?1 AND id > ?2"
                 " ORDER BY id LIMIT ?3")
    , uncall_name(db, "UPDATE message SET target_name = NULL WHERE target = ?1 AND id > ?2 AND id <= ?3"
                      " AND target_name IS NOT NULL")
    , detach_file(db, "DELETE FROM message_file WHERE file_id = ?1")
    , discard_file(db, "UPDATE file SET state = 2, due_at_ms = ?2 WHERE id = ?1 AND state < 2")
    , next(db, "SELECT user_id, begun_at_ms, part, done_up_to FROM erasure WHERE begun_at_ms <= ?1"
               " ORDER BY begun_at_ms LIMIT 1")
    , put(db, "INSERT INTO erasure (user_id, begun_at_ms, part, done_up_to) VALUES (?1, ?2, ?3, ?4)"
              " ON CONFLICT (user_id) DO UPDATE SET begun_at_ms = ?2, part = ?3, done_up_to = ?4")
    , end(db, "DELETE FROM erasure WHERE user_id = ?1")
    , note(db, "INSERT INTO audit (at_ms, who, what, why) VALUES (?1, ?2, ?3, ?4)")
    , noted(db, "SELECT id, at_ms, who, what, why FROM audit WHERE id < ?1 ORDER BY id DESC LIMIT ?2") {}

/// Some rows, behind `after`.
template <class T, class After, class Read>
result<std::vector<T>> sqlite_transaction::own_rows(sqlite_statement& statement, const user_id& user,
                                                    const After& after, std::size_t limit, Read read) {
  sqlite_statement::execution rows(statement);
  rows.bind(user.text()).bind(after).bind(static_cast<std::int64_t>(limit));
  std::vector<T> all;
  int code = rows.step();
  for (; code == SQLITE_ROW; code = rows.step()) all.push_back(read(rows));
  if (code != SQLITE_DONE) return failed(code);
  return all;
}

result<own_person> sqlite_transaction::find_person(const user_id& user) {
  own_person found;
  auto& s = statements_.own_data;
  {
    sqlite_statement::execution rows(s.identities);
    auto names = texts(rows.bind(user.text()));
    if (!names) return names.error();
    found.identities = *std::move(names);
  }
  {
    sqlite_statement::execution rows(s.blocks);
    const auto ids = texts(rows.bind(user.text()));
    if (!ids) return ids.error();
    for (const auto& id : *ids) found.blocks.push_back(stored_user(id));
  }
  sqlite_statement::execution row(s.banned);
  const int code = row.bind(user.text()).step();
  if (code == SQLITE_ROW) found.banned = ban_of(user, row.text(0), row.integer(1), row.integer(2));
  if (code != SQLITE_ROW && code != SQLITE_DONE) return failed(code);
  return found;
}

result<std::vector<own_membership>>
sqlite_transaction::conversations_of(const user_id& user, std::int64_t after, std::size_t limit) {
  return own_rows<own_membership>(statements_.own_data.conversations, user, after, limit,
                                  [](const auto& row) -> own_membership {
                                    const bool is_group = !row.is_null(1);
                                    return {.conversation_id = row.integer(0),
                                            .in = is_group ? peer_or_group::group(stored_user(row.text(1)))
                                                           : peer_or_group(stored_user(row.text(2))),
                                            .name = std::string(row.text(3)),
                                            .role = role_of(row.integer(4)),
                                            .pinned = row.integer(5) != 0,
                                            .muted = row.integer(6) != 0};
                                  });
}

result<std::vector<message>>
sqlite_transaction::keyed_messages_of(const user_id& user, const std::string& after, std::size_t limit) {
  return own_rows<message>(statements_.own_data.keyed, user, after, limit, read_message);
}

result<std::vector<message>> sqlite_transaction::direct_messages_of(const user_id& user, std::int64_t after,
                                                                    std::size_t limit) {
  return own_rows<message>(statements_.own_data.direct, user, after, limit, read_message);
}

result<std::vector<stored_file>> sqlite_transaction::files_of(const user_id& user, const std::string& after,
                                                              std::size_t limit) {
  return own_rows<stored_file>(statements_.own_data.files, user, after, limit,
                               [](const auto& row) { return read_file(row, std::string(row.text(9))); });
}

result<void> sqlite_transaction::erase_person(const user_id& user) {
  for (auto* statement : statements_.own_data.of_person())
    if (const int code = sqlite_statement::execution(*statement).bind(user.text()).finish();
        code != SQLITE_OK)
      return failed(code);
  return {};
}

result<void> sqlite_transaction::erase_message(const message& of) {
  if (!of.recalled)
    if (const int code = unindex(of); code != SQLITE_OK) return failed(code);
  if (const int code = statements_.retention.clear(of.conversation_id, of.seq, of.id); code != SQLITE_OK)
    return failed(code);
  return answer(sqlite_statement::execution(statements_.own_data.erase).bind(of.id).finish());
}

result<std::optional<std::int64_t>> sqlite_transaction::erase_names(const user_id& user, std::int64_t after,
                                                                    std::size_t limit) {
  auto& s = statements_.own_data;
  const auto ids =
      own_rows<std::int64_t>(s.called, user, after, limit, [](const auto& row) { return row.integer(0); });
  if (!ids) return ids.error();
  if (ids->empty()) return std::optional<std::int64_t>();
  sqlite_statement::execution update(s.uncall_name);
  const int code = update.bind(user.text()).bind(after).bind(ids->back()).finish();
  if (code != SQLITE_OK) return failed(code);
  return std::optional(ids->back());
}

result<void> sqlite_transaction::discard_file(const std::string& id, wall_time now) {
  auto& s = statements_.own_data;
  if (const int code = sqlite_statement::execution(s.detach_file).bind(id).finish(); code != SQLITE_OK)
    return failed(code);
  return answer(sqlite_statement::execution(s.discard_file).bind(id).bind(to_ms(now)).finish());
}

result<std::optional<erasure>> sqlite_transaction::next_erasure(wall_time begun_by) {
  sqlite_statement::execution row(statements_.own_data.next);
  const int code = row.bind(to_ms(begun_by)).step();
  if (code == SQLITE_DONE) return std::optional<erasure>();
  if (code != SQLITE_ROW) return failed(code);
  return std::optional(
      erasure{.user = stored_user(row.text(0)),
              .begun_at = from_ms(row.integer(1)),
              .place = {static_cast<own_data_place::part>(row.integer(2)), std::string(row.text(3))}});
}

result<void> sqlite_transaction::put_erasure(const erasure& now_is) {
  auto& s = statements_.own_data;
  if (now_is.place.in == own_data_place::part::end)
    return answer(sqlite_statement::execution(s.end).bind(now_is.user.text()).finish());
  sqlite_statement::execution put(s.put);
  put.bind(now_is.user.text()).bind(to_ms(now_is.begun_at));
  return answer(put.bind(static_cast<std::int64_t>(now_is.place.in)).bind(now_is.place.after).finish());
}

result<void> sqlite_transaction::put_audit(const audit_entry& entry) {
  sqlite_statement::execution note(statements_.own_data.note);
  return answer(note.bind(to_ms(entry.at)).bind(entry.who).bind(entry.what).bind(entry.why).finish());
}

result<std::vector<audit_entry>> sqlite_transaction::audit(std::int64_t below, std::size_t limit) {
  sqlite_statement::execution rows(statements_.own_data.noted);
  rows.bind(below > 0 ? below : std::numeric_limits<std::int64_t>::max());
  rows.bind(static_cast<std::int64_t>(limit));
  std::vector<audit_entry> all;
  int code = rows.step();
  for (; code == SQLITE_ROW; code = rows.step())
    all.push_back({.id = rows.integer(0),
                   .at = from_ms(rows.integer(1)),
                   .who = std::string(rows.text(2)),
                   .what = std::string(rows.text(3)),
                   .why = std::string(rows.text(4))});
  if (code != SQLITE_DONE) return failed(code);
  return all;
}

} // namespace hongyan
