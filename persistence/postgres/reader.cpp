#include "persistence/postgres/reader.hpp"

#include "persistence/append_rules.hpp"
#include "persistence/postgres/rows.hpp"
#include "persistence/postgres/session.hpp"

#include <algorithm>
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
       AND kind NOT IN (6, 7) AND NOT recalled ORDER BY id DESC LIMIT $3::bigint)
    UNION ALL
    (SELECT * FROM message WHERE target = $1::text AND id < $2::bigint
       AND kind NOT IN (6, 7) AND NOT recalled ORDER BY id DESC LIMIT $3::bigint)
  ) AS either ORDER BY id DESC LIMIT $3::bigint
) AS m, (SELECT NULL::text AS group_id) AS c)";
const std::string latest_of_pair_sql = "SELECT " + std::string(message_columns) + R"(
FROM message m, (SELECT NULL::text AS group_id) AS c
WHERE m.conversation_id = (SELECT id FROM conversation WHERE user_low = $1::text AND user_high = $2::text)
  AND m.id < $3::bigint AND m.kind NOT IN (6, 7) AND NOT m.recalled ORDER BY m.id DESC LIMIT $4::bigint)";

const std::string memberships_sql = R"(
SELECT m.conversation_id, c.group_id, CASE WHEN c.user_low = $1::text THEN c.user_high ELSE c.user_low END,
       m.role::bigint, c.last_seq, c.last_at_ms, m.first_seq, m.read_seq, peer.read_seq, m.pinned, m.muted
FROM member m JOIN conversation c ON c.id = m.conversation_id
LEFT JOIN member peer ON peer.conversation_id = c.id
  AND peer.user_id = CASE WHEN c.user_low = $1::text THEN c.user_high ELSE c.user_low END
WHERE m.user_id = $1::text AND NOT c.dismissed)";
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
    SELECT FROM message m WHERE m.conversation_id = q.id AND m.seq > q.after_seq AND m.sender <> $1::text
      AND NOT m.recalled AND m.kind NOT IN (6, 7) LIMIT $4::bigint) AS counted)
FROM unnest($2::bigint[], $3::bigint[]) WITH ORDINALITY AS q (id, after_seq, n) ORDER BY q.n)";

/// hits: all that match in the user's conversations, which the lexemes of these say; a user with more than a
/// thousand has to do without them. `+ 0` keeps the walk down the ids, past everybody's messages, out of the
/// planner's mind. The newest hits are then looked at one after the other, with OFFSET 0 in this order
/// whatever the planner thinks, until there are enough.
const std::string search_sql = R"(
WITH hits AS MATERIALIZED (
  SELECT s.message_id, s.conversation_id FROM message_search s
  WHERE s.tokens @@ (
      SELECT CASE WHEN count(*) <= 1000
             THEN $2::text::tsquery && string_agg('''@' || conversation_id || '''', '|')::tsquery
             ELSE $2::text::tsquery END
      FROM member WHERE user_id = $1::text AND conversation_id = coalesce($4::bigint, conversation_id))
    AND s.message_id + 0 < $3::bigint
)
SELECT )" + std::string(message_columns) +
                               R"(
FROM (SELECT * FROM hits WHERE conversation_id = coalesce($4::bigint, conversation_id)
      ORDER BY message_id DESC OFFSET 0) AS hit
CROSS JOIN LATERAL (
  SELECT first_seq FROM member WHERE user_id = $1::text AND conversation_id = hit.conversation_id OFFSET 0) AS u
CROSS JOIN LATERAL (
  SELECT group_id FROM conversation WHERE id = hit.conversation_id AND NOT dismissed OFFSET 0) AS c
CROSS JOIN LATERAL (
  SELECT * FROM message WHERE conversation_id = hit.conversation_id AND id = hit.message_id
    AND seq >= u.first_seq AND NOT recalled OFFSET 0) AS m
ORDER BY hit.message_id DESC LIMIT $5::bigint)";
/// A GIN index answers with a bitmap only. The plan is to see the query's words and the conversations.
const std::string begin_search = "BEGIN; SET LOCAL enable_bitmapscan = on; SET LOCAL plan_cache_mode = "
                                 "force_custom_plan; SET LOCAL max_parallel_workers_per_gather = 0";

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
SELECT user_id, role::bigint, joined_seq FROM member WHERE conversation_id = $1::bigint AND user_id > $2::text
ORDER BY user_id LIMIT $3::bigint)";

constexpr const char* profiles_sql = R"(
SELECT p.name, p.avatar FROM unnest($1::text[]) WITH ORDINALITY AS i (user_id, n)
LEFT JOIN profile p ON p.user_id = i.user_id ORDER BY i.n)";
constexpr const char* blocks_sql = "SELECT blocked FROM block WHERE user_id = $1::text ORDER BY blocked";
constexpr const char* has_blocked_sql =
    "SELECT EXISTS (SELECT FROM block WHERE user_id = $1::text AND blocked = $2::text)";

const std::vector<named_statement>& statements() {
  static const std::vector<named_statement> list{{"latest_of_user", latest_of_user_sql},
                                                 {"latest_of_pair", latest_of_pair_sql},
                                                 {"memberships", memberships_sql},
                                                 {"active", active_sql},
                                                 {"find_membership", find_membership_sql},
                                                 {"log", log_sql},
                                                 {"unread", unread_sql},
                                                 {"search", search_sql},
                                                 {"find_group", find_group_sql},
                                                 {"list_groups", list_groups_sql},
                                                 {"list_members", list_members_sql},
                                                 {"profiles", profiles_sql},
                                                 {"blocks", blocks_sql},
                                                 {"has_blocked", has_blocked_sql}};
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
  found.with = rows.is_null(row, 1) ? place(stored_user(rows.text(row, 2)))
                                    : place::group(stored_user(rows.text(row, 1)));
  found.role = static_cast<group_role>(rows.bigint(row, 3));
  found.last_seq = rows.bigint(row, 4);
  found.last_at = from_ms(rows.bigint(row, 5));
  found.first_seq = rows.bigint(row, 6);
  found.read_seq = rows.bigint(row, 7);
  if (!rows.is_null(row, 8)) found.peer_read_seq = rows.bigint(row, 8);
  found.pinned = rows.boolean(row, 9);
  found.muted = rows.boolean(row, 10);
  return found;
}

group_info read_group(const pg_rows& rows, int row) {
  return {.conversation_id = rows.bigint(row, 0),
          .id = stored_user(rows.text(row, 1)),
          .name = std::string(rows.text(row, 2)),
          .owner = stored_user(rows.text(row, 3)),
          .member_count = static_cast<std::size_t>(rows.bigint(row, 4)),
          .muted = rows.boolean(row, 5),
          .history = static_cast<group_history>(rows.bigint(row, 6)),
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
  explicit reader(std::string uri) : uri_(std::move(uri)) {}

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

  result<std::optional<membership>> find_membership(const user_id& user, const place& with) override {
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
    parameters_.clear();
    parameters_.add(std::string_view(user.text()));
    add_numbers(parameters_, questions, [](const unread_question& q) { return q.conversation_id; });
    add_numbers(parameters_, questions, [](const unread_question& q) { return q.after_seq; });
    parameters_.add(limit_of(unread_max));
    auto rows = run("unread");
    if (!rows) return rows.error();
    auto counts = read_all(
        *rows, [](const pg_rows& all, int row) { return static_cast<std::size_t>(all.bigint(row, 0)); });
    for (const auto count : counts) count_rows(count);
    return counts;
  }

  result<std::vector<message>> search(const search_question& question) override {
    if (auto opened = open(); !opened) return opened.error();
    parameters_.clear();
    parameters_.add(std::string_view(question.user.text()));
    const std::string query = query_of(question.terms);
    parameters_.add(std::string_view(query));
    parameters_.add(question.before_id.value_or(most));
    if (question.conversation_id)
      parameters_.add(*question.conversation_id);
    else
      parameters_.add_null();
    parameters_.add(limit_of(question.limit));

    if (auto begun = connection_.script(begin_search, read_limit); !begun) return give_up(begun.error());
    auto rows = run("search");
    if (!rows) return rows.error();
    if (auto ended = connection_.script("COMMIT", read_limit); !ended) return give_up(ended.error());
    return read_all(*rows, read_whole_message);
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
      return group_member{stored_user(all.text(row, 0)), static_cast<group_role>(all.bigint(row, 1)),
                          all.bigint(row, 2)};
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

private:
  result<void> open() {
    // Nothing has been sent: a session that ended while it was idle is simply made again.
    if (connection_.is_alive()) return {};
    connection_.close();
    auto made = open_session(uri_, statements());
    if (!made) return unavailable(made.error());
    connection_ = *std::move(made);
    return {};
  }

  result<pg_rows> run(const char* statement) {
    if (auto opened = open(); !opened) return opened.error();
    auto rows = connection_.run(statement, parameters_, read_limit);
    if (!rows) return give_up(rows.error());
    count_rows(static_cast<std::size_t>(rows->size()));
    return *std::move(rows);
  }

  /// The session goes too, in case the server is the trouble.
  error give_up(const pg_error& why) {
    connection_.close();
    return unavailable(why);
  }

  std::string uri_;
  pg_connection connection_;
  pg_parameters parameters_;
};

} // namespace

std::unique_ptr<message_reader> make_reader(const std::string& uri) { return std::make_unique<reader>(uri); }

} // namespace hongyan::postgres
