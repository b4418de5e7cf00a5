#include "persistence/sqlite/transaction.hpp"

#include "persistence/append_rules.hpp"
#include "persistence/sqlite/file.hpp"
#include "persistence/sqlite/rows.hpp"
#include "persistence/sqlite/search.hpp"

#include <sqlite3.h>

namespace hongyan {

namespace {

const std::string conversation_columns =
    "id, last_seq, name, member_count, muted, history, dismissed, created_at_ms";
const std::string find_group_sql =
    "SELECT " + conversation_columns + " FROM conversation WHERE group_id = ?1";
const std::string find_direct_sql =
    "SELECT " + conversation_columns + " FROM conversation WHERE user_low = ?1 AND user_high = ?2";
const std::string make_direct_sql =
    "INSERT INTO conversation (user_low, user_high, last_seq) VALUES (?1, ?2, 0) RETURNING " +
    conversation_columns;
const std::string make_group_sql =
    "INSERT INTO conversation (group_id, name, history, created_at_ms, last_at_ms, last_seq)"
    " VALUES (?1, ?2, ?3, ?4, ?4, 0) ON CONFLICT (group_id) DO NOTHING RETURNING " +
    conversation_columns;
constexpr std::string_view join_sql =
    "INSERT INTO member (conversation_id, user_id) VALUES (?1, ?2) ON CONFLICT DO NOTHING";
constexpr std::string_view update_conversation_sql =
    "UPDATE conversation SET name = ?2, muted = ?3, history = ?4, dismissed = ?5, member_count = ?6,"
    " version = version + 1 WHERE id = ?1";
constexpr std::string_view next_seq_sql =
    "UPDATE conversation SET last_seq = last_seq + 1, last_at_ms = ?2 WHERE id = ?1 RETURNING last_seq";
/// Of an entry that is_quiet(); the right sides are of before.
constexpr std::string_view quiet_seq_sql =
    "UPDATE conversation SET last_seq = last_seq + 1, last_at_ms = ?2, quiet_seq = last_seq + 1,"
    " shown_seq = iif(quiet_seq = last_seq, shown_seq, last_seq),"
    " shown_at_ms = iif(quiet_seq = last_seq, shown_at_ms, last_at_ms) WHERE id = ?1 RETURNING last_seq";

const std::string member_columns = "user_id, role, joined_seq, first_seq, read_seq, pinned, muted";
const std::string member_sql =
    "SELECT " + member_columns + " FROM member WHERE conversation_id = ?1 AND user_id = ?2";
const std::string members_sql =
    "SELECT " + member_columns + " FROM member WHERE conversation_id = ?1 ORDER BY user_id";
const std::string put_member_sql = "INSERT OR REPLACE INTO member (conversation_id, " + member_columns +
                                   ") VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8)";
constexpr std::string_view remove_member_sql =
    "DELETE FROM member WHERE conversation_id = ?1 AND user_id = ?2";

const std::string entry_sql =
    "SELECT " + message_columns + " FROM message m WHERE m.conversation_id = ?1 AND m.seq = ?2";
const std::string entry_by_id_sql = "SELECT " + message_columns + " FROM message m WHERE m.id = ?1";
constexpr std::string_view insert_entry_sql =
    "INSERT INTO message (conversation_id, seq, created_at_ms, sender, target, kind, content, ext)"
    " VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8)";
constexpr std::string_view insert_imported_sql =
    "INSERT INTO message (conversation_id, seq, created_at_ms, sender, target, sender_name, target_name, "
    "kind,"
    " content, imported_id) VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10)";
constexpr std::string_view imported_sql =
    "SELECT imported_id, created_at_ms FROM message WHERE conversation_id = ?1 AND imported_id IS NOT NULL";
constexpr std::string_view erase_sql =
    "UPDATE message SET content = '', ext = NULL, recalled = 1 WHERE id = ?1";
constexpr std::string_view rewrite_sql = "UPDATE message SET kind = ?2, content = ?3, edits = ?4, "
                                         "sent_digest = coalesce(sent_digest, nullif(?5, 0))"
                                         " WHERE id = ?1";

/// Of users who are in the conversation; '' stands for all.
constexpr std::string_view call_sql =
    "INSERT INTO mention (conversation_id, user_id, seq, sender) SELECT ?1, value, ?3, ?4 FROM json_each(?2)"
    " WHERE value = '' OR EXISTS (SELECT 1 FROM member WHERE conversation_id = ?1 AND user_id = value)"
    " ON CONFLICT DO NOTHING";
constexpr std::string_view uncall_sql = "DELETE FROM mention WHERE conversation_id = ?1 AND seq = ?2";
constexpr std::string_view add_reaction_sql =
    "INSERT INTO reaction (conversation_id, seq, emoji, user_id) VALUES (?1, ?2, ?3, ?4)"
    " ON CONFLICT DO NOTHING RETURNING 1";
constexpr std::string_view count_reaction_sql =
    "INSERT INTO reaction_count (conversation_id, seq, emoji, place, users) SELECT ?1, ?2, ?3,"
    " coalesce((SELECT max(place) FROM reaction_count WHERE conversation_id = ?1 AND seq = ?2), 0) + 1, 1"
    " WHERE true ON CONFLICT (conversation_id, seq, emoji) DO UPDATE SET users = users + 1";
constexpr std::string_view drop_reaction_sql = "DELETE FROM reaction WHERE conversation_id = ?1 AND seq = ?2 "
                                               "AND emoji = ?3 AND user_id = ?4 RETURNING 1";
constexpr std::string_view discount_reaction_sql =
    "UPDATE reaction_count SET users = users - 1 WHERE conversation_id = ?1 AND seq = ?2 AND emoji = ?3";
constexpr std::string_view drop_count_sql =
    "DELETE FROM reaction_count WHERE conversation_id = ?1 AND seq = ?2 AND emoji = ?3 AND users <= 0";
constexpr std::string_view drop_reactions_sql =
    "DELETE FROM reaction WHERE conversation_id = ?1 AND seq = ?2";
constexpr std::string_view drop_counts_sql =
    "DELETE FROM reaction_count WHERE conversation_id = ?1 AND seq = ?2";

constexpr std::string_view add_stream_sql = "INSERT INTO stream (id, conversation_id, seq, writer, node, "
                                            "touched_at_ms) VALUES (?1, ?2, ?3, ?4, ?5, ?6)";
const std::string streams_sql =
    "SELECT id, conversation_id, seq, writer, node, ended, touched_at_ms FROM stream WHERE ";
const std::string find_stream_sql = streams_sql + "id = ?1";
const std::string stream_of_sql = streams_sql + "conversation_id = ?1 AND seq = ?2";
constexpr std::string_view put_stream_sql =
    "UPDATE stream SET node = ?2, ended = ?3, touched_at_ms = ?4 WHERE id = ?1";
constexpr std::string_view old_streams_sql =
    "SELECT id FROM stream WHERE ended = ?1 AND touched_at_ms < ?2 ORDER BY touched_at_ms LIMIT ?3";
constexpr std::string_view forget_stream_sql = "DELETE FROM stream WHERE id = ?1";

constexpr std::string_view put_profile_sql =
    "INSERT INTO profile (user_id, name, avatar) VALUES (?1, ?2, ?3) ON CONFLICT (user_id) DO UPDATE"
    " SET name = coalesce(excluded.name, name), avatar = coalesce(excluded.avatar, avatar)";
constexpr std::string_view find_profile_sql = "SELECT name, avatar FROM profile WHERE user_id = ?1";
constexpr std::string_view revoke_sql =
    "INSERT INTO revocation (user_id, at_us) VALUES (?1, ?2) ON CONFLICT (user_id) DO UPDATE"
    " SET at_us = max(excluded.at_us, at_us)";
constexpr std::string_view put_ban_sql =
    "INSERT INTO ban (user_id, reason, since_ms, until_ms, changed_ms) VALUES (?1, ?2, ?3, ?4, ?5)"
    " ON CONFLICT (user_id) DO UPDATE SET reason = ?2, since_ms = ?3, until_ms = ?4, changed_ms = ?5";
constexpr std::string_view put_identity_sql = "INSERT INTO identity (identity, user_id, created_at_ms) "
                                              "VALUES (?1, ?2, ?3) ON CONFLICT (identity) DO NOTHING";
constexpr std::string_view find_identity_sql = "SELECT user_id FROM identity WHERE identity = ?1";
constexpr std::string_view block_sql = "INSERT INTO block (user_id, blocked) SELECT ?1, value FROM "
                                       "json_each(?2) WHERE true ON CONFLICT DO NOTHING";
constexpr std::string_view unblock_sql =
    "DELETE FROM block WHERE user_id = ?1 AND blocked IN (SELECT value FROM json_each(?2))";
constexpr std::string_view count_blocks_sql = "SELECT count(*) FROM block WHERE user_id = ?1";
constexpr std::string_view blockers_sql =
    "SELECT b.user_id FROM json_each(?2) j CROSS JOIN block b ON b.user_id = j.value AND b.blocked = ?1";
constexpr std::string_view count_owned_sql = "SELECT count(*) FROM member WHERE user_id = ?1 AND role = 2";

conversation_row read_conversation(const sqlite_statement::execution& row, peer_or_group of) {
  return {.id = row.integer(0),
          .of = std::move(of),
          .last_seq = row.integer(1),
          .name = std::string(row.text(2)),
          .member_count = static_cast<std::size_t>(row.integer(3)),
          .muted = row.integer(4) != 0,
          .history = history_of(row.integer(5)),
          .dismissed = row.integer(6) != 0,
          .created_at = from_ms(row.integer(7))};
}

member_row read_member(const sqlite_statement::execution& row) {
  return {.user = stored_user(row.text(0)),
          .role = role_of(row.integer(1)),
          .joined_seq = row.integer(2),
          .first_seq = row.integer(3),
          .read_seq = row.integer(4),
          .pinned = row.integer(5) != 0,
          .muted = row.integer(6) != 0};
}

} // namespace

sqlite_change_statements::sqlite_change_statements(const sqlite_connection& db)
    : find_group(db, find_group_sql)
    , find_direct(db, find_direct_sql)
    , make_direct(db, make_direct_sql)
    , join(db, join_sql)
    , make_group(db, make_group_sql)
    , update_conversation(db, update_conversation_sql)
    , next_seq(db, next_seq_sql)
    , member(db, member_sql)
    , members(db, members_sql)
    , put_member(db, put_member_sql)
    , remove_member(db, remove_member_sql)
    , quiet_seq(db, quiet_seq_sql)
    , entry(db, entry_sql)
    , insert_entry(db, insert_entry_sql)
    , insert_imported(db, insert_imported_sql)
    , imported(db, imported_sql)
    , entry_by_id(db, entry_by_id_sql)
    , index(db, index_message_sql)
    , unindex(db, unindex_message_sql)
    , erase(db, erase_sql)
    , rewrite(db, rewrite_sql)
    , call(db, call_sql)
    , uncall(db, uncall_sql)
    , reactions(db, reactions_sql)
    , add_reaction(db, add_reaction_sql)
    , count_reaction(db, count_reaction_sql)
    , drop_reaction(db, drop_reaction_sql)
    , discount_reaction(db, discount_reaction_sql)
    , drop_count(db, drop_count_sql)
    , drop_reactions(db, drop_reactions_sql)
    , drop_counts(db, drop_counts_sql)
    , add_stream(db, add_stream_sql)
    , find_stream(db, find_stream_sql)
    , stream_of(db, stream_of_sql)
    , put_stream(db, put_stream_sql)
    , old_streams(db, old_streams_sql)
    , forget_stream(db, forget_stream_sql)
    , put_profile(db, put_profile_sql)
    , find_profile(db, find_profile_sql)
    , revoke(db, revoke_sql)
    , put_ban(db, put_ban_sql)
    , put_identity(db, put_identity_sql)
    , find_identity(db, find_identity_sql)
    , block(db, block_sql)
    , unblock(db, unblock_sql)
    , count_blocks(db, count_blocks_sql)
    , blockers(db, blockers_sql)
    , count_owned(db, count_owned_sql)
    , files(db)
    , webhooks(db)
    , checks(db)
    , notices(db)
    , retention(db)
    , own_data(db) {}

int sqlite_change_statements::join_direct(std::int64_t conversation, const user_id& one,
                                          const user_id& other) {
  for (const user_id* user : {&one, &other})
    if (const int code = sqlite_statement::execution(join).bind(conversation).bind(user->text()).finish();
        code != SQLITE_OK)
      return code;
  return SQLITE_OK;
}

int sqlite_change_statements::take_seq(std::int64_t conversation, wall_time now, std::int64_t& seq,
                                       bool quiet) {
  sqlite_statement::execution next(quiet ? quiet_seq : next_seq);
  if (const int code = next.bind(conversation).bind(to_ms(now)).step(); code != SQLITE_ROW)
    return code == SQLITE_DONE ? SQLITE_NOTFOUND : code;
  seq = next.integer(0);
  return next.finish();
}

int sqlite_change_statements::begin_stream(std::int64_t conversation, std::int64_t seq,
                                           const stream_start& start, wall_time now) {
  sqlite_statement::execution add(add_stream);
  const auto writer = to_text(start.by);
  add.bind(start.id).bind(conversation).bind(seq).bind(writer).bind(start.node);
  return add.bind(to_ms(now)).finish();
}

int sqlite_change_statements::call_users(std::int64_t conversation, std::int64_t seq, const user_id& sender,
                                         const mentions& called) {
  std::string users = json_list(called.users);
  if (called.all) users.insert(1, called.users.empty() ? "\"\"" : "\"\",");
  sqlite_statement::execution put(call);
  return put.bind(conversation).bind(users).bind(seq).bind(sender.text()).finish();
}

error sqlite_transaction::failed(int code) {
  if (code_ == SQLITE_OK) code_ = code;
  return {errc::unavailable, "SQLite cannot write: " + reason(db_, code)};
}

result<void> sqlite_transaction::answer(int code) {
  if (code != SQLITE_OK) return failed(code);
  return {};
}

result<std::optional<conversation_row>> sqlite_transaction::lock_group(const user_id& id) {
  sqlite_statement::execution row(statements_.find_group);
  const int code = row.bind(id.text()).step();
  if (code == SQLITE_ROW) return read_conversation(row, peer_or_group::group(id));
  if (code != SQLITE_DONE) return failed(code);
  return std::nullopt;
}

result<std::optional<conversation_row>> sqlite_transaction::lock_direct(const user_id& one,
                                                                        const user_id& other, bool make) {
  const auto [low, high] = conversation_key(one, other);
  {
    sqlite_statement::execution row(statements_.find_direct);
    const int code = row.bind(low).bind(high).step();
    if (code == SQLITE_ROW) return read_conversation(row, other);
    if (code != SQLITE_DONE) return failed(code);
  }
  if (!make) return std::nullopt;
  sqlite_statement::execution row(statements_.make_direct);
  if (const int code = row.bind(low).bind(high).step(); code != SQLITE_ROW) return failed(code);
  auto made = read_conversation(row, other);
  if (const int code = row.finish(); code != SQLITE_OK) return failed(code);
  if (const int code = statements_.join_direct(made.id, one, other); code != SQLITE_OK) return failed(code);
  return made;
}

result<std::optional<conversation_row>> sqlite_transaction::make_group(const user_id& id,
                                                                       const std::string& name,
                                                                       group_history history, wall_time now) {
  sqlite_statement::execution row(statements_.make_group);
  row.bind(id.text()).bind(name).bind(static_cast<std::int64_t>(history)).bind(to_ms(now));
  const int code = row.step();
  if (code == SQLITE_DONE) return std::nullopt;
  if (code != SQLITE_ROW) return failed(code);
  auto made = read_conversation(row, peer_or_group::group(id));
  if (const int end = row.finish(); end != SQLITE_OK) return failed(end);
  return made;
}

result<void> sqlite_transaction::update_conversation(const conversation_row& row) {
  sqlite_statement::execution update(statements_.update_conversation);
  update.bind(row.id)
      .bind(row.name)
      .bind(std::int64_t{row.muted})
      .bind(static_cast<std::int64_t>(row.history));
  update.bind(std::int64_t{row.dismissed}).bind(static_cast<std::int64_t>(row.member_count));
  return answer(update.finish());
}

result<std::optional<member_row>> sqlite_transaction::member(std::int64_t conversation, const user_id& user) {
  sqlite_statement::execution row(statements_.member);
  const int code = row.bind(conversation).bind(user.text()).step();
  if (code == SQLITE_ROW) return read_member(row);
  if (code != SQLITE_DONE) return failed(code);
  return std::nullopt;
}

result<std::vector<member_row>> sqlite_transaction::members(std::int64_t conversation) {
  sqlite_statement::execution rows(statements_.members);
  rows.bind(conversation);
  std::vector<member_row> all;
  int code = rows.step();
  for (; code == SQLITE_ROW; code = rows.step()) all.push_back(read_member(rows));
  if (code != SQLITE_DONE) return failed(code);
  return all;
}

result<void> sqlite_transaction::put_members(std::int64_t conversation, std::span<const member_row> rows) {
  for (const member_row& row : rows) {
    sqlite_statement::execution put(statements_.put_member);
    put.bind(conversation).bind(row.user.text()).bind(static_cast<std::int64_t>(row.role));
    put.bind(row.joined_seq).bind(row.first_seq).bind(row.read_seq);
    put.bind(std::int64_t{row.pinned}).bind(std::int64_t{row.muted});
    if (const int code = put.finish(); code != SQLITE_OK) return failed(code);
  }
  return {};
}

result<void> sqlite_transaction::remove_members(std::int64_t conversation, std::span<const user_id> users) {
  for (const user_id& user : users) {
    sqlite_statement::execution remove(statements_.remove_member);
    if (const int code = remove.bind(conversation).bind(user.text()).finish(); code != SQLITE_OK)
      return failed(code);
  }
  return {};
}

result<std::optional<message>> sqlite_transaction::entry(const conversation_row& in, std::int64_t seq) {
  sqlite_statement::execution row(statements_.entry);
  const int code = row.bind(in.id).bind(seq).step();
  if (code == SQLITE_ROW) return read_message(row);
  if (code != SQLITE_DONE) return failed(code);
  return std::nullopt;
}

result<message> sqlite_transaction::append_entry(conversation_row& in, message entry) {
  const bool quiet = is_quiet(entry.kind);
  if (const int code = statements_.take_seq(in.id, entry.created_at, entry.seq, quiet); code != SQLITE_OK)
    return failed(code);
  sqlite_statement::execution insert(statements_.insert_entry);
  insert.bind(in.id).bind(entry.seq).bind(to_ms(entry.created_at)).bind(entry.from.text());
  insert.bind_optional(target_column(entry.to)).bind(static_cast<std::int64_t>(entry.kind));
  insert.bind(entry.content).bind_optional(entry.ext);
  if (const int code = insert.finish(); code != SQLITE_OK) return failed(code);
  entry.id = sqlite3_last_insert_rowid(db_.get());
  entry.conversation_id = in.id;
  in.last_seq = entry.seq;
  return entry;
}

result<message> sqlite_transaction::append_imported(conversation_row& in, message entry, std::int64_t id) {
  if (const int code = statements_.take_seq(in.id, entry.created_at, entry.seq); code != SQLITE_OK)
    return failed(code);
  {
    sqlite_statement::execution insert(statements_.insert_imported);
    insert.bind(in.id).bind(entry.seq).bind(to_ms(entry.created_at)).bind(entry.from.text());
    insert.bind_optional(target_column(entry.to)).bind_optional(entry.from_name).bind_optional(entry.to_name);
    insert.bind(static_cast<std::int64_t>(entry.kind)).bind(entry.content).bind(id);
    if (const int code = insert.finish(); code != SQLITE_OK) return failed(code);
  }
  entry.id = sqlite3_last_insert_rowid(db_.get());
  entry.conversation_id = in.id;
  in.last_seq = entry.seq;
  const auto tokens = indexed_tokens(in.id, searchable_text(entry.kind, entry.content));
  if (tokens.empty()) return entry;
  if (const int code = sqlite_statement::execution(statements_.index).bind(entry.id).bind(tokens).finish();
      code != SQLITE_OK)
    return failed(code);
  return entry;
}

result<std::vector<imported_entry>> sqlite_transaction::imported(std::int64_t conversation) {
  sqlite_statement::execution rows(statements_.imported);
  rows.bind(conversation);
  std::vector<imported_entry> all;
  int code = rows.step();
  for (; code == SQLITE_ROW; code = rows.step())
    all.push_back({.id = rows.integer(0), .at = from_ms(rows.integer(1))});
  if (code != SQLITE_DONE) return failed(code);
  return all;
}

int sqlite_transaction::unindex(const message& stored) {
  const auto tokens = indexed_tokens(stored.conversation_id, searchable_text(stored.kind, stored.content));
  if (tokens.empty()) return SQLITE_OK;
  return sqlite_statement::execution(statements_.unindex).bind(stored.id).bind(tokens).finish();
}

result<void> sqlite_transaction::erase_content(const message& of) {
  // As it is stored: taking out what is not in the index would damage it.
  const auto stored = find_message(of.id);
  if (!stored) return stored.error();
  if (!*stored) return failed(SQLITE_NOTFOUND);
  if ((*stored)->recalled) return {};
  if (const int code = statements_.webhooks.keep_version(of.id, message_kind::text_stream); code != SQLITE_OK)
    return failed(code);
  if (const int code = unindex(**stored); code != SQLITE_OK) return failed(code);
  for (auto* statement : {&statements_.uncall, &statements_.drop_reactions, &statements_.drop_counts})
    if (const int code =
            sqlite_statement::execution(*statement).bind(of.conversation_id).bind(of.seq).finish();
        code != SQLITE_OK)
      return failed(code);
  return answer(sqlite_statement::execution(statements_.erase).bind(of.id).finish());
}

result<std::optional<message>> sqlite_transaction::find_message(std::int64_t id) {
  sqlite_statement::execution row(statements_.entry_by_id);
  const int code = row.bind(id).step();
  if (code == SQLITE_ROW) return read_message(row);
  if (code != SQLITE_DONE) return failed(code);
  return std::nullopt;
}

result<void> sqlite_transaction::rewrite(const message& before, const message& now_is) {
  if (const int code = statements_.webhooks.keep_version(before.id, now_is.kind); code != SQLITE_OK)
    return failed(code);
  if (const int code = unindex(before); code != SQLITE_OK) return failed(code);
  sqlite_statement::execution put(statements_.rewrite);
  put.bind(before.id).bind(static_cast<std::int64_t>(now_is.kind)).bind(now_is.content);
  put.bind(std::int64_t{now_is.edits}).bind(digest_of_first(before));
  if (const int code = put.finish(); code != SQLITE_OK) return failed(code);
  const auto tokens = indexed_tokens(before.conversation_id, searchable_text(now_is.kind, now_is.content));
  if (tokens.empty()) return {};
  return answer(sqlite_statement::execution(statements_.index).bind(before.id).bind(tokens).finish());
}

result<std::vector<reaction_tally>> sqlite_transaction::reactions(const message& to, const user_id& seen_by) {
  sqlite_statement::execution rows(statements_.reactions);
  rows.bind(seen_by.text()).bind(to.conversation_id).bind(to.seq - 1).bind(to.seq + 1);
  rows.bind(static_cast<std::int64_t>(reaction_rows_max));
  std::vector<reaction_tally> tallies;
  int code = rows.step();
  for (; code == SQLITE_ROW; code = rows.step()) tallies.push_back(read_tally(rows));
  if (code != SQLITE_DONE) return failed(code);
  return tallies;
}

result<bool> sqlite_transaction::put_reaction(const reaction& r) {
  const auto run = [&r](sqlite_statement& statement, bool with_user) {
    sqlite_statement::execution row(statement);
    row.bind(r.conversation_id).bind(r.seq).bind(r.emoji);
    if (with_user) row.bind(r.user.text());
    return row.step();
  };
  const int code = run(r.on ? statements_.add_reaction : statements_.drop_reaction, true);
  if (code == SQLITE_DONE) return false;
  if (code != SQLITE_ROW) return failed(code);
  int counted = run(r.on ? statements_.count_reaction : statements_.discount_reaction, false);
  if (counted == SQLITE_DONE && !r.on) counted = run(statements_.drop_count, false);
  if (counted != SQLITE_DONE) return failed(counted);
  if (const int kept = statements_.webhooks.keep_event(r); kept != SQLITE_OK) return failed(kept);
  return true;
}

result<std::optional<stream_row>> sqlite_transaction::read_stream(sqlite_statement::execution& row) {
  const int code = row.step();
  if (code == SQLITE_DONE) return std::nullopt;
  if (code != SQLITE_ROW) return failed(code);
  stream_row found{.id = std::string(row.text(0)),
                   .conversation_id = row.integer(1),
                   .seq = row.integer(2),
                   .by = stream_writer_of(row.text(3)),
                   .node = std::string(row.text(4)),
                   .ended = row.integer(5) != 0,
                   .touched = from_ms(row.integer(6))};
  return found;
}

result<std::optional<stream_row>> sqlite_transaction::find_stream(const std::string& id) {
  sqlite_statement::execution row(statements_.find_stream);
  row.bind(id);
  return read_stream(row);
}

result<std::optional<stream_row>> sqlite_transaction::stream_of(std::int64_t conversation, std::int64_t seq) {
  sqlite_statement::execution row(statements_.stream_of);
  row.bind(conversation).bind(seq);
  return read_stream(row);
}

result<void> sqlite_transaction::put_stream(const stream_row& row) {
  sqlite_statement::execution put(statements_.put_stream);
  return answer(
      put.bind(row.id).bind(row.node).bind(std::int64_t{row.ended}).bind(to_ms(row.touched)).finish());
}

result<std::vector<std::string>> sqlite_transaction::old_streams(bool ended, wall_time before,
                                                                 std::size_t limit) {
  sqlite_statement::execution rows(statements_.old_streams);
  rows.bind(std::int64_t{ended}).bind(to_ms(before)).bind(static_cast<std::int64_t>(limit));
  return texts(rows);
}

result<void> sqlite_transaction::forget_streams(std::span<const std::string> ids) {
  for (const std::string& id : ids)
    if (const int code = sqlite_statement::execution(statements_.forget_stream).bind(id).finish();
        code != SQLITE_OK)
      return failed(code);
  return {};
}

result<void> sqlite_transaction::put_profile(const profile& p) {
  sqlite_statement::execution put(statements_.put_profile);
  return answer(put.bind(p.user.text()).bind_optional(p.name).bind_optional(p.avatar).finish());
}

result<profile> sqlite_transaction::find_profile(const user_id& user) {
  sqlite_statement::execution row(statements_.find_profile);
  profile found{.user = user};
  const int code = row.bind(user.text()).step();
  if (code == SQLITE_DONE) return found;
  if (code != SQLITE_ROW) return failed(code);
  found.name = row.optional_text(0);
  found.avatar = row.optional_text(1);
  return found;
}

result<void> sqlite_transaction::revoke(const user_id& user, std::int64_t at_us) {
  return answer(sqlite_statement::execution(statements_.revoke).bind(user.text()).bind(at_us).finish());
}

result<void> sqlite_transaction::put_ban(const ban& what, wall_time now) {
  sqlite_statement::execution row(statements_.put_ban);
  row.bind(what.user.text()).bind(what.reason).bind(to_ms(what.since));
  return answer(row.bind(what.until ? to_ms(*what.until) : std::int64_t{0}).bind(to_ms(now)).finish());
}

result<user_id> sqlite_transaction::user_of_identity(const std::string& identity, const user_id& made_up,
                                                     wall_time now) {
  sqlite_statement::execution put(statements_.put_identity);
  if (const int code = put.bind(identity).bind(made_up.text()).bind(to_ms(now)).finish(); code != SQLITE_OK)
    return failed(code);
  sqlite_statement::execution row(statements_.find_identity);
  if (const int code = row.bind(identity).step(); code != SQLITE_ROW) return failed(code);
  return stored_user(row.text(0));
}

result<std::size_t> sqlite_transaction::put_blocks(const user_id& user, std::span<const user_id> others,
                                                   bool blocked) {
  const std::string list = json_list(others);
  sqlite_statement::execution put(blocked ? statements_.block : statements_.unblock);
  if (const int code = put.bind(user.text()).bind(list).finish(); code != SQLITE_OK) return failed(code);
  return blocked ? count(statements_.count_blocks, user) : std::size_t{0};
}

result<std::vector<user_id>> sqlite_transaction::blockers(const user_id& user,
                                                          std::span<const user_id> others) {
  const std::string list = json_list(others);
  sqlite_statement::execution rows(statements_.blockers);
  rows.bind(user.text()).bind(list);
  std::vector<user_id> found;
  int code = rows.step();
  for (; code == SQLITE_ROW; code = rows.step()) found.push_back(stored_user(rows.text(0)));
  if (code != SQLITE_DONE) return failed(code);
  return found;
}

result<std::size_t> sqlite_transaction::groups_owned(const user_id& user) {
  return count(statements_.count_owned, user);
}

result<void> sqlite_transaction::add_file(const std::string& id, const user_id& owner, wall_time now,
                                          wall_time due) {
  sqlite_statement::execution add(statements_.files.add);
  return answer(add.bind(id).bind(owner.text()).bind(to_ms(now)).bind(to_ms(due)).finish());
}

result<bool> sqlite_transaction::finish_file(const stored_file& file) {
  if (const int code = statements_.files.finish_one(file); code != SQLITE_OK) return failed(code);
  return sqlite3_changes(db_.get()) > 0;
}

result<std::optional<stored_file>> sqlite_transaction::find_file(const file_question& question,
                                                                 wall_time now) {
  std::optional<stored_file> found;
  if (const int code = statements_.files.find_one(question, now, found); code != SQLITE_OK)
    return failed(code);
  return found;
}

result<void> sqlite_transaction::keep_file(const std::string& id) {
  return answer(statements_.files.keep_one(id));
}

result<void> sqlite_transaction::release_file(const std::string& id, wall_time now) {
  return answer(statements_.files.release_one(id, now));
}

result<std::vector<std::string>> sqlite_transaction::texts(sqlite_statement::execution& rows) {
  std::vector<std::string> all;
  int code = rows.step();
  for (; code == SQLITE_ROW; code = rows.step()) all.emplace_back(rows.text(0));
  if (code != SQLITE_DONE) return failed(code);
  return all;
}

result<dropped_entries> sqlite_transaction::drop_old_entries(std::int64_t after, wall_time before,
                                                             std::size_t limit) {
  dropped_entries done;
  if (const int code = statements_.retention.drop_old(after, before, limit, done); code != SQLITE_OK)
    return failed(code);
  return done;
}

result<std::vector<std::string>> sqlite_transaction::detach_files(const message& of) {
  sqlite_statement::execution rows(statements_.files.detach);
  rows.bind(of.conversation_id).bind(of.seq);
  return texts(rows);
}

result<std::vector<std::string>> sqlite_transaction::take_due_files(wall_time now, wall_time again,
                                                                    std::size_t limit) {
  sqlite_statement::execution rows(statements_.files.due);
  rows.bind(to_ms(now)).bind(to_ms(again)).bind(static_cast<std::int64_t>(limit));
  return texts(rows);
}

result<void> sqlite_transaction::forget_files(std::span<const std::string> ids) {
  for (const std::string& id : ids)
    if (const int code = sqlite_statement::execution(statements_.files.forget).bind(id).finish();
        code != SQLITE_OK)
      return failed(code);
  return {};
}

result<file_identity> sqlite_transaction::identify_files(const file_identity& first) {
  {
    sqlite_statement::execution put(statements_.files.identify);
    if (const int code = put.bind(first.store).bind(first.link_key).finish(); code != SQLITE_OK)
      return failed(code);
  }
  sqlite_statement::execution row(statements_.files.identity);
  if (const int code = row.step(); code != SQLITE_ROW) return failed(code);
  return file_identity{std::string(row.text(0)), std::string(row.text(1))};
}

result<std::size_t> sqlite_transaction::count(sqlite_statement& statement, const user_id& user) {
  sqlite_statement::execution row(statement);
  if (const int code = row.bind(user.text()).step(); code != SQLITE_ROW) return failed(code);
  return static_cast<std::size_t>(row.integer(0));
}

} // namespace hongyan
