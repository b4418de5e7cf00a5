#include "persistence/postgres/transaction.hpp"

#include "persistence/append_rules.hpp"
#include "persistence/postgres/checks.hpp"
#include "persistence/postgres/files.hpp"
#include "persistence/postgres/notices.hpp"
#include "persistence/postgres/own_data.hpp"
#include "persistence/postgres/retention.hpp"
#include "persistence/postgres/rows.hpp"
#include "persistence/postgres/webhooks.hpp"

#include <algorithm>

namespace hongyan::postgres {

namespace {

constexpr const char* lock_group_sql = R"(
SELECT id, last_seq, name, member_count::bigint, muted, history::bigint, dismissed, created_at_ms
FROM conversation WHERE group_id = $1::text FOR UPDATE)";
constexpr const char* lock_direct_sql = R"(
SELECT id, last_seq, name, member_count::bigint, muted, history::bigint, dismissed, created_at_ms
FROM conversation WHERE user_low = $1::text AND user_high = $2::text FOR UPDATE)";
/// Before pair_locks, and so locked before them.
constexpr const char* user_locks = "1215195001";

/// Waits for another node that makes it, which has then made it.
const std::string make_direct_sql = R"(
WITH locked AS MATERIALIZED (
  SELECT pg_advisory_xact_lock_shared()" +
                                    std::string(pair_locks) + ", " + std::string(pair_stripe_sql) + R"()
  FROM (SELECT $1::text AS low, $2::text AS high) AS pair
), made AS (
  INSERT INTO conversation (user_low, user_high)
  SELECT $1::text, $2::text WHERE (SELECT count(*) FROM locked) > 0
  ON CONFLICT (user_low, user_high) DO NOTHING RETURNING id
)
INSERT INTO member (user_id, conversation_id)
SELECT $1::text, id FROM made UNION SELECT $2::text, id FROM made)";
constexpr const char* make_group_sql = R"(
INSERT INTO conversation (group_id, name, history, created_at_ms)
VALUES ($1::text, $2::text, $3::bigint, $4::bigint) ON CONFLICT (group_id) DO NOTHING RETURNING id)";
constexpr const char* update_conversation_sql = R"(
UPDATE conversation SET name = CASE WHEN group_id IS NOT NULL THEN $2::text END, muted = $3::bigint = 1,
  history = $4::bigint, dismissed = $5::bigint = 1, member_count = $6::bigint, version = version + 1
WHERE id = $1::bigint)";

constexpr const char* find_member_sql = R"(
SELECT user_id, role::bigint, joined_seq, first_seq, read_seq, pinned, muted
FROM member WHERE conversation_id = $1::bigint AND user_id = $2::text)";
constexpr const char* find_members_sql = R"(
SELECT user_id, role::bigint, joined_seq, first_seq, read_seq, pinned, muted
FROM member WHERE conversation_id = $1::bigint ORDER BY user_id)";
/// A read position only goes forward: mark_read() may have moved it since the row was read, for it does not
/// wait for the conversation's lock.
constexpr const char* put_members_sql = R"(
INSERT INTO member (conversation_id, user_id, role, joined_seq, first_seq, read_seq, pinned, muted)
SELECT $1::bigint, i.user_id, i.role, i.joined_seq, i.first_seq, i.read_seq, i.pinned = 1, i.muted = 1
FROM unnest($2::text[], $3::bigint[], $4::bigint[], $5::bigint[], $6::bigint[], $7::bigint[], $8::bigint[])
  AS i (user_id, role, joined_seq, first_seq, read_seq, pinned, muted)
ON CONFLICT (user_id, conversation_id) DO UPDATE
SET role = excluded.role, joined_seq = excluded.joined_seq, first_seq = excluded.first_seq,
    read_seq = greatest(member.read_seq, excluded.read_seq), pinned = excluded.pinned, muted = excluded.muted)";
constexpr const char* remove_members_sql =
    "DELETE FROM member WHERE conversation_id = $1::bigint AND user_id = ANY ($2::text[])";

const std::string find_entry_sql = "SELECT " + std::string(message_columns) + R"(
FROM message m JOIN conversation c ON c.id = m.conversation_id
WHERE m.conversation_id = $1::bigint AND m.seq = $2::bigint)";
constexpr const char* append_entry_sql = R"(
WITH counted AS (
  UPDATE conversation SET last_seq = last_seq + 1, last_at_ms = $2::bigint, previous_at_ms = last_at_ms,
    quiet_seq = CASE WHEN $11::bigint = 1 THEN last_seq + 1 ELSE quiet_seq END,
    shown_seq = CASE WHEN $11::bigint = 1 AND quiet_seq <> last_seq THEN last_seq ELSE shown_seq END,
    shown_at_ms = CASE WHEN $11::bigint = 1 AND quiet_seq <> last_seq THEN last_at_ms ELSE shown_at_ms END
  WHERE id = $1::bigint RETURNING last_seq, previous_at_ms
)
INSERT INTO message (conversation_id, seq, created_at_ms, sender, target, sender_name, target_name, kind, content, ext,
                     client_msg_id)
SELECT $1::bigint, last_seq, $2::bigint, $3::text, $4::text, $5::text, $6::text, $7::bigint, $8::text, $9::text,
       $10::text
FROM counted RETURNING id, seq, (SELECT previous_at_ms FROM counted))";
/// $9 the tokens for the search, NULL for none.
constexpr const char* append_imported_sql = R"(
WITH counted AS (
  UPDATE conversation SET last_seq = last_seq + 1, last_at_ms = $2::bigint, previous_at_ms = last_at_ms
  WHERE id = $1::bigint RETURNING last_seq
), added AS (
  INSERT INTO message (conversation_id, seq, created_at_ms, sender, target, sender_name, target_name, kind, content,
                       imported_id)
  SELECT $1::bigint, last_seq, $2::bigint, $3::text, $4::text, $5::text, $6::text, $7::bigint, $8::text, $10::bigint
  FROM counted RETURNING id, seq
), indexed AS (
  INSERT INTO message_search (message_id, conversation_id, tokens)
  SELECT id, $1::bigint, array_to_tsvector(string_to_array('@' || $1::bigint || ' ' || $9::text, ' '))
  FROM added WHERE $9::text IS NOT NULL
)
SELECT id, seq FROM added)";
constexpr const char* imported_sql = "SELECT imported_id, created_at_ms FROM message WHERE conversation_id = "
                                     "$1::bigint AND imported_id IS NOT NULL";
const std::string erase_content_sql = "WITH " + keep_version_sql("10") + R"(,
  gone AS (DELETE FROM message_search WHERE message_id = $2::bigint),
  uncalled AS (DELETE FROM mention WHERE conversation_id = $1::bigint AND seq = $3::bigint),
  undone AS (DELETE FROM reaction WHERE conversation_id = $1::bigint AND seq = $3::bigint),
  uncounted AS (DELETE FROM reaction_count WHERE conversation_id = $1::bigint AND seq = $3::bigint)
UPDATE message SET content = '', ext = NULL, recalled = true WHERE conversation_id = $1::bigint AND id = $2::bigint)";

const std::string find_message_sql = "SELECT " + std::string(message_columns) + R"(
FROM message m JOIN conversation c ON c.id = m.conversation_id WHERE m.id = $1::bigint)";
/// $6 the tokens for the search, NULL for none; $7 what was sent first.
const std::string rewrite_sql = "WITH " + keep_version_sql("$3::bigint") + R"(, gone AS (
  DELETE FROM message_search WHERE message_id = $2::bigint AND $6::text IS NULL
), indexed AS (
  INSERT INTO message_search (message_id, conversation_id, tokens)
  SELECT $2::bigint, $1::bigint, array_to_tsvector(string_to_array('@' || $1::bigint || ' ' || $6::text, ' '))
  WHERE $6::text IS NOT NULL
  ON CONFLICT (message_id) DO UPDATE SET tokens = excluded.tokens
)
UPDATE message SET kind = $3::bigint, content = $4::text, edits = $5::bigint,
  sent_digest = coalesce(sent_digest, nullif($7::bigint, 0))
WHERE conversation_id = $1::bigint AND id = $2::bigint)";
const std::string add_reaction_sql = R"(
WITH added AS (
  INSERT INTO reaction (conversation_id, seq, emoji, user_id)
  VALUES ($1::bigint, $2::bigint, $3::text, $4::text) ON CONFLICT DO NOTHING RETURNING 1
), )" + keep_reaction_sql("added", "true") +
                                     R"(
INSERT INTO reaction_count (conversation_id, seq, emoji, place, users)
SELECT $1::bigint, $2::bigint, $3::text,
       coalesce((SELECT max(place) FROM reaction_count WHERE conversation_id = $1::bigint AND seq = $2::bigint), 0) + 1, 1
FROM added
ON CONFLICT (conversation_id, seq, emoji) DO UPDATE SET users = reaction_count.users + 1 RETURNING 1)";
const std::string drop_reaction_sql = R"(
WITH gone AS (
  DELETE FROM reaction
  WHERE conversation_id = $1::bigint AND seq = $2::bigint AND emoji = $3::text AND user_id = $4::text RETURNING 1
), fewer AS (
  UPDATE reaction_count SET users = users - 1
  WHERE conversation_id = $1::bigint AND seq = $2::bigint AND emoji = $3::text AND users > 1 AND EXISTS (SELECT FROM gone)
), none AS (
  DELETE FROM reaction_count
  WHERE conversation_id = $1::bigint AND seq = $2::bigint AND emoji = $3::text AND users <= 1 AND EXISTS (SELECT FROM gone)
), )" + keep_reaction_sql("gone", "false") +
                                      R"(
SELECT FROM gone)";

constexpr const char* find_stream_sql = R"(
SELECT id, conversation_id, seq, writer, node, ended, touched_at_ms FROM stream WHERE id = $1::text FOR NO KEY UPDATE)";
constexpr const char* stream_of_sql = R"(
SELECT id, conversation_id, seq, writer, node, ended, touched_at_ms FROM stream
WHERE conversation_id = $1::bigint AND seq = $2::bigint)";
constexpr const char* put_stream_sql = R"(
UPDATE stream SET node = $2::text, ended = $3::bigint = 1, touched_at_ms = $4::bigint WHERE id = $1::text)";
constexpr const char* old_streams_sql = R"(
SELECT id FROM stream WHERE ended = ($1::bigint = 1) AND touched_at_ms < $2::bigint
ORDER BY touched_at_ms LIMIT $3::bigint)";
constexpr const char* forget_streams_sql = "DELETE FROM stream WHERE id = ANY ($1::text[])";

constexpr const char* put_profile_sql = R"(
INSERT INTO profile (user_id, name, avatar) VALUES ($1::text, $2::text, $3::text)
ON CONFLICT (user_id) DO UPDATE
SET name = coalesce(excluded.name, profile.name), avatar = coalesce(excluded.avatar, profile.avatar))";
constexpr const char* own_profile_sql = "SELECT name, avatar FROM profile WHERE user_id = $1::text";
constexpr const char* revoke_sql = R"(
INSERT INTO revocation (user_id, at_us) VALUES ($1::text, $2::bigint)
ON CONFLICT (user_id) DO UPDATE SET at_us = greatest(revocation.at_us, excluded.at_us))";
constexpr const char* put_ban_sql = R"(
INSERT INTO ban (user_id, reason, since_ms, until_ms, changed_ms)
VALUES ($1::text, $2::text, $3::bigint, $4::bigint, $5::bigint)
ON CONFLICT (user_id) DO UPDATE SET reason = excluded.reason, since_ms = excluded.since_ms,
  until_ms = excluded.until_ms, changed_ms = excluded.changed_ms)";
constexpr const char* put_identity_sql = R"(
INSERT INTO identity (identity, user_id, created_at_ms) VALUES ($1::text, $2::text, $3::bigint)
ON CONFLICT (identity) DO NOTHING)";
constexpr const char* find_identity_sql = "SELECT user_id FROM identity WHERE identity = $1::text";
/// The locks of $1's pairs with $2, see rules.hpp, behind those of $1 alone (user_locks).
std::string lock_sql(const char* function, bool of_user) {
  const std::string user =
      "SELECT " + std::string(user_locks) + " AS space, hashtext($1::text) AS number UNION ";
  return std::string("SELECT ") + function + "(space, number) FROM (" + (of_user ? user : "") +
         "SELECT DISTINCT " + pair_locks + " AS space, " + pair_stripe_sql +
         R"( AS number FROM (
  SELECT least($1::text COLLATE "C", i.other) AS low, greatest($1::text COLLATE "C", i.other) AS high
  FROM unnest($2::text[]) AS i (other)) AS pairs ORDER BY space, number OFFSET 0) AS locks)";
}
/// What one user has is counted by one transaction at a time.
const std::string lock_user_sql =
    "SELECT pg_advisory_xact_lock(" + std::string(user_locks) + ", hashtext($1::text))";
const std::string lock_blocks_sql = lock_sql("pg_advisory_xact_lock", true);
const std::string share_blocks_sql = lock_sql("pg_advisory_xact_lock_shared", false);
/// Conversations that there are get another version, in the order in which every statement locks them; of who
/// was blocked before they have it. Answers how many are blocked.
constexpr const char* add_blocks_sql = R"(
WITH blocked AS (
  INSERT INTO block (user_id, blocked) SELECT $1::text, i.blocked FROM unnest($2::text[]) AS i (blocked)
  ON CONFLICT DO NOTHING RETURNING blocked
), theirs AS MATERIALIZED (
  SELECT c.id FROM blocked b JOIN conversation c
    ON c.user_low = least($1::text COLLATE "C", b.blocked) AND c.user_high = greatest($1::text COLLATE "C", b.blocked)
  ORDER BY c.id FOR NO KEY UPDATE OF c
), outdated AS (
  UPDATE conversation c SET version = c.version + 1 FROM theirs WHERE c.id = theirs.id
)
SELECT (SELECT count(*) FROM block WHERE user_id = $1::text) + (SELECT count(*) FROM blocked))";
constexpr const char* find_blockers_sql =
    "SELECT user_id FROM block WHERE blocked = $1::text AND user_id = ANY ($2::text[])";
constexpr const char* groups_owned_sql = "SELECT count(*) FROM member WHERE user_id = $1::text AND role = 2";
constexpr const char* remove_blocks_sql =
    "DELETE FROM block WHERE user_id = $1::text AND blocked = ANY ($2::text[])";

std::string_view text_of(const user_id& user) { return user.text(); }

member_row read_member(const pg_rows& rows, int row) {
  return {.user = stored_user(rows.text(row, 0)),
          .role = role_of(rows.bigint(row, 1)),
          .joined_seq = rows.bigint(row, 2),
          .first_seq = rows.bigint(row, 3),
          .read_seq = rows.bigint(row, 4),
          .pinned = rows.boolean(row, 5),
          .muted = rows.boolean(row, 6)};
}

void add_optional(pg_parameters& parameters, const std::optional<std::string>& text) {
  if (text)
    parameters.add(std::string_view(*text));
  else
    parameters.add_null();
}

} // namespace

const std::vector<named_statement>& transaction_statements() {
  static const std::vector<named_statement> list{{"lock_group", lock_group_sql},
                                                 {"lock_direct", lock_direct_sql},
                                                 {"make_direct", make_direct_sql},
                                                 {"make_group", make_group_sql},
                                                 {"update_conversation", update_conversation_sql},
                                                 {"find_member", find_member_sql},
                                                 {"find_members", find_members_sql},
                                                 {"put_members", put_members_sql},
                                                 {"remove_members", remove_members_sql},
                                                 {"find_entry", find_entry_sql},
                                                 {"append_entry", append_entry_sql},
                                                 {"append_imported", append_imported_sql},
                                                 {"imported", imported_sql},
                                                 {"erase_content", erase_content_sql},
                                                 {"find_message", find_message_sql},
                                                 {"rewrite", rewrite_sql},
                                                 {"reactions", reactions_sql},
                                                 {"add_reaction", add_reaction_sql},
                                                 {"drop_reaction", drop_reaction_sql},
                                                 {"find_stream", find_stream_sql},
                                                 {"stream_of", stream_of_sql},
                                                 {"put_stream", put_stream_sql},
                                                 {"old_streams", old_streams_sql},
                                                 {"forget_streams", forget_streams_sql},
                                                 {"put_profile", put_profile_sql},
                                                 {"own_profile", own_profile_sql},
                                                 {"revoke", revoke_sql},
                                                 {"put_ban", put_ban_sql},
                                                 {"put_identity", put_identity_sql},
                                                 {"find_identity", find_identity_sql},
                                                 {"add_blocks", add_blocks_sql},
                                                 {"remove_blocks", remove_blocks_sql},
                                                 {"lock_user", lock_user_sql},
                                                 {"lock_blocks", lock_blocks_sql},
                                                 {"share_blocks", share_blocks_sql},
                                                 {"find_blockers", find_blockers_sql},
                                                 {"groups_owned", groups_owned_sql},
                                                 {"find_files", find_files_sql},
                                                 {"put_check", put_check_sql},
                                                 {"find_check", find_check_sql},
                                                 {"find_check_of", find_check_of_sql},
                                                 {"take_checks", take_checks_sql},
                                                 {"expect_verdict", expect_verdict_sql},
                                                 {"identity_of", identity_of_sql},
                                                 {"count_use", count_use_sql},
                                                 {"note_call", note_call_sql},
                                                 {"grants", grants_sql},
                                                 {"put_grant", put_grant_sql},
                                                 {"put_notice", put_notice_sql},
                                                 {"take_notices", take_notices_sql},
                                                 {"find_notice", find_notice_sql},
                                                 {"put_notice_due", put_notice_due_sql},
                                                 {"drop_notice", drop_notice_sql},
                                                 {"drop_notices", drop_notices_sql},
                                                 {"take_webhook", take_webhook_sql},
                                                 {"put_webhook", put_webhook_sql},
                                                 {"put_failed_events", put_failed_events_sql},
                                                 {"drop_failed_events", drop_failed_events_sql},
                                                 {"put_wish", put_wish_sql},
                                                 {"come", come_sql},
                                                 {"goes", goes_sql},
                                                 {"some_go", some_go_sql},
                                                 {"forget_kept", forget_kept_sql},
                                                 {"add_file", add_file_sql},
                                                 {"finish_file", finish_file_sql},
                                                 {"lock_file", lock_file_sql},
                                                 {"keep_file", keep_file_sql},
                                                 {"release_file", release_file_sql},
                                                 {"detach_files", detach_files_sql},
                                                 {"take_due_files", take_due_files_sql},
                                                 {"forget_files", forget_files_sql},
                                                 {"old_conversations", old_conversations_sql},
                                                 {"drop_old", drop_old_sql},
                                                 {"own_identities", own_identities_sql},
                                                 {"own_blocks", own_blocks_sql},
                                                 {"own_ban", own_ban_sql},
                                                 {"own_conversations", own_conversations_sql},
                                                 {"own_keyed_messages", own_keyed_messages_sql},
                                                 {"own_direct_messages", own_direct_messages_sql},
                                                 {"own_files", own_files_sql},
                                                 {"erase_person", erase_person_sql},
                                                 {"erase_message", erase_message_sql},
                                                 {"erase_names", erase_names_sql},
                                                 {"discard_file", discard_file_sql},
                                                 {"next_erasure", next_erasure_sql},
                                                 {"put_erasure", put_erasure_sql},
                                                 {"end_erasure", end_erasure_sql},
                                                 {"put_audit", put_audit_sql},
                                                 {"audit", audit_sql},
                                                 {"identify_files", identify_files_sql},
                                                 {"file_identity", file_identity_sql}};
  return list;
}

result<pg_rows> transaction::run(const char* statement) {
  if (failure_) return unavailable(*failure_);
  auto rows = connection_.run(statement, parameters_, write_limit);
  if (rows) return *std::move(rows);
  failure_ = rows.error();
  return unavailable(*failure_);
}

void transaction::ask_of(const user_id& user) {
  parameters_.clear();
  parameters_.add(text_of(user));
}

result<std::optional<conversation_row>> transaction::lock(const char* statement, const peer_or_group& of) {
  auto rows = run(statement);
  if (!rows) return rows.error();
  if (rows->size() == 0) return std::optional<conversation_row>();
  return std::optional(conversation_row{.id = rows->bigint(0, 0),
                                        .of = of,
                                        .last_seq = rows->bigint(0, 1),
                                        .name = std::string(rows->text(0, 2)),
                                        .member_count = static_cast<std::size_t>(rows->bigint(0, 3)),
                                        .muted = rows->boolean(0, 4),
                                        .history = history_of(rows->bigint(0, 5)),
                                        .dismissed = rows->boolean(0, 6),
                                        .created_at = from_ms(rows->bigint(0, 7))});
}

result<std::optional<conversation_row>> transaction::lock_group(const user_id& id) {
  parameters_.clear();
  parameters_.add(std::string_view(id.text()));
  return lock("lock_group", peer_or_group::group(id));
}

result<std::optional<conversation_row>> transaction::lock_direct(const user_id& one, const user_id& other,
                                                                 bool make) {
  const auto [low, high] = conversation_key(one, other);
  parameters_.clear();
  parameters_.add(low);
  parameters_.add(high);
  auto found = lock("lock_direct", other);
  if (!found || *found || !make) return found;
  if (auto made = run("make_direct"); !made) return made.error();
  return lock("lock_direct", other);
}

result<std::optional<conversation_row>> transaction::make_group(const user_id& id, const std::string& name,
                                                                group_history history, wall_time now) {
  parameters_.clear();
  parameters_.add(std::string_view(id.text()));
  parameters_.add(std::string_view(name));
  parameters_.add(static_cast<std::int64_t>(history));
  parameters_.add(to_ms(now));
  auto made = run("make_group");
  if (!made) return made.error();
  if (made->size() == 0) return std::optional<conversation_row>();
  return std::optional(conversation_row{.id = made->bigint(0, 0),
                                        .of = peer_or_group::group(id),
                                        .name = name,
                                        .history = history,
                                        .created_at = now});
}

result<void> transaction::update_conversation(const conversation_row& row) {
  parameters_.clear();
  parameters_.add(row.id);
  parameters_.add(std::string_view(row.name));
  parameters_.add(std::int64_t{row.muted});
  parameters_.add(static_cast<std::int64_t>(row.history));
  parameters_.add(std::int64_t{row.dismissed});
  parameters_.add(static_cast<std::int64_t>(row.member_count));
  return done("update_conversation");
}

result<std::optional<member_row>> transaction::member(std::int64_t conversation, const user_id& user) {
  parameters_.clear();
  parameters_.add(conversation);
  parameters_.add(text_of(user));
  auto rows = run("find_member");
  if (!rows) return rows.error();
  if (rows->size() == 0) return std::optional<member_row>();
  return std::optional(read_member(*rows, 0));
}

result<std::vector<member_row>> transaction::members(std::int64_t conversation) {
  parameters_.clear();
  parameters_.add(conversation);
  auto rows = run("find_members");
  if (!rows) return rows.error();
  std::vector<member_row> found;
  found.reserve(static_cast<std::size_t>(rows->size()));
  for (int row = 0; row < rows->size(); ++row) found.push_back(read_member(*rows, row));
  return found;
}

result<void> transaction::put_members(std::int64_t conversation, std::span<const member_row> rows) {
  parameters_.clear();
  parameters_.add(conversation);
  add_texts(parameters_, rows, [](const member_row& m) { return text_of(m.user); });
  add_numbers(parameters_, rows, [](const member_row& m) { return m.role; });
  add_numbers(parameters_, rows, [](const member_row& m) { return m.joined_seq; });
  add_numbers(parameters_, rows, [](const member_row& m) { return m.first_seq; });
  add_numbers(parameters_, rows, [](const member_row& m) { return m.read_seq; });
  add_numbers(parameters_, rows, [](const member_row& m) { return m.pinned; });
  add_numbers(parameters_, rows, [](const member_row& m) { return m.muted; });
  return done("put_members");
}

result<void> transaction::remove_members(std::int64_t conversation, std::span<const user_id> users) {
  parameters_.clear();
  parameters_.add(conversation);
  add_texts(parameters_, users, text_of);
  return done("remove_members");
}

result<std::optional<message>> transaction::entry(const conversation_row& in, std::int64_t seq) {
  parameters_.clear();
  parameters_.add(in.id);
  parameters_.add(seq);
  auto rows = run("find_entry");
  if (!rows) return rows.error();
  if (rows->size() == 0) return std::optional<message>();
  return std::optional(read_message(*rows, 0, 0));
}

result<message> transaction::append_entry(conversation_row& in, message entry) {
  parameters_.clear();
  parameters_.add(in.id);
  parameters_.add(to_ms(entry.created_at));
  parameters_.add(text_of(entry.from));
  if (const auto target = target_column(entry.to))
    parameters_.add(*target);
  else
    parameters_.add_null();
  add_optional(parameters_, entry.from_name);
  add_optional(parameters_, entry.to_name);
  parameters_.add(static_cast<std::int64_t>(entry.kind));
  parameters_.add(std::string_view(entry.content));
  add_optional(parameters_, entry.ext);
  add_optional(parameters_, entry.client_msg_id);
  parameters_.add(std::int64_t{is_quiet(entry.kind)});
  auto stored = run("append_entry");
  if (!stored) return stored.error();
  if (stored->size() == 0) return error{errc::internal, "an entry for a conversation that is not there"};
  entry.id = stored->bigint(0, 0);
  entry.previous_at = from_ms(stored->bigint(0, 2));
  entry.conversation_id = in.id;
  entry.seq = in.last_seq = stored->bigint(0, 1);
  return entry;
}

result<message> transaction::append_imported(conversation_row& in, message entry, std::int64_t id) {
  parameters_.clear();
  parameters_.add(in.id);
  parameters_.add(to_ms(entry.created_at));
  parameters_.add(text_of(entry.from));
  parameters_.add(*target_column(entry.to));
  add_optional(parameters_, entry.from_name);
  add_optional(parameters_, entry.to_name);
  parameters_.add(static_cast<std::int64_t>(entry.kind));
  parameters_.add(std::string_view(entry.content));
  const std::string tokens = index_text(entry.kind, entry.content);
  add_optional(parameters_, tokens.empty() ? std::nullopt : std::optional(tokens));
  parameters_.add(id);
  auto stored = run("append_imported");
  if (!stored) return stored.error();
  if (stored->size() == 0) return error{errc::internal, "a message for a conversation that is not there"};
  indexed_bytes_ += entry.content.size();
  entry.id = stored->bigint(0, 0);
  entry.conversation_id = in.id;
  entry.seq = in.last_seq = stored->bigint(0, 1);
  return entry;
}

result<std::vector<imported_entry>> transaction::imported(std::int64_t conversation) {
  parameters_.clear();
  parameters_.add(conversation);
  auto rows = run("imported");
  if (!rows) return rows.error();
  std::vector<imported_entry> all;
  all.reserve(static_cast<std::size_t>(rows->size()));
  for (int row = 0; row < rows->size(); ++row)
    all.push_back({.id = rows->bigint(row, 0), .at = from_ms(rows->bigint(row, 1))});
  return all;
}

result<void> transaction::erase_content(const message& of) {
  parameters_.clear();
  parameters_.add(of.conversation_id);
  parameters_.add(of.id);
  parameters_.add(of.seq);
  return done("erase_content");
}

result<std::optional<message>> transaction::find_message(std::int64_t id) {
  parameters_.clear();
  parameters_.add(id);
  auto rows = run("find_message");
  if (!rows) return rows.error();
  if (rows->size() == 0) return std::optional<message>();
  return std::optional(read_message(*rows, 0, 0));
}

result<void> transaction::rewrite(const message& before, const message& now_is) {
  parameters_.clear();
  parameters_.add(before.conversation_id);
  parameters_.add(before.id);
  parameters_.add(static_cast<std::int64_t>(now_is.kind));
  parameters_.add(std::string_view(now_is.content));
  parameters_.add(std::int64_t{now_is.edits});
  const auto tokens = index_text(now_is.kind, now_is.content);
  if (tokens.empty())
    parameters_.add_null();
  else
    parameters_.add(std::string_view(tokens));
  parameters_.add(digest_of_first(before));
  return done("rewrite");
}

result<std::vector<reaction_tally>> transaction::reactions(const message& to, const user_id& seen_by) {
  const log_range its_own{to.conversation_id, to.seq - 1, to.seq + 1, 1};
  add_reaction_ranges(parameters_, seen_by, std::span(&its_own, 1));
  auto rows = run("reactions");
  if (!rows) return rows.error();
  auto found = postgres::read_reactions(*rows);
  if (found.empty()) return std::vector<reaction_tally>();
  return std::move(found.front().tallies);
}

result<bool> transaction::put_reaction(const reaction& r) {
  parameters_.clear();
  parameters_.add(r.conversation_id);
  parameters_.add(r.seq);
  parameters_.add(std::string_view(r.emoji));
  parameters_.add(text_of(r.user));
  auto rows = run(r.on ? "add_reaction" : "drop_reaction");
  if (!rows) return rows.error();
  return rows->size() > 0;
}

result<std::optional<stream_row>> transaction::read_stream(const char* statement) {
  auto rows = run(statement);
  if (!rows) return rows.error();
  if (rows->size() == 0) return std::optional<stream_row>();
  stream_row found{.id = std::string(rows->text(0, 0)),
                   .conversation_id = rows->bigint(0, 1),
                   .seq = rows->bigint(0, 2),
                   .by = stream_writer_of(rows->text(0, 3)),
                   .node = std::string(rows->text(0, 4)),
                   .ended = rows->boolean(0, 5),
                   .touched = from_ms(rows->bigint(0, 6))};
  return std::optional(std::move(found));
}

result<std::optional<stream_row>> transaction::find_stream(const std::string& id) {
  parameters_.clear();
  parameters_.add(std::string_view(id));
  return read_stream("find_stream");
}

result<std::optional<stream_row>> transaction::stream_of(std::int64_t conversation, std::int64_t seq) {
  parameters_.clear();
  parameters_.add(conversation);
  parameters_.add(seq);
  return read_stream("stream_of");
}

result<void> transaction::put_stream(const stream_row& row) {
  parameters_.clear();
  parameters_.add(std::string_view(row.id));
  parameters_.add(std::string_view(row.node));
  parameters_.add(std::int64_t{row.ended});
  parameters_.add(to_ms(row.touched));
  return done("put_stream");
}

result<std::vector<std::string>> transaction::old_streams(bool ended, wall_time before, std::size_t limit) {
  parameters_.clear();
  parameters_.add(std::int64_t{ended});
  parameters_.add(to_ms(before));
  parameters_.add(static_cast<std::int64_t>(limit));
  return texts("old_streams");
}

result<void> transaction::forget_streams(std::span<const std::string> ids) {
  parameters_.clear();
  add_texts(parameters_, ids, [](const std::string& id) { return std::string_view(id); });
  return done("forget_streams");
}

result<void> transaction::put_profile(const profile& p) {
  parameters_.clear();
  parameters_.add(text_of(p.user));
  add_optional(parameters_, p.name);
  add_optional(parameters_, p.avatar);
  return done("put_profile");
}

result<profile> transaction::find_profile(const user_id& user) {
  ask_of(user);
  if (auto locked = run("lock_user"); !locked) return locked.error(); // its row may not be there yet
  auto rows = run("own_profile");
  if (!rows) return rows.error();
  profile found{.user = user};
  if (rows->size() > 0) {
    found.name = rows->optional_text(0, 0);
    found.avatar = rows->optional_text(0, 1);
  }
  return found;
}

result<void> transaction::revoke(const user_id& user, std::int64_t at_us) {
  ask_of(user);
  parameters_.add(at_us);
  return done("revoke");
}

result<void> transaction::put_ban(const ban& what, wall_time now) {
  parameters_.clear();
  parameters_.add(text_of(what.user));
  parameters_.add(std::string_view(what.reason));
  parameters_.add(to_ms(what.since));
  parameters_.add(what.until ? to_ms(*what.until) : std::int64_t{0});
  parameters_.add(to_ms(now));
  return done("put_ban");
}

result<user_id> transaction::user_of_identity(const std::string& identity, const user_id& made_up,
                                              wall_time now) {
  parameters_.clear();
  parameters_.add(std::string_view(identity));
  parameters_.add(text_of(made_up));
  parameters_.add(to_ms(now));
  if (auto done = run("put_identity"); !done) return done.error();
  // A statement of its own sees what another transaction, which the first one waited for, has stored.
  parameters_.clear();
  parameters_.add(std::string_view(identity));
  auto rows = run("find_identity");
  if (!rows) return rows.error();
  return stored_user(rows->text(0, 0));
}

result<std::size_t> transaction::put_blocks(const user_id& user, std::span<const user_id> others,
                                            bool blocked) {
  ask_of(user);
  add_texts(parameters_, others, text_of);
  // Who is free again is learned anew when they send: what is refused always is.
  if (!blocked) {
    if (auto done = run("remove_blocks"); !done) return done.error();
    return std::size_t{0};
  }
  // Two statements, because the second must see what the first has waited for.
  if (auto locked = run("lock_blocks"); !locked) return locked.error();
  auto added = run("add_blocks");
  if (!added) return added.error();
  return static_cast<std::size_t>(added->bigint(0, 0));
}

result<std::vector<user_id>> transaction::blockers(const user_id& user, std::span<const user_id> others) {
  std::vector<user_id> found;
  if (others.empty()) return found;
  ask_of(user);
  add_texts(parameters_, others, text_of);
  if (auto locked = run("share_blocks"); !locked) return locked.error();
  auto rows = run("find_blockers");
  if (!rows) return rows.error();
  for (int row = 0; row < rows->size(); ++row) found.push_back(stored_user(rows->text(row, 0)));
  return found;
}

result<std::size_t> transaction::groups_owned(const user_id& user) {
  ask_of(user);
  if (auto locked = run("lock_user"); !locked) return locked.error();
  auto counted = run("groups_owned");
  if (!counted) return counted.error();
  return static_cast<std::size_t>(counted->bigint(0, 0));
}

result<void> transaction::done(const char* statement) {
  if (auto rows = run(statement); !rows) return rows.error();
  return {};
}

result<std::vector<std::string>> transaction::texts(const char* statement) {
  auto rows = run(statement);
  if (!rows) return rows.error();
  std::vector<std::string> all;
  for (int row = 0; row < rows->size(); ++row) all.emplace_back(rows->text(row, 0));
  return all;
}

result<void> transaction::add_file(const std::string& id, const user_id& owner, wall_time now,
                                   wall_time due) {
  parameters_.clear();
  parameters_.add(std::string_view(id));
  parameters_.add(text_of(owner));
  parameters_.add(to_ms(now));
  parameters_.add(to_ms(due));
  return done("add_file");
}

result<bool> transaction::finish_file(const stored_file& file) {
  const auto add = [this](std::optional<std::int64_t> number) {
    if (number)
      parameters_.add(*number);
    else
      parameters_.add_null();
  };
  using number = std::optional<std::int64_t>;
  parameters_.clear();
  parameters_.add(std::string_view(file.id));
  parameters_.add(static_cast<std::int64_t>(file.kind));
  parameters_.add(std::string_view(file.mime));
  parameters_.add(std::string_view(file.name));
  parameters_.add(file.size);
  add(file.picture ? number(file.picture->width) : std::nullopt);
  add(file.picture ? number(file.picture->height) : std::nullopt);
  add(file.length ? number(file.length->count()) : std::nullopt);
  auto rows = run("finish_file");
  if (!rows) return rows.error();
  return rows->size() > 0;
}

/// Two statements, because the second must see what the first has waited for.
result<std::optional<stored_file>> transaction::find_file(const file_question& question, wall_time now) {
  parameters_.clear();
  parameters_.add(std::string_view(question.id));
  if (auto locked = done("lock_file"); !locked) return locked.error();
  add_questions(parameters_, std::span(&question, 1), now);
  auto rows = run("find_files");
  if (!rows) return rows.error();
  return read_files(*rows, std::span(&question, 1)).front();
}

result<void> transaction::keep_file(const std::string& id) {
  parameters_.clear();
  parameters_.add(std::string_view(id));
  return done("keep_file");
}

/// Two statements, as find_file().
result<void> transaction::release_file(const std::string& id, wall_time now) {
  parameters_.clear();
  parameters_.add(std::string_view(id));
  if (auto locked = done("lock_file"); !locked) return locked;
  parameters_.add(to_ms(now));
  return done("release_file");
}

result<std::vector<std::string>> transaction::detach_files(const message& of) {
  parameters_.clear();
  parameters_.add(of.conversation_id);
  parameters_.add(of.seq);
  return texts("detach_files");
}

result<std::vector<std::string>> transaction::take_due_files(wall_time now, wall_time again,
                                                             std::size_t limit) {
  parameters_.clear();
  parameters_.add(to_ms(now));
  parameters_.add(to_ms(again));
  parameters_.add(static_cast<std::int64_t>(limit));
  return texts("take_due_files");
}

result<void> transaction::forget_files(std::span<const std::string> ids) {
  parameters_.clear();
  add_texts(parameters_, ids, [](const std::string& id) { return std::string_view(id); });
  return done("forget_files");
}

result<file_identity> transaction::identify_files(const file_identity& first) {
  parameters_.clear();
  parameters_.add(std::string_view(first.store));
  parameters_.add(std::string_view(first.link_key));
  if (auto put = done("identify_files"); !put) return put.error();
  parameters_.clear();
  auto rows = run("file_identity");
  if (!rows) return rows.error();
  if (rows->size() != 1) return error{errc::unavailable, "PostgreSQL has lost the store's identity"};
  return file_identity{std::string(rows->text(0, 0)), std::string(rows->text(0, 1))};
}

} // namespace hongyan::postgres
