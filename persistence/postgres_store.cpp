#include "persistence/postgres_store.hpp"

#include "persistence/append_rules.hpp"
#include "persistence/migrations.hpp"
#include "persistence/pg_handle.hpp"

#include <libpq-fe.h>

#include <algorithm>
#include <limits>
#include <random>
#include <unordered_map>

namespace hongyan {

namespace {

using std::chrono::milliseconds;

/// Long enough for a disk that stalls; short enough that senders, who wait for it, do not give up first.
constexpr milliseconds append_limit{5000};
/// The server gives up before we do: then nothing was stored, instead of nobody knows. Also what a reader may
/// take.
constexpr std::string_view statement_timeout_ms = "4500";
constexpr milliseconds read_limit{5000};
/// /readyz waits for it.
constexpr milliseconds check_limit{2000};
/// Another server may hold the lock and migrate a large table.
constexpr milliseconds migration_limit{60000};
constexpr std::string_view migration_lock = "5219140917421801081"; // any number, ours: "Hongyan" and a mark

/// A batch that lost a race against another node finds the winner's messages at the second attempt; the
/// others are for a hostile client that races on purpose.
constexpr int attempts_max = 4;
/// About 150 bytes each. A miss costs a small statement for the whole batch.
constexpr std::size_t known_conversations_max = 100'000;

// The plans are to be the same on an empty and on a full table, with and without statistics: index lookups
// from the arrays that a batch brings. A generic plan is made once a session.
constexpr const char* session_settings_sql =
    "SELECT set_config(name, value, false) FROM (VALUES"
    " ('statement_timeout', $1), ('plan_cache_mode', 'force_generic_plan'), ('jit', 'off'),"
    " ('enable_seqscan', 'off'), ('enable_bitmapscan', 'off'), ('enable_hashjoin', 'off'),"
    " ('enable_mergejoin', 'off'),"
    // A node that vanishes while the server waits for the rest of its batch must not keep rows locked.
    " ('tcp_keepalives_idle', '5'), ('tcp_keepalives_interval', '2'), ('tcp_keepalives_count', '2'),"
    " ('tcp_user_timeout', '5000')"
    ") AS setting (name, value)";
/// Other values than off all wait for our own disk.
constexpr const char* durable_sql = "SELECT set_config('synchronous_commit', 'on', false) WHERE "
                                    "current_setting('synchronous_commit') = 'off'";
constexpr const char* server_facts_sql =
    "SELECT current_setting('fsync') = 'on', current_setting('transaction_read_only') = 'on',"
    " to_regclass('schema_migration') IS NOT NULL";

/// The ids of conversations by their keys, which are sorted, so that two nodes that make the same ones wait
/// for one another in one direction only. It commits by itself and without a sync: should the row be lost in
/// a crash, then so is every later commit that used it.
constexpr const char* conversations_sql = R"(
WITH found AS MATERIALIZED (
  SELECT i.low, i.high, (SELECT c.id FROM conversation c WHERE c.user_low = i.low AND c.user_high = i.high) AS id
  FROM unnest($1::text[], $2::text[]) AS i (low, high)
), made AS (
  INSERT INTO conversation (user_low, user_high)
  SELECT found.low, found.high FROM found WHERE found.id IS NULL
  ON CONFLICT (user_low, user_high) DO UPDATE SET last_seq = conversation.last_seq
  RETURNING user_low, user_high, id
)
SELECT all_of_them.*, set_config('synchronous_commit', 'off', true) FROM (
  SELECT low, high, id FROM found WHERE id IS NOT NULL UNION ALL SELECT user_low, user_high, id FROM made
) AS all_of_them)";

/// A batch. $1 the conversations' ids, ascending, $2 how many messages each gets, $3 the time, $4 the writer,
/// $5 the batch's number; then one element a message: $6 its conversation's place in $1, $7 how many of the
/// conversation's come after it, $8 sender, $9 target, $10 and $11 their names, $12 content, $13
/// client_msg_id.
///
/// Steps, each needing the one before, which makes PostgreSQL do them in this order:
/// repeats: is any of the messages stored already? Then nothing is done, and the caller drops those. One that
///   another node is committing at this moment is not seen; it runs into the unique index, and the batch is
///   tried again.
/// counted: the conversations' rows are locked, in the order of id, and counted up.
/// base: their new last_seq, as an array. A conversation that is gone makes it NULL, and the insert fails.
/// stored: the messages; FROM base makes their ids be taken after the locks.
/// marked: see the header. A batch number that is not new fails, since the column is NOT NULL.
constexpr const char* append_sql = R"(
WITH repeats AS MATERIALIZED (
  SELECT count((SELECT m.id FROM message m
                WHERE m.sender = i.sender AND m.client_msg_id = i.client_msg_id)) > 0 AS found
  FROM unnest($8::text[], $13::text[]) AS i (sender, client_msg_id) WHERE i.client_msg_id IS NOT NULL
), counted AS (
  UPDATE conversation c SET last_seq = c.last_seq + ($2::bigint[])[width_bucket(c.id, $1::bigint[])]
  WHERE c.id = ANY ($1::bigint[]) AND NOT (SELECT found FROM repeats)
  RETURNING c.id, c.last_seq
), base AS MATERIALIZED (
  SELECT CASE WHEN count(*) = cardinality($1::bigint[]) THEN array_agg(last_seq ORDER BY id) END AS last_seqs
  FROM counted
), stored AS (
  INSERT INTO message (conversation_id, seq, created_at_ms, sender, target, sender_name, target_name, content,
                       client_msg_id)
  SELECT ($1::bigint[])[i.place], base.last_seqs[i.place] - i.later, $3::bigint, i.sender, i.target,
         i.sender_name, i.target_name, i.content, i.client_msg_id
  FROM base, unnest($6::int[], $7::int[], $8::text[], $9::text[], $10::text[], $11::text[], $12::text[],
                    $13::text[])
    AS i (place, later, sender, target, sender_name, target_name, content, client_msg_id)
  WHERE NOT (SELECT found FROM repeats)
  RETURNING id
), given AS MATERIALIZED (
  SELECT array_agg(id) AS ids FROM stored
), marked AS (
  INSERT INTO append_mark (writer, batch, made_at, ids, last_seqs)
  SELECT $4::bigint, $5::bigint, now(), given.ids, base.last_seqs FROM given, base WHERE given.ids IS NOT NULL
  ON CONFLICT (writer) DO UPDATE
  SET batch = CASE WHEN append_mark.batch < excluded.batch THEN excluded.batch END,
      made_at = excluded.made_at, ids = excluded.ids, last_seqs = excluded.last_seqs
)
SELECT repeats.found, given.ids, base.last_seqs FROM repeats, given, base)";

/// The stored messages of these senders and client_msg_ids; i.n counts from 1. OFFSET 0 keeps the lookup a
/// lookup.
constexpr const char* find_repeats_sql = R"(
SELECT i.n, m.* FROM unnest($1::text[], $2::text[]) WITH ORDINALITY AS i (sender, client_msg_id, n)
CROSS JOIN LATERAL (
  SELECT id, conversation_id, seq, created_at_ms, target, content FROM message
  WHERE sender = i.sender AND client_msg_id = i.client_msg_id OFFSET 0) AS m)";

/// Waits for the batch's own transaction when that is still under way.
constexpr const char* give_up_sql = R"(
INSERT INTO append_mark (writer, batch, made_at) VALUES ($1::bigint, $2::bigint, now())
ON CONFLICT (writer) DO UPDATE SET batch = excluded.batch, made_at = excluded.made_at, ids = NULL, last_seqs = NULL
WHERE append_mark.batch < excluded.batch)";
constexpr const char* read_mark_sql =
    "SELECT ids, last_seqs FROM append_mark WHERE writer = $1::bigint AND batch = $2::bigint";

/// Marks of servers that are no more. So late, because one with an unsettled batch may have been without its
/// database for days.
constexpr const char* sweep_marks_sql = "DELETE FROM append_mark WHERE made_at < now() - interval '30 days'";

/// Two walks down an index, of at most `limit` steps each; DISTINCT drops the second mention of a note to
/// oneself.
constexpr const char* latest_of_user_sql = R"(
SELECT DISTINCT ON (id) * FROM (
  (SELECT id, conversation_id, seq, created_at_ms, sender, target, sender_name, target_name, content
   FROM message WHERE sender = $1::text AND id < $2::bigint ORDER BY id DESC LIMIT $3::bigint)
  UNION ALL
  (SELECT id, conversation_id, seq, created_at_ms, sender, target, sender_name, target_name, content
   FROM message WHERE target = $1::text AND id < $2::bigint ORDER BY id DESC LIMIT $3::bigint)
) AS either ORDER BY id DESC LIMIT $3::bigint)";
constexpr const char* latest_of_pair_sql = R"(
SELECT id, conversation_id, seq, created_at_ms, sender, target, sender_name, target_name, content FROM message
WHERE conversation_id = (SELECT id FROM conversation WHERE user_low = $1::text AND user_high = $2::text)
  AND id < $3::bigint ORDER BY id DESC LIMIT $4::bigint)";

struct named_statement {
  const char* name;
  const char* sql;
};

error unavailable(const pg_error& why) { return {errc::unavailable, why.text}; }

/// Applies what is missing, under a lock that other servers wait for; each all or none.
pg_outcome<void> migrate(pg_connection& connection) {
  pg_parameters none;
  auto begun =
      connection.script("BEGIN; SELECT pg_advisory_xact_lock(" + std::string(migration_lock) +
                            "); CREATE TABLE IF NOT EXISTS schema_migration (version bigint PRIMARY KEY,"
                            " applied_at timestamptz NOT NULL DEFAULT now())",
                        migration_limit);
  if (!begun) return begun.error();
  auto version =
      connection.query("SELECT coalesce(max(version), 0) FROM schema_migration", none, migration_limit);
  if (!version) return version.error();
  for (const migration& step : postgres_migrations()) {
    if (step.version <= version->bigint(0, 0)) continue;
    if (auto done = connection.script(std::string(step.sql), migration_limit); !done) return done.error();
    pg_parameters applied;
    applied.add(std::int64_t{step.version});
    if (auto noted = connection.query("INSERT INTO schema_migration (version) VALUES ($1::bigint)", applied,
                                      migration_limit);
        !noted)
      return noted.error();
  }
  return connection.script("COMMIT", migration_limit);
}

/// A new session: the server is one that keeps our promises, the schema is ours, the statements are prepared.
pg_outcome<pg_connection> open_session(const std::string& uri, std::span<const named_statement> statements) {
  auto made = pg_connection::connect(uri);
  if (!made) return made.error();
  pg_connection& connection = *made;
  const auto unfit = [&connection](const std::string& why) {
    return pg_error{"PostgreSQL at " + connection.where() + " cannot be used: " + why, {}, false};
  };

  if (connection.server_version() < 120000) return unfit("it is older than version 12");
  if (const auto encoding = connection.server_setting("server_encoding"); encoding != "UTF8")
    return unfit("the database's encoding is " + std::string(encoding) + "; create it with ENCODING 'UTF8'");
  pg_parameters none;
  auto facts = connection.query(server_facts_sql, none, check_limit);
  if (!facts) return facts.error();
  if (!facts->boolean(0, 0))
    return unfit("it runs with fsync = off, which loses acknowledged messages; turn it on");
  if (facts->boolean(0, 1)) return unfit("it is read-only, perhaps a standby; give the URL of the primary");

  std::int64_t version = 0;
  const int known = postgres_migrations().back().version;
  if (facts->boolean(0, 2)) {
    auto found =
        connection.query("SELECT coalesce(max(version), 0) FROM schema_migration", none, check_limit);
    if (!found) return found.error();
    version = found->bigint(0, 0);
  }
  if (version > known)
    return unfit("its schema has version " + std::to_string(version) + ", this server knows " +
                 std::to_string(known) + "; use the newer server that made it");
  if (version < known)
    if (auto migrated = migrate(connection); !migrated) return migrated.error();

  pg_parameters settings;
  settings.add(statement_timeout_ms);
  if (auto set = connection.query(session_settings_sql, settings, check_limit); !set) return set.error();
  if (auto set = connection.query(durable_sql, none, check_limit); !set) return set.error();
  for (const auto& [name, sql] : statements)
    if (auto prepared = connection.prepare(name, sql, check_limit); !prepared) return prepared.error();
  return made;
}

/// A batch on its way: which of its messages are sent to the server, and what is known of the others.
struct batch_work {
  std::vector<append_outcome> outcomes;
  /// Of each message, the first in the batch with its sender and client_msg_id; most often itself.
  std::vector<std::size_t> first;
  /// By their first: target and content of what was stored under the same client_msg_id before this batch.
  std::unordered_map<std::size_t, std::pair<std::string, std::string>> stored_before;

  /// The messages to be stored, in the batch's order, and for each its conversation's place (from 1) in the
  /// list of conversations and how many of the same conversation follow.
  std::vector<std::size_t> rows;
  std::vector<std::int32_t> places;
  std::vector<std::int32_t> later;

  std::vector<std::int64_t> conversation_ids; ///< ascending
  std::vector<std::int64_t> counts;
  wall_time now;
};

class postgres_writer final : public message_writer {
public:
  explicit postgres_writer(std::string uri) : uri_(std::move(uri)) {
    std::random_device random;
    writer_ = static_cast<std::int64_t>((std::uint64_t{random()} << 32U) | random());
  }

  result<std::vector<append_outcome>> append(std::span<const new_message> batch, wall_time now) override {
    if (pending_) return error{errc::outcome_unknown, "the batch before this one has not been settled"};
    if (batch.empty()) return std::vector<append_outcome>{};

    batch_work work = prepare_work(batch, now);
    error last;
    for (int attempt = 0; attempt < attempts_max && !work.rows.empty(); ++attempt) {
      if (auto opened = open(); !opened) return opened.error();
      if (auto placed = place(batch, work); !placed) return give_up(placed.error());

      fill(batch, work);
      auto answer = connection_.run("append", parameters_, append_limit);
      if (!answer && answer.error().lost) {
        pending_ = std::move(work);
        return error{errc::outcome_unknown, answer.error().text};
      }
      if (!answer) {
        last = unavailable(answer.error());
        if (!is_race(answer.error().state)) return give_up(answer.error());
        known_.clear(); // it may be a conversation that is gone
      } else if (answer->boolean(0, 0)) {
        last = {errc::unavailable, "PostgreSQL changed its mind about what is stored"};
        if (auto dropped = drop_repeats(batch, work); !dropped) return give_up(dropped.error());
      } else {
        take(work, answer->bigints(0, 1), answer->bigints(0, 2));
        work.rows.clear();
      }
    }
    if (!work.rows.empty()) return last;
    return finish(batch, std::move(work));
  }

  result<std::optional<std::vector<append_outcome>>> settle(std::span<const new_message> batch) override {
    if (!pending_) return error{errc::internal, "there is no batch to settle"};
    if (auto opened = open(); !opened) return opened.error();
    parameters_.clear();
    parameters_.add(writer_);
    parameters_.add(batch_number_);
    // Two statements, because the second must see what the first has waited for.
    if (auto given_up = connection_.run("give_up", parameters_, append_limit); !given_up)
      return give_up(given_up.error());
    auto mark = connection_.run("read_mark", parameters_, append_limit);
    if (!mark) return give_up(mark.error());
    if (mark->size() != 1)
      return error{errc::unavailable, "PostgreSQL has lost the mark of the batch; ask again"};

    std::optional<std::vector<append_outcome>> outcomes;
    if (!mark->is_null(0, 0)) {
      take(*pending_, mark->bigints(0, 0), mark->bigints(0, 1));
      outcomes = finish(batch, *std::move(pending_));
    }
    pending_.reset();
    return outcomes;
  }

  result<void> check() override {
    if (auto opened = open(); !opened) return opened.error();
    parameters_.clear();
    // A primary may have become a standby without ending its sessions.
    auto answer =
        connection_.query("SELECT current_setting('transaction_read_only') = 'on'", parameters_, check_limit);
    if (!answer) return give_up(answer.error());
    if (answer->boolean(0, 0)) return give_up({"PostgreSQL at " + connection_.where() + " is read-only"});
    return {};
  }

private:
  static constexpr named_statement statements[] = {{"conversations", conversations_sql},
                                                   {"append", append_sql},
                                                   {"find_repeats", find_repeats_sql},
                                                   {"give_up", give_up_sql},
                                                   {"read_mark", read_mark_sql}};

  /// Another attempt will see what was in the way: a unique index (another node stored the same), a
  /// conversation that is gone, a serialization failure, a deadlock.
  static bool is_race(std::string_view state) {
    return state == "23505" || state == "23502" || state == "40001" || state == "40P01";
  }

  result<void> open() {
    // Nothing has been sent: a session that ended while it was idle is simply made again.
    if (connection_.is_alive()) return {};
    connection_.close();
    known_.clear(); // the next server may be another one
    auto made = open_session(uri_, statements);
    if (!made) return unavailable(made.error());
    connection_ = *std::move(made);
    parameters_.clear();
    if (auto swept = connection_.query(sweep_marks_sql, parameters_, check_limit); !swept)
      return give_up(swept.error());
    return {};
  }

  /// Nothing was stored. The session goes too, in case the server is the trouble.
  error give_up(const pg_error& why) {
    connection_.close();
    return unavailable(why);
  }

  static batch_work prepare_work(std::span<const new_message> batch, wall_time now) {
    batch_work work;
    work.now = now;
    work.outcomes.resize(batch.size());
    work.first.resize(batch.size());
    std::unordered_map<std::string, std::size_t> seen;
    for (std::size_t i = 0; i < batch.size(); ++i) {
      const new_message& message = batch[i];
      work.first[i] = i;
      // A space is in no user id, so the joined key is unambiguous.
      if (message.client_msg_id)
        work.first[i] = seen.try_emplace(message.from.text() + ' ' + *message.client_msg_id, i).first->second;
      if (work.first[i] == i) work.rows.push_back(i);
    }
    return work;
  }

  /// Finds, or makes, the conversations of the rows, and the rows' places in them.
  pg_outcome<void> place(std::span<const new_message> batch, batch_work& work) {
    std::vector<std::string> keys(work.rows.size());
    std::vector<std::int64_t> ids(work.rows.size());
    std::vector<std::pair<std::string_view, std::string_view>> missing;
    const auto find = [&](std::size_t row) {
      const auto found = known_.find(keys[row]);
      if (found == known_.end()) return false;
      ids[row] = found->second;
      return true;
    };
    for (std::size_t row = 0; row < work.rows.size(); ++row) {
      const new_message& message = batch[work.rows[row]];
      const auto [low, high] = conversation_key(message.from, message.to);
      keys[row].reserve(low.size() + 1 + high.size());
      keys[row].append(low).append(1, ' ').append(high);
      if (!find(row)) missing.emplace_back(low, high);
    }
    if (!missing.empty()) {
      if (auto learned = learn_conversations(missing); !learned) return learned.error();
      for (std::size_t row = 0; row < work.rows.size(); ++row)
        if (!find(row)) return pg_error{"PostgreSQL has not made a conversation", {}, false};
    }

    work.conversation_ids = ids;
    std::ranges::sort(work.conversation_ids);
    const auto repeated = std::unique(work.conversation_ids.begin(), work.conversation_ids.end());
    work.conversation_ids.erase(repeated, work.conversation_ids.end());
    work.counts.assign(work.conversation_ids.size(), 0);
    work.places.resize(ids.size());
    work.later.resize(ids.size());
    for (std::size_t row = ids.size(); row-- > 0;) {
      const auto at =
          std::ranges::lower_bound(work.conversation_ids, ids[row]) - work.conversation_ids.begin();
      work.places[row] = static_cast<std::int32_t>(at + 1);
      work.later[row] = static_cast<std::int32_t>(work.counts[static_cast<std::size_t>(at)]++);
    }
    return {};
  }

  pg_outcome<void> learn_conversations(std::vector<std::pair<std::string_view, std::string_view>>& missing) {
    std::ranges::sort(missing);
    missing.erase(std::unique(missing.begin(), missing.end()), missing.end());
    parameters_.clear();
    parameters_.begin_texts(missing.size());
    for (const auto& [low, high] : missing) parameters_.element(low);
    parameters_.begin_texts(missing.size());
    for (const auto& [low, high] : missing) parameters_.element(high);
    auto found = connection_.run("conversations", parameters_, append_limit);
    if (!found) return found.error();
    // Bounded in the simplest way: the next batches learn again whom they need. The batch at hand keeps its
    // own.
    if (known_.size() > known_conversations_max) known_.clear();
    for (int row = 0; row < found->size(); ++row)
      known_.insert_or_assign(std::string(found->text(row, 0)).append(1, ' ').append(found->text(row, 1)),
                              found->bigint(row, 2));
    return {};
  }

  /// The parameters of append_sql.
  void fill(std::span<const new_message> batch, const batch_work& work) {
    parameters_.clear();
    parameters_.add(work.conversation_ids);
    parameters_.add(work.counts);
    parameters_.add(to_ms(work.now));
    parameters_.add(writer_);
    parameters_.add(++batch_number_);
    parameters_.add(work.places);
    parameters_.add(work.later);
    const auto texts = [&](auto value_of) {
      parameters_.begin_texts(work.rows.size());
      for (const std::size_t i : work.rows) parameters_.element(value_of(batch[i]));
    };
    const auto optional_texts = [&](std::optional<std::string> new_message::*member) {
      if (std::ranges::none_of(work.rows, [&](std::size_t i) { return (batch[i].*member).has_value(); }))
        return parameters_.add_null(); // unnest() makes it a column of NULLs
      parameters_.begin_texts(work.rows.size());
      for (const std::size_t i : work.rows)
        if (const auto& value = batch[i].*member)
          parameters_.element(*value);
        else
          parameters_.null_element();
    };
    texts([](const new_message& m) -> std::string_view { return m.from.text(); });
    texts([](const new_message& m) -> std::string_view { return m.to.text(); });
    optional_texts(&new_message::from_name);
    optional_texts(&new_message::to_name);
    texts([](const new_message& m) -> std::string_view { return m.content; });
    optional_texts(&new_message::client_msg_id);
  }

  /// The outcomes of the rows from what append_sql, or the mark of it, says.
  static void take(batch_work& work, const std::vector<std::int64_t>& ids,
                   const std::vector<std::int64_t>& last_seqs) {
    for (std::size_t row = 0; row < work.rows.size(); ++row) {
      const auto at = static_cast<std::size_t>(work.places[row] - 1);
      work.outcomes[work.rows[row]] = {append_status::stored, ids.at(row), work.conversation_ids[at],
                                       last_seqs.at(at) - work.later[row], work.now};
    }
  }

  /// Looks up which of the rows are stored already, and takes them out.
  pg_outcome<void> drop_repeats(std::span<const new_message> batch, batch_work& work) {
    std::vector<std::size_t> asked;
    for (const std::size_t i : work.rows)
      if (batch[i].client_msg_id) asked.push_back(i);
    parameters_.clear();
    parameters_.begin_texts(asked.size());
    for (const std::size_t i : asked) parameters_.element(batch[i].from.text());
    parameters_.begin_texts(asked.size());
    for (const std::size_t i : asked) parameters_.element(*batch[i].client_msg_id);
    auto found = connection_.run("find_repeats", parameters_, append_limit);
    if (!found) return found.error();
    for (int row = 0; row < found->size(); ++row) {
      const std::size_t i = asked.at(static_cast<std::size_t>(found->bigint(row, 0) - 1));
      const auto target = found->text(row, 5), content = found->text(row, 6);
      work.outcomes[i] = {repeat_status(batch[i], target, content), found->bigint(row, 1),
                          found->bigint(row, 2), found->bigint(row, 3), from_ms(found->bigint(row, 4))};
      work.stored_before.try_emplace(i, target, content);
      std::erase(work.rows, i);
    }
    return {};
  }

  /// Adds the outcomes of messages that repeat another one of the batch.
  static std::vector<append_outcome> finish(std::span<const new_message> batch, batch_work work) {
    for (std::size_t i = 0; i < batch.size(); ++i) {
      const std::size_t first = work.first[i];
      if (first == i) continue;
      work.outcomes[i] = work.outcomes[first];
      const auto before = work.stored_before.find(first);
      work.outcomes[i].status = before == work.stored_before.end()
                                    ? repeat_status(batch[i], batch[first].to.text(), batch[first].content)
                                    : repeat_status(batch[i], before->second.first, before->second.second);
    }
    return std::move(work.outcomes);
  }

  std::string uri_;
  std::int64_t writer_; ///< our row in append_mark
  std::int64_t batch_number_ = 0;
  pg_connection connection_;
  pg_parameters parameters_;
  /// Ids of conversations, by "LOW HIGH".
  std::unordered_map<std::string, std::int64_t> known_;
  /// The batch with the number batch_number_, whose outcome is unknown.
  std::optional<batch_work> pending_;
};

class postgres_reader final : public message_reader {
public:
  explicit postgres_reader(std::string uri) : uri_(std::move(uri)) {}

  result<std::vector<message>> latest(const history_query& query) override {
    if (!connection_.is_alive()) {
      connection_.close();
      auto made = open_session(uri_, statements);
      if (!made) return unavailable(made.error());
      connection_ = *std::move(made);
    }
    parameters_.clear();
    if (query.peer) {
      const auto [low, high] = conversation_key(query.user, *query.peer);
      parameters_.add(low);
      parameters_.add(high);
    } else {
      parameters_.add(std::string_view(query.user.text()));
    }
    constexpr auto most = std::numeric_limits<std::int64_t>::max();
    parameters_.add(query.before_id.value_or(most));
    parameters_.add(static_cast<std::int64_t>(std::min<std::uint64_t>(query.limit, most)));
    auto rows = connection_.run(query.peer ? "latest_of_pair" : "latest_of_user", parameters_, read_limit);
    if (!rows) {
      connection_.close();
      return unavailable(rows.error());
    }

    std::vector<message> messages;
    messages.reserve(static_cast<std::size_t>(rows->size()));
    for (int row = rows->size(); row-- > 0;) // the newest came first
      messages.push_back({.id = rows->bigint(row, 0),
                          .conversation_id = rows->bigint(row, 1),
                          .seq = rows->bigint(row, 2),
                          .from = stored_user(rows->text(row, 4)),
                          .to = stored_user(rows->text(row, 5)),
                          .from_name = rows->optional_text(row, 6),
                          .to_name = rows->optional_text(row, 7),
                          .content = std::string(rows->text(row, 8)),
                          .created_at = from_ms(rows->bigint(row, 3))});
    return messages;
  }

private:
  static constexpr named_statement statements[] = {{"latest_of_user", latest_of_user_sql},
                                                   {"latest_of_pair", latest_of_pair_sql}};

  std::string uri_;
  pg_connection connection_;
  pg_parameters parameters_;
};

class postgres_store final : public store {
public:
  explicit postgres_store(std::string uri) : uri_(std::move(uri)) {}

  std::unique_ptr<message_writer> make_writer() override { return std::make_unique<postgres_writer>(uri_); }
  std::unique_ptr<message_reader> make_reader() override { return std::make_unique<postgres_reader>(uri_); }
  std::string_view kind() const override { return "postgresql"; }

private:
  std::string uri_;
};

} // namespace

result<std::unique_ptr<store>> open_postgres_store(const std::string& uri) {
  char* why = nullptr;
  PQconninfoOption* parsed = PQconninfoParse(uri.c_str(), &why);
  bool good = parsed != nullptr;
  // A port that is none would be found at connecting only, and tried for ever.
  for (const PQconninfoOption* option = parsed; good && option->keyword != nullptr; ++option)
    if (option->val != nullptr && std::string_view(option->keyword) == "port")
      good = std::string_view(option->val).find_first_not_of("0123456789,") == std::string_view::npos;
  // libpq's text may quote a piece of the URI, and that of a password.
  std::string reason = why != nullptr && redacted(uri) == uri ? std::string(": ") + why : std::string();
  while (!reason.empty() && reason.back() == '\n') reason.pop_back();
  PQconninfoFree(parsed);
  PQfreemem(why);
  if (!good)
    return error{errc::malformed, "the database URL \"" + redacted(uri) +
                                      "\" is not a PostgreSQL URI such as postgresql://USER@HOST:PORT/NAME" +
                                      reason};
  return std::make_unique<postgres_store>(uri);
}

} // namespace hongyan
