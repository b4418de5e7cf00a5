#include "persistence/postgres/reader.hpp"

#include "persistence/append_rules.hpp"
#include "persistence/postgres/files.hpp"
#include "persistence/postgres/notices.hpp"
#include "persistence/postgres/rows.hpp"
#include "persistence/postgres/session.hpp"

#include <algorithm>
#include <array>
#include <limits>

namespace hongyan::postgres {

namespace {

/// Two walks down an index, of at most `limit` steps each but for what was recalled; DISTINCT drops the
/// second mention of a note to oneself.
const std::string latest_of_user_sql = R"(
SELECT )" + std::string(message_columns) +
                                       R"( FROM (
  SELECT DISTINCT ON (id) * FROM (
    (SELECT * FROM message WHERE sender = $1::text AND target IS NOT NULL AND id < $2::bigint
       AND kind )" + in_message_kinds() +
                                       R"( AND NOT recalled ORDER BY id DESC LIMIT $3::bigint)
    UNION ALL
    (SELECT * FROM message WHERE target = $1::text AND id < $2::bigint
       AND kind )" + in_message_kinds() +
                                       R"( AND NOT recalled ORDER BY id DESC LIMIT $3::bigint)
  ) AS either ORDER BY id DESC LIMIT $3::bigint
) AS m, (SELECT NULL::text AS group_id) AS c)";
const std::string latest_of_pair_sql = "SELECT " + std::string(message_columns) + R"(
FROM message m, (SELECT NULL::text AS group_id) AS c
WHERE m.conversation_id = (SELECT id FROM conversation WHERE user_low = $1::text AND user_high = $2::text)
  AND m.id < $3::bigint AND m.kind )" + in_message_kinds() +
                                       R"( AND NOT m.recalled ORDER BY m.id DESC LIMIT $4::bigint)";

/// The last entry that is neither a recall nor an edit, and its time.
constexpr const char* shown_seq = "CASE WHEN c.quiet_seq = c.last_seq THEN c.shown_seq ELSE c.last_seq END";
constexpr const char* shown_at =
    "CASE WHEN c.quiet_seq = c.last_seq THEN c.shown_at_ms ELSE c.last_at_ms END";

std::string memberships_of(bool with_peers) {
  return std::string(R"(
SELECT m.conversation_id, c.group_id, CASE WHEN c.user_low = $1::text THEN c.user_high ELSE c.user_low END,
       m.role::bigint, c.last_seq, c.last_at_ms, m.first_seq, m.read_seq, )") +
         (with_peers ? "peer.read_seq" : "NULL") + ", m.pinned, m.muted, " + shown_seq + ", " + shown_at +
         ", c.first_seq FROM member m JOIN conversation c ON c.id = m.conversation_id " +
         (with_peers ? R"(
LEFT JOIN member peer ON peer.conversation_id = c.id
  AND peer.user_id = CASE WHEN c.user_low = $1::text THEN c.user_high ELSE c.user_low END)"
                     : "") +
         " WHERE m.user_id = $1::text AND NOT c.dismissed";
}
const std::string memberships_sql = memberships_of(true);
constexpr const char* are_shown = " AND c.last_seq >= m.first_seq";
const std::string shown_memberships_sql = memberships_of(false) + are_shown;
const std::string some_memberships_sql =
    memberships_sql + are_shown + " AND m.conversation_id = ANY ($2::bigint[])";
/// $2 to $4 the list_key before, $5 how many. What a page does not show is looked at, and no more.
const std::string listed_sql = memberships_sql + R"( AND m.conversation_id = ANY (ARRAY(
  SELECT c.id FROM member m JOIN conversation c ON c.id = m.conversation_id
  WHERE m.user_id = $1::text AND NOT c.dismissed AND )" +
                               shown_seq + R"( >= m.first_seq
    AND (1 - m.pinned::int, - )" +
                               shown_at +
                               R"(, c.id) > ($2::bigint, $3::bigint, $4::bigint)
  ORDER BY 1 - m.pinned::int, - )" +
                               shown_at + ", c.id LIMIT $5::bigint))";
/// $1 users, $2 a time. Seven times cheaper than their memberships one after the other.
constexpr const char* active_sql = R"(
SELECT DISTINCT c.id, c.last_seq
FROM unnest($1::text[]) AS i (user_id) JOIN member m ON m.user_id = i.user_id
JOIN conversation c ON c.id = m.conversation_id
WHERE c.last_at_ms >= $2::bigint AND NOT c.dismissed AND c.last_seq >= m.first_seq)";
/// $2 a group; or $3 and $4 the key of a direct conversation.
const std::string find_membership_sql = memberships_sql + R"(
AND m.conversation_id = coalesce(
  (SELECT id FROM conversation WHERE group_id = $2::text),
  (SELECT id FROM conversation WHERE user_low = $3::text AND user_high = $4::text)))";

/// A walk along an index for each range, of which one of the two is done.
const std::string log_sql = "SELECT " + std::string(message_columns) + R"(
FROM unnest($1::bigint[], $2::bigint[], $3::bigint[], $4::bigint[], $5::bigint[]) WITH ORDINALITY
  AS r (id, after_seq, before_seq, most, newest, n)
JOIN conversation c ON c.id = r.id
CROSS JOIN LATERAL (
  (SELECT * FROM message WHERE r.newest = 0 AND conversation_id = r.id AND seq > r.after_seq AND seq < r.before_seq
   ORDER BY seq LIMIT r.most)
  UNION ALL
  (SELECT * FROM message WHERE r.newest = 1 AND conversation_id = r.id AND seq > r.after_seq AND seq < r.before_seq
   ORDER BY seq DESC LIMIT r.most)
) AS m
ORDER BY r.n, m.seq)";

const std::string unread_sql = R"(
SELECT (
  SELECT count(*) FROM (
    SELECT FROM message m WHERE m.conversation_id = q.id AND m.seq > q.after_seq AND m.seq <= q.up_to_seq AND m.sender <> $1::text
      AND NOT m.recalled AND m.kind )" +
                               in_message_kinds() + R"( LIMIT $5::bigint) AS counted)
FROM unnest($2::bigint[], $3::bigint[], $4::bigint[]) WITH ORDINALITY AS q (id, after_seq, up_to_seq, n) ORDER BY q.n)";

/// Two looks into an index: at those that call the user, and at those that call all, are others' and came
/// while the user was there. Rows are compared as the index has them: by seq alone the planner walks through
/// all mentions of the conversation.
constexpr const char* first_mentions_sql = R"(
SELECT least(
  (SELECT seq FROM mention m WHERE conversation_id = q.id
     AND (user_id, seq) > ($1::text, q.after_seq) AND (user_id, seq) <= ($1::text, q.up_to_seq)
     AND NOT EXISTS (SELECT FROM stream s WHERE s.conversation_id = q.id AND s.seq = m.seq AND NOT s.ended)
   ORDER BY user_id, seq LIMIT 1),
  (SELECT seq FROM mention m WHERE conversation_id = q.id AND sender <> $1::text
     AND NOT EXISTS (SELECT FROM stream s WHERE s.conversation_id = q.id AND s.seq = m.seq AND NOT s.ended)
     AND (user_id, seq) <= ('', q.up_to_seq) AND (user_id, seq) > ('', greatest(q.after_seq,
       (SELECT joined_seq FROM member WHERE user_id = $1::text AND conversation_id = q.id)))
   ORDER BY user_id, seq LIMIT 1))
FROM unnest($2::bigint[], $3::bigint[], $4::bigint[]) WITH ORDINALITY AS q (id, after_seq, up_to_seq, n) ORDER BY q.n)";

/// Of a hit, what the user may read; looked up in this order whatever the planner thinks (OFFSET 0).
const std::string readable_hits = R"(
CROSS JOIN LATERAL (
  SELECT first_seq FROM member WHERE user_id = $1::text AND conversation_id = hit.conversation_id OFFSET 0) AS u
CROSS JOIN LATERAL (
  SELECT group_id FROM conversation WHERE id = hit.conversation_id AND NOT dismissed OFFSET 0) AS c
CROSS JOIN LATERAL (
  SELECT * FROM message WHERE conversation_id = hit.conversation_id AND id = hit.message_id
    AND seq >= u.first_seq AND NOT recalled AND kind )" +
                                  in_message_kinds() +
                                  R"( OFFSET 0) AS m
ORDER BY hit.message_id DESC LIMIT $5::bigint)";

// Both search statements: $1 user, $2 the query, $3 before this id, $4 in this conversation, or NULL, $5 how
// many messages at most. A row at least; its first column says how far it came, the others are NULL without a
// message.

/// A walk over the newest $6 + 1 messages of everybody, down their ids. What is common is met at once. `low`:
/// the last that was looked at; 0: there are no more.
const std::string walk_sql = R"(
WITH edge AS MATERIALIZED (
  SELECT $2::text::tsquery AS query,
         coalesce((SELECT message_id FROM message_search WHERE message_id < $3::bigint
                   ORDER BY message_id DESC OFFSET $6::bigint LIMIT 1), 0) AS low
)
SELECT edge.low, found.* FROM edge LEFT JOIN LATERAL (
  SELECT )" + std::string(message_columns) +
                             R"(
  FROM (SELECT message_id, conversation_id FROM message_search
        WHERE message_id < $3::bigint AND message_id >= edge.low AND tokens @@ edge.query
          AND ($4::bigint IS NULL OR conversation_id = $4::bigint)
        ORDER BY message_id DESC OFFSET 0) AS hit)" +
                             readable_hits + R"(
) AS found ON true ORDER BY found.id DESC)";

/// hits: all that match in the user's conversations, which the lexemes of these say, but $6 at most; a user
/// with more than a thousand conversations has to do without the lexemes. `low`: how many there are; $6: too
/// many to sort, and nothing else is answered. `+ 0` keeps the walk down the ids out of the planner's mind.
const std::string search_sql = R"(
WITH hits AS MATERIALIZED (
  SELECT s.message_id, s.conversation_id FROM message_search s
  WHERE s.tokens @@ (
      SELECT CASE WHEN count(*) <= 1000
             THEN $2::text::tsquery && string_agg('''@' || conversation_id || '''', '|')::tsquery
             ELSE $2::text::tsquery END
      FROM member WHERE user_id = $1::text AND conversation_id = coalesce($4::bigint, conversation_id))
    AND s.message_id + 0 < $3::bigint
  LIMIT $6::bigint
), edge AS MATERIALIZED (
  SELECT count(*) AS low FROM hits
)
SELECT edge.low, found.* FROM edge LEFT JOIN LATERAL (
  SELECT )" + std::string(message_columns) +
                               R"(
  FROM (SELECT * FROM hits WHERE edge.low < $6::bigint AND conversation_id = coalesce($4::bigint, conversation_id)
        ORDER BY message_id DESC OFFSET 0) AS hit)" +
                               readable_hits + R"(
) AS found ON true ORDER BY found.id DESC)";
/// A GIN index answers with a bitmap only. The plan is to see the query's words and the conversations.
const std::string search_settings = "SET LOCAL enable_bitmapscan = on; SET LOCAL plan_cache_mode = "
                                    "force_custom_plan; SET LOCAL max_parallel_workers_per_gather = 0";

/// How a search begins: it walks over so many messages, and on to the next when it has met so many hits. A
/// walk that meets them at that rate is faster than the index, whose answer is fetched and sorted whole. The
/// first takes half a millisecond, the second some five.
struct first_walk {
  std::int64_t messages;
  std::ptrdiff_t hits;
};
constexpr std::array first_walks{first_walk{256, 2}, first_walk{4'000, 16}};
/// Some 30 ms; the clock is looked at after each.
constexpr std::int64_t long_walk = 20'000;
/// Hits of the index that are sorted: 30 to 100 ms. With more, the walk goes on.
constexpr std::int64_t index_hits_max = 10'000;

const std::string groups_sql = R"(
SELECT c.id, c.group_id, c.name, (SELECT o.user_id FROM member o WHERE o.conversation_id = c.id AND o.role = 2 LIMIT 1),
       c.member_count::bigint, c.muted, c.history::bigint, c.created_at_ms
FROM member m JOIN conversation c ON c.id = m.conversation_id
WHERE m.user_id = $1::text AND NOT c.dismissed)";
const std::string find_group_sql =
    groups_sql + " AND m.conversation_id = (SELECT id FROM conversation WHERE group_id = $2::text)";
const std::string list_groups_sql =
    groups_sql + " AND c.group_id > $2::text ORDER BY c.group_id LIMIT $3::bigint";
constexpr const char* list_members_sql = R"(
SELECT user_id, role::bigint, joined_seq, first_seq FROM member WHERE conversation_id = $1::bigint AND user_id > $2::text
ORDER BY user_id LIMIT $3::bigint)";

constexpr const char* profiles_sql = R"(
SELECT p.name, p.avatar FROM unnest($1::text[]) WITH ORDINALITY AS i (user_id, n)
LEFT JOIN profile p ON p.user_id = i.user_id ORDER BY i.n)";
constexpr const char* revocations_sql = "SELECT user_id, at_us FROM revocation WHERE at_us >= $1::bigint";
constexpr const char* blocks_sql = "SELECT blocked FROM block WHERE user_id = $1::text ORDER BY blocked";
constexpr const char* bans_sql =
    "SELECT user_id, reason, since_ms, until_ms FROM ban WHERE changed_ms >= $1::bigint";
constexpr const char* has_blocked_sql =
    "SELECT EXISTS (SELECT FROM block WHERE user_id = $1::text AND blocked = $2::text)";
constexpr const char* blockers_of_sql = R"(
SELECT i.n FROM unnest($2::text[]) WITH ORDINALITY AS i (user_id, n)
WHERE EXISTS (SELECT FROM block b WHERE b.user_id = i.user_id AND b.blocked = $1::text) ORDER BY i.n)";
constexpr const char* acquainted_sql = R"(
SELECT i.n FROM unnest($2::text[]) WITH ORDINALITY AS i (user_id, n)
WHERE EXISTS (
  SELECT FROM member theirs
  JOIN member mine ON mine.user_id = $1::text AND mine.conversation_id = theirs.conversation_id
  JOIN conversation c ON c.id = theirs.conversation_id AND NOT c.dismissed AND c.last_seq > 0
  WHERE theirs.user_id = i.user_id) ORDER BY i.n)";

/// The last id that was taken. A sequence is no part of a transaction.
constexpr const char* last_id_sql =
    "SELECT CASE WHEN is_called THEN last_value ELSE last_value - 1 END FROM message_id_seq";
/// The transactions that may have taken an id and are not over: they hold their tables until then. Of others,
/// however long, nothing depends.
constexpr const char* open_writers_sql = R"(
SELECT DISTINCT virtualtransaction FROM pg_locks
WHERE locktype = 'relation' AND database = (SELECT oid FROM pg_database WHERE datname = current_database())
  AND relation IN ('message'::regclass, 'side_event'::regclass) AND mode = 'RowExclusiveLock' AND granted)";
/// What was added since PostgreSQL has last done it by itself, some minutes ago, would be gone through by
/// each read by id.
/// It waits for nobody: PostgreSQL would end an autovacuum for it.
const std::string summarize_settings = "SET LOCAL lock_timeout = 100";
constexpr const char* summarize_sql = "SELECT brin_summarize_new_values('message_id')";
const std::string entries_by_id_sql = "SELECT " + std::string(message_columns) + R"(
FROM message m JOIN conversation c ON c.id = m.conversation_id
WHERE m.id > $1::bigint AND m.id <= $2::bigint AND m.imported_id IS NULL ORDER BY m.id LIMIT $3::bigint)";
constexpr const char* side_events_sql = R"(
SELECT id, conversation_id, seq, user_id, emoji, is_on, at_ms FROM side_event
WHERE id > $1::bigint AND id <= $2::bigint ORDER BY id LIMIT $3::bigint)";
constexpr const char* kept_versions_sql = R"(
SELECT v.conversation_id, v.seq, v.edits::bigint, v.kind::bigint, v.content, v.ext
FROM unnest($1::bigint[], $2::bigint[], $3::bigint[]) AS r (id, after_seq, before_seq)
CROSS JOIN LATERAL (
  SELECT * FROM message_version WHERE conversation_id = r.id AND seq > r.after_seq AND seq < r.before_seq OFFSET 0) AS v)";
constexpr const char* webhooks_sql = "SELECT name, position, notes, wish FROM webhook ORDER BY name";
constexpr const char* failed_events_sql = R"(
SELECT event_id, at_ms, attempts::bigint, why FROM webhook_failed
WHERE webhook = $1::text AND event_id > $2::bigint ORDER BY event_id LIMIT $3::bigint)";

/// Rows of some pages: fewer are not worth it.
constexpr std::int64_t summarized_ids = 1000;

const std::vector<named_statement>& reader_statements() {
  static const std::vector<named_statement> list{{"latest_of_user", latest_of_user_sql},
                                                 {"latest_of_pair", latest_of_pair_sql},
                                                 {"memberships", shown_memberships_sql},
                                                 {"some_memberships", some_memberships_sql},
                                                 {"listed", listed_sql},
                                                 {"active", active_sql},
                                                 {"find_membership", find_membership_sql},
                                                 {"log", log_sql},
                                                 {"unread", unread_sql},
                                                 {"first_mentions", first_mentions_sql},
                                                 {"grants", grants_sql},
                                                 {"reactions", reactions_sql},
                                                 {"walk", walk_sql},
                                                 {"search", search_sql},
                                                 {"find_group", find_group_sql},
                                                 {"list_groups", list_groups_sql},
                                                 {"list_members", list_members_sql},
                                                 {"profiles", profiles_sql},
                                                 {"revocations", revocations_sql},
                                                 {"bans", bans_sql},
                                                 {"blocks", blocks_sql},
                                                 {"find_files", find_files_sql},
                                                 {"has_blocked", has_blocked_sql},
                                                 {"blockers_of", blockers_of_sql},
                                                 {"acquainted", acquainted_sql},
                                                 {"last_id", last_id_sql},
                                                 {"open_writers", open_writers_sql},
                                                 {"summarize", summarize_sql},
                                                 {"entries_by_id", entries_by_id_sql},
                                                 {"side_events", side_events_sql},
                                                 {"kept_versions", kept_versions_sql},
                                                 {"webhooks", webhooks_sql},
                                                 {"failed_events", failed_events_sql}};
  return list;
}

constexpr auto most = std::numeric_limits<std::int64_t>::max();

std::int64_t limit_of(std::size_t limit) {
  return static_cast<std::int64_t>(std::min<std::uint64_t>(limit, most));
}

/// Tokens hold letters and digits only; they are quoted all the same.
std::string query_of(const std::vector<search_term>& terms) {
  std::string query;
  for (const auto& [token, prefix] : terms) {
    if (!query.empty()) query += '&';
    query += '\'';
    for (const char c : token) {
      if (c == '\'' || c == '\\') query += c;
      query += c;
    }
    query += prefix ? "':*" : "'";
  }
  return query;
}

membership read_membership(const pg_rows& rows, int row) {
  membership found;
  found.conversation_id = rows.bigint(row, 0);
  found.with = rows.is_null(row, 1) ? peer_or_group(stored_user(rows.text(row, 2)))
                                    : peer_or_group::group(stored_user(rows.text(row, 1)));
  found.role = role_of(rows.bigint(row, 3));
  found.last_seq = rows.bigint(row, 4);
  found.last_at = from_ms(rows.bigint(row, 5));
  found.first_seq = rows.bigint(row, 6);
  found.read_seq = rows.bigint(row, 7);
  if (!rows.is_null(row, 8)) found.peer_read_seq = rows.bigint(row, 8);
  found.pinned = rows.boolean(row, 9);
  found.muted = rows.boolean(row, 10);
  found.shown_seq = rows.bigint(row, 11);
  found.shown_at = from_ms(rows.bigint(row, 12));
  found.kept_from = rows.bigint(row, 13);
  return found;
}

group_info read_group(const pg_rows& rows, int row) {
  return {.conversation_id = rows.bigint(row, 0),
          .id = stored_user(rows.text(row, 1)),
          .name = std::string(rows.text(row, 2)),
          .owner = stored_user(rows.text(row, 3)),
          .member_count = static_cast<std::size_t>(rows.bigint(row, 4)),
          .muted = rows.boolean(row, 5),
          .history = history_of(rows.bigint(row, 6)),
          .created_at = from_ms(rows.bigint(row, 7))};
}

/// What `read` makes of each row.
template <class Read>
auto read_all(const pg_rows& rows, Read read) {
  std::vector<decltype(read(rows, 0))> all;
  all.reserve(static_cast<std::size_t>(rows.size()));
  for (int row = 0; row < rows.size(); ++row) all.push_back(read(rows, row));
  return all;
}

message read_whole_message(const pg_rows& rows, int row) { return read_message(rows, row, 0); }

class reader final : public message_reader {
public:
  explicit reader(std::shared_ptr<hosts> database) : hosts_(std::move(database)) {}

  result<std::vector<message>> latest(const history_query& query) override {
    parameters_.clear();
    if (query.peer) {
      const auto [low, high] = conversation_key(query.user, *query.peer);
      parameters_.add(low);
      parameters_.add(high);
    } else {
      parameters_.add(std::string_view(query.user.text()));
    }
    parameters_.add(query.before_id.value_or(most));
    parameters_.add(limit_of(query.limit));
    auto rows = run(query.peer ? "latest_of_pair" : "latest_of_user");
    if (!rows) return rows.error();
    auto messages = read_all(*rows, read_whole_message);
    std::ranges::reverse(messages); // the newest came first
    return messages;
  }

  result<std::vector<membership>> memberships(const user_id& user) override {
    parameters_.clear();
    parameters_.add(std::string_view(user.text()));
    auto rows = run("memberships");
    if (!rows) return rows.error();
    return read_all(*rows, read_membership);
  }

  result<std::vector<membership>> some_memberships(const user_id& user,
                                                   std::span<const std::int64_t> of) override {
    parameters_.clear();
    parameters_.add(std::string_view(user.text()));
    add_numbers(parameters_, of, std::identity());
    auto rows = run("some_memberships");
    if (!rows) return rows.error();
    return read_all(*rows, read_membership);
  }

  result<std::vector<membership>> listed(const user_id& user, const list_key& after,
                                         std::size_t limit) override {
    parameters_.clear();
    parameters_.add(std::string_view(user.text()));
    for (const auto part : after) parameters_.add(part);
    parameters_.add(static_cast<std::int64_t>(limit));
    auto rows = run("listed");
    if (!rows) return rows.error();
    auto some = read_all(*rows, read_membership);
    std::ranges::sort(some, {}, list_key_of);
    return some;
  }

  result<std::vector<conversation_activity>> active(std::span<const user_id> users,
                                                    wall_time since) override {
    parameters_.clear();
    add_texts(parameters_, users, [](const user_id& user) -> std::string_view { return user.text(); });
    parameters_.add(to_ms(since));
    auto rows = run("active");
    if (!rows) return rows.error();
    return read_all(*rows, [](const pg_rows& from, int row) {
      return conversation_activity{from.bigint(row, 0), from.bigint(row, 1)};
    });
  }

  result<std::optional<membership>> find_membership(const user_id& user, const peer_or_group& with) override {
    parameters_.clear();
    parameters_.add(std::string_view(user.text()));
    if (with.is_group()) {
      parameters_.add(std::string_view(with.id.text()));
      parameters_.add_null();
      parameters_.add_null();
    } else {
      const auto [low, high] = conversation_key(user, with.id);
      parameters_.add_null();
      parameters_.add(low);
      parameters_.add(high);
    }
    auto rows = run("find_membership");
    if (!rows) return rows.error();
    if (rows->size() == 0) return std::optional<membership>();
    return std::optional(read_membership(*rows, 0));
  }

  result<std::vector<message>> log(std::span<const log_range> ranges) override {
    if (ranges.empty()) return std::vector<message>{};
    parameters_.clear();
    add_numbers(parameters_, ranges, [](const log_range& r) { return r.conversation_id; });
    add_numbers(parameters_, ranges, [](const log_range& r) { return r.after_seq; });
    add_numbers(parameters_, ranges, [](const log_range& r) { return r.before_seq; });
    add_numbers(parameters_, ranges, [](const log_range& r) { return limit_of(r.limit); });
    add_numbers(parameters_, ranges, [](const log_range& r) { return r.newest ? 1 : 0; });
    auto rows = run("log");
    if (!rows) return rows.error();
    return read_all(*rows, read_whole_message);
  }

  result<std::vector<std::size_t>> unread(const user_id& user,
                                          std::span<const unread_question> questions) override {
    if (questions.empty()) return std::vector<std::size_t>{};
    put(user, questions);
    parameters_.add(limit_of(unread_max));
    auto rows = run("unread");
    if (!rows) return rows.error();
    auto counts = read_all(
        *rows, [](const pg_rows& all, int row) { return static_cast<std::size_t>(all.bigint(row, 0)); });
    for (const auto count : counts) count_rows(count);
    return counts;
  }

  result<std::vector<std::optional<std::int64_t>>>
  first_mentions(const user_id& user, std::span<const unread_question> questions) override {
    if (questions.empty()) return std::vector<std::optional<std::int64_t>>{};
    put(user, questions);
    auto rows = run("first_mentions");
    if (!rows) return rows.error();
    return read_all(*rows, [](const pg_rows& all, int row) {
      return all.is_null(row, 0) ? std::nullopt : std::optional(all.bigint(row, 0));
    });
  }

  result<std::vector<message_reactions>> reactions(const user_id& seen_by,
                                                   std::span<const log_range> ranges) override {
    if (ranges.empty()) return std::vector<message_reactions>{};
    add_reaction_ranges(parameters_, seen_by, ranges);
    auto rows = run("reactions");
    if (!rows) return rows.error();
    return read_reactions(*rows);
  }

  /// Newest first: what was met in a walk is older than what was met before it.
  result<search_matches> search(const search_question& question) override {
    const auto until = std::chrono::steady_clock::now() + question.within;
    const std::string query = query_of(question.terms);
    search_matches found;
    if (question.limit == 0) return found;
    const auto is_full = [&] { return found.messages.size() >= question.limit; };

    result<std::int64_t> low = question.before_id.value_or(most);
    for (const auto& [messages, hits] : first_walks) {
      low = walk(question, query, *low, messages, found);
      if (!low) return low.error();
      if (*low == 0 || is_full()) return found;
      if (std::ssize(found.messages) >= hits) continue;
      const auto complete = search_index(question, query, *low, found);
      if (!complete) return complete.error();
      if (*complete) return found;
      break;
    }
    while (*low > 0 && !is_full()) {
      if (std::chrono::steady_clock::now() > until) {
        found.walked_to = *low;
        return found;
      }
      low = walk(question, query, *low, long_walk, found);
      if (!low) return low.error();
    }
    return found;
  }

  result<std::optional<group_info>> find_group(const user_id& user, const user_id& id) override {
    parameters_.clear();
    parameters_.add(std::string_view(user.text()));
    parameters_.add(std::string_view(id.text()));
    auto rows = run("find_group");
    if (!rows) return rows.error();
    if (rows->size() == 0) return std::optional<group_info>();
    return std::optional(read_group(*rows, 0));
  }

  result<std::vector<group_info>> groups(const user_id& user, const std::string& after,
                                         std::size_t limit) override {
    parameters_.clear();
    parameters_.add(std::string_view(user.text()));
    parameters_.add(std::string_view(after));
    parameters_.add(limit_of(limit));
    auto rows = run("list_groups");
    if (!rows) return rows.error();
    return read_all(*rows, read_group);
  }

  result<std::vector<group_member>> members(std::int64_t conversation, const std::string& after,
                                            std::size_t limit) override {
    parameters_.clear();
    parameters_.add(conversation);
    parameters_.add(std::string_view(after));
    parameters_.add(limit_of(limit));
    auto rows = run("list_members");
    if (!rows) return rows.error();
    return read_all(*rows, [](const pg_rows& all, int row) {
      return group_member{stored_user(all.text(row, 0)), role_of(all.bigint(row, 1)), all.bigint(row, 2),
                          all.bigint(row, 3)};
    });
  }

  result<std::vector<profile>> profiles(std::span<const user_id> users) override {
    parameters_.clear();
    add_texts(parameters_, users, [](const user_id& user) -> std::string_view { return user.text(); });
    auto rows = run("profiles");
    if (!rows) return rows.error();
    return read_all(*rows, [&](const pg_rows& all, int row) {
      return profile{users[static_cast<std::size_t>(row)], all.optional_text(row, 0),
                     all.optional_text(row, 1)};
    });
  }

  result<std::vector<revocation>> revocations(std::int64_t since_us) override {
    parameters_.clear();
    parameters_.add(since_us);
    auto rows = run("revocations");
    if (!rows) return rows.error();
    return read_all(*rows, [](const pg_rows& all, int row) {
      return revocation{stored_user(all.text(row, 0)), all.bigint(row, 1)};
    });
  }

  result<std::vector<ban>> bans(wall_time since) override {
    parameters_.clear();
    parameters_.add(to_ms(since));
    auto rows = run("bans");
    if (!rows) return rows.error();
    return read_all(*rows, [](const pg_rows& all, int row) {
      return ban_of(stored_user(all.text(row, 0)), all.text(row, 1), all.bigint(row, 2), all.bigint(row, 3));
    });
  }

  result<std::vector<push_grant>> grants(const user_id& user) override {
    parameters_.clear();
    parameters_.add(std::string_view(user.text()));
    auto rows = run("grants");
    if (!rows) return rows.error();
    return read_grants(*rows);
  }

  result<std::optional<stored_file>> find_file(const file_question& question, wall_time now) override {
    add_questions(parameters_, std::span(&question, 1), now);
    auto rows = run("find_files");
    if (!rows) return rows.error();
    return read_files(*rows, std::span(&question, 1)).front();
  }

  result<std::vector<user_id>> blocks(const user_id& user) override {
    parameters_.clear();
    parameters_.add(std::string_view(user.text()));
    auto rows = run("blocks");
    if (!rows) return rows.error();
    return read_all(*rows, [](const pg_rows& all, int row) { return stored_user(all.text(row, 0)); });
  }

  result<bool> has_blocked(const user_id& user, const user_id& other) override {
    parameters_.clear();
    parameters_.add(std::string_view(user.text()));
    parameters_.add(std::string_view(other.text()));
    auto rows = run("has_blocked");
    if (!rows) return rows.error();
    return rows->boolean(0, 0);
  }

  result<std::vector<user_id>> blockers(const user_id& user, std::span<const user_id> others) override {
    return some_of("blockers_of", user, others);
  }

  result<std::vector<user_id>> acquainted(const user_id& user, std::span<const user_id> others) override {
    return some_of("acquainted", user, others);
  }

  /// An id that was the last when those that were writing then have ended: none below it is still to come.
  result<settled_ids> settled() override {
    if (auto opened = open(); !opened) return opened.error();
    parameters_.clear();
    auto ids = ask("last_id");
    if (!ids) return ids.error();
    const auto last = ids->bigint(0, 0);
    parameters_.clear();
    auto rows = ask("open_writers"); // after it: whoever has taken one is among them, or has ended
    if (!rows) return rows.error();
    auto writing = read_all(*rows, [](const pg_rows& all, int row) { return std::string(all.text(row, 0)); });
    if (awaited_.empty()) {
      awaited_id_ = last;
      awaited_ = std::move(writing);
    } else {
      std::erase_if(awaited_,
                    [&](const std::string& one) { return std::ranges::find(writing, one) == writing.end(); });
    }
    if (awaited_.empty()) settled_id_ = awaited_id_;
    settled_id_ = std::min(settled_id_, last); // another store, perhaps
    summarize();
    return settled_ids{settled_id_, last};
  }

  result<std::vector<message>> entries_by_id(std::int64_t after, std::int64_t up_to,
                                             std::size_t limit) override {
    put_range(after, up_to, limit);
    auto rows = run("entries_by_id");
    if (!rows) return rows.error();
    return read_all(*rows, read_whole_message);
  }

  result<std::vector<side_event>> side_events(std::int64_t after, std::int64_t up_to,
                                              std::size_t limit) override {
    put_range(after, up_to, limit);
    auto rows = run("side_events");
    if (!rows) return rows.error();
    return read_all(*rows, [](const pg_rows& all, int row) {
      return side_event{.id = all.bigint(row, 0),
                        .what = {.conversation_id = all.bigint(row, 1),
                                 .seq = all.bigint(row, 2),
                                 .user = stored_user(all.text(row, 3)),
                                 .emoji = std::string(all.text(row, 4)),
                                 .on = all.boolean(row, 5)},
                        .at = from_ms(all.bigint(row, 6))};
    });
  }

  result<std::vector<kept_version>> kept_versions(std::span<const log_range> ranges) override {
    if (ranges.empty()) return std::vector<kept_version>{};
    parameters_.clear();
    add_numbers(parameters_, ranges, [](const log_range& r) { return r.conversation_id; });
    add_numbers(parameters_, ranges, [](const log_range& r) { return r.after_seq; });
    add_numbers(parameters_, ranges, [](const log_range& r) { return r.before_seq; });
    auto rows = run("kept_versions");
    if (!rows) return rows.error();
    return read_all(*rows, [](const pg_rows& all, int row) {
      return kept_version{.conversation_id = all.bigint(row, 0),
                          .seq = all.bigint(row, 1),
                          .edits = static_cast<std::int32_t>(all.bigint(row, 2)),
                          .kind = kind_of(all.bigint(row, 3)),
                          .content = std::string(all.text(row, 4)),
                          .ext = all.optional_text(row, 5)};
    });
  }

  result<std::vector<webhook_row>> webhooks() override {
    parameters_.clear();
    auto rows = run("webhooks");
    if (!rows) return rows.error();
    return read_all(*rows, [](const pg_rows& all, int row) {
      return webhook_row{.name = std::string(all.text(row, 0)),
                         .position = all.bigint(row, 1),
                         .notes = std::string(all.text(row, 2)),
                         .wish = std::string(all.text(row, 3))};
    });
  }

  result<std::vector<failed_event>> failed_events(const std::string& webhook, std::int64_t after,
                                                  std::size_t limit) override {
    parameters_.clear();
    parameters_.add(std::string_view(webhook));
    parameters_.add(after);
    parameters_.add(limit_of(limit));
    auto rows = run("failed_events");
    if (!rows) return rows.error();
    return read_all(*rows, [](const pg_rows& all, int row) {
      return failed_event{.id = all.bigint(row, 0),
                          .at = from_ms(all.bigint(row, 1)),
                          .attempts = static_cast<std::int32_t>(all.bigint(row, 2)),
                          .why = std::string(all.text(row, 3))};
    });
  }

private:
  void put_range(std::int64_t after, std::int64_t up_to, std::size_t limit) {
    parameters_.clear();
    parameters_.add(after);
    parameters_.add(up_to);
    parameters_.add(limit_of(limit));
  }

  /// It only makes reads by id cheaper: where it fails (the index is another role's, or somebody works on the
  /// table) they go through more.
  void summarize() {
    const auto now = std::chrono::steady_clock::now();
    if (settled_id_ - summarized_id_ < summarized_ids || now < summarize_at_) return;
    summarize_at_ = now + std::chrono::seconds(1);
    summarized_id_ = settled_id_;
    auto transaction = pg_transaction::begin(connection_, summarize_settings, read_limit);
    if (!transaction) return give_it_up(now);
    parameters_.clear();
    if (!connection_.run("summarize", parameters_, read_limit) || !transaction->commit()) give_it_up(now);
  }

  void give_it_up(std::chrono::steady_clock::time_point now) {
    summarize_at_ = now + std::chrono::minutes(1);
  }

  void put(const user_id& user, std::span<const unread_question> questions) {
    parameters_.clear();
    parameters_.add(std::string_view(user.text()));
    add_numbers(parameters_, questions, [](const unread_question& q) { return q.conversation_id; });
    add_numbers(parameters_, questions, [](const unread_question& q) { return q.after_seq; });
    add_numbers(parameters_, questions, [](const unread_question& q) { return q.up_to_seq; });
  }

  /// Those of `others` whose places, from 1, a statement answers.
  result<std::vector<user_id>> some_of(const char* statement, const user_id& user,
                                       std::span<const user_id> others) {
    if (others.empty()) return std::vector<user_id>{};
    parameters_.clear();
    parameters_.add(std::string_view(user.text()));
    add_texts(parameters_, others, [](const user_id& other) -> std::string_view { return other.text(); });
    auto rows = run(statement);
    if (!rows) return rows.error();
    return read_all(*rows, [&](const pg_rows& all, int row) {
      return others[static_cast<std::size_t>(all.bigint(row, 0) - 1)];
    });
  }

  result<void> open() {
    // Nothing has been sent: a session that ended while it was idle is simply made again.
    if (connection_.is_alive()) return {};
    connection_.close();
    auto made = open_to_read(*hosts_, reader_statements());
    if (!made) return unavailable(made.error());
    connection_ = *std::move(made);
    settled_id_ = 0; // what was settled elsewhere need not be here
    awaited_.clear();
    return {};
  }

  result<pg_rows> run(const char* statement) {
    if (auto opened = open(); !opened) return opened.error();
    return ask(statement);
  }

  /// As run(), on the session that is open: never another in the middle of a transaction.
  result<pg_rows> ask(const char* statement) {
    auto rows = connection_.run(statement, parameters_, read_limit);
    if (!rows) return give_up(rows.error());
    count_rows(static_cast<std::size_t>(rows->size()));
    return *std::move(rows);
  }

  void fill(const search_question& question, const std::string& query, std::int64_t before,
            const search_matches& found, std::int64_t most_rows) {
    parameters_.clear();
    parameters_.add(std::string_view(question.user.text()));
    parameters_.add(std::string_view(query));
    parameters_.add(before);
    if (question.conversation_id)
      parameters_.add(*question.conversation_id);
    else
      parameters_.add_null();
    parameters_.add(limit_of(question.limit - found.messages.size()));
    parameters_.add(most_rows);
  }

  static void take(const pg_rows& rows, search_matches& found) {
    for (int row = 0; row < rows.size(); ++row)
      if (!rows.is_null(row, 1)) found.messages.push_back(read_message(rows, row, 1));
  }

  /// Looks at `count` messages before an id. Answers the id of the last; 0: there are no more.
  result<std::int64_t> walk(const search_question& question, const std::string& query, std::int64_t before,
                            std::int64_t count, search_matches& found) {
    fill(question, query, before, found, count - 1);
    auto rows = run("walk");
    if (!rows) return rows.error();
    take(*rows, found);
    count_rows(static_cast<std::size_t>(count));
    return rows->bigint(0, 0);
  }

  /// Asks the index for all before an id. False: there are too many.
  result<bool> search_index(const search_question& question, const std::string& query, std::int64_t before,
                            search_matches& found) {
    if (auto opened = open(); !opened) return opened.error();
    auto transaction = pg_transaction::begin(connection_, search_settings, read_limit);
    if (!transaction) return give_up(transaction.error());
    fill(question, query, before, found, index_hits_max);
    auto rows = ask("search");
    if (!rows) return rows.error();
    if (auto ended = transaction->commit(); !ended) return give_up(ended.error());
    if (rows->bigint(0, 0) >= index_hits_max) return false;
    take(*rows, found);
    return true;
  }

  /// The session goes too, in case the server is the trouble.
  error give_up(const pg_error& why) {
    connection_.close();
    return unavailable(why);
  }

  std::shared_ptr<hosts> hosts_;
  pg_connection connection_;
  pg_parameters parameters_;
  // Of settled():
  std::int64_t settled_id_ = 0;
  std::int64_t awaited_id_ = 0;
  std::vector<std::string> awaited_; ///< who was writing when it was the last
  std::int64_t summarized_id_ = 0;
  std::chrono::steady_clock::time_point summarize_at_{};
};

} // namespace

std::unique_ptr<message_reader> make_reader(std::shared_ptr<hosts> database) {
  return std::make_unique<reader>(std::move(database));
}

} // namespace hongyan::postgres
