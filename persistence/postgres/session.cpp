#include "persistence/postgres/session.hpp"

#include "core/chat/search_text.hpp"
#include "core/tools/random.hpp"
#include "persistence/append_rules.hpp"
#include "persistence/migrations.hpp"
#include "persistence/postgres/rows.hpp"

#include <array>

namespace hongyan::postgres {

namespace {

using std::chrono::milliseconds;

/// The server gives up before we do: then nothing was stored, instead of nobody knows. Also what a reader may
/// take.
constexpr std::string_view statement_timeout_ms = "4500";
/// Another server may hold the lock and migrate a large table.
constexpr milliseconds migration_limit{60000};
constexpr std::string_view migration_lock = "5219140917421801081"; // any number, ours: "Hongyan" and a mark

// The plans are to be the same on an empty and on a full table, with and without statistics: index lookups
// from the arrays that a batch brings. A generic plan is made once a session.
constexpr const char* session_settings_sql =
    "SELECT set_config(name, value, false) FROM (VALUES"
    " ('statement_timeout', $1), ('plan_cache_mode', 'force_generic_plan'), ('jit', 'off'),"
    " ('enable_seqscan', 'off'), ('enable_bitmapscan', 'off'), ('enable_hashjoin', 'off'),"
    " ('enable_mergejoin', 'off'),"
    // A node that vanishes while the server waits for the rest of its batch must not keep rows locked.
    " ('tcp_keepalives_idle', '5'), ('tcp_keepalives_interval', '2'), ('tcp_keepalives_count', '2'),"
    " ('tcp_user_timeout', '5000'), ('idle_in_transaction_session_timeout', '10000')"
    ") AS setting (name, value)";
/// off does not wait for the disk, and local not for the standby that the server names.
constexpr const char* durable_sql = "SELECT set_config('synchronous_commit', 'on', false) WHERE "
                                    "current_setting('synchronous_commit') IN ('off', 'local')";
constexpr const char* server_facts_sql =
    "SELECT current_setting('fsync') = 'on', to_regclass('schema_migration') IS NOT NULL,"
    " to_regclass('migration_under_way') IS NOT NULL";

/// The schema's version, and the oldest whose servers may use it. The column was not there before version 5.
constexpr const char* schema_sql = "SELECT coalesce(max(version), 0), coalesce(max(coalesce((to_jsonb(m) ->> "
                                   "'oldest')::bigint, version)), 0)"
                                   " FROM schema_migration m";

/// The version that brought the search index.
constexpr int search_index_version = 2;
/// Messages to index at once: up to 16 MB of them.
constexpr std::int64_t reindex_batch = 1000;
constexpr const char* unindexed_sql = R"(
SELECT conversation_id, id, content FROM message WHERE (conversation_id, id) > ($1::bigint, $2::bigint)
ORDER BY conversation_id, id LIMIT $3::bigint)";

constexpr const char* index_sql = R"(
INSERT INTO message_search (message_id, conversation_id, tokens)
SELECT i.id, i.conversation_id, array_to_tsvector(string_to_array('@' || i.conversation_id || ' ' || i.tokens, ' '))
FROM unnest($1::bigint[], $2::bigint[], $3::text[]) AS i (conversation_id, id, tokens))";

// The cluster's number and the database's: a dump read into another database, and a database made anew, have
// others.
constexpr const char* find_epoch_sql = R"(
SELECT epoch FROM store_identity WHERE home = (
  SELECT s.system_identifier || '/' || d.oid FROM pg_control_system() s, pg_database d
  WHERE d.datname = current_database()))";
constexpr const char* give_epoch_sql = R"(
INSERT INTO store_identity (epoch, home)
SELECT $1::text, s.system_identifier || '/' || d.oid FROM pg_control_system() s, pg_database d
WHERE d.datname = current_database()
ON CONFLICT (only_one) DO UPDATE
SET epoch = CASE WHEN store_identity.home = excluded.home THEN store_identity.epoch ELSE excluded.epoch END,
    home = excluded.home
RETURNING epoch)";

constexpr const char* renew_epoch_sql = "UPDATE store_identity SET epoch = $1::text WHERE epoch = $2::text";

/// Puts the messages of a version 1, which are all texts, into the search index.
pg_outcome<void> index_messages(pg_connection& connection) {
  pg_parameters parameters;
  std::int64_t conversation = 0, id = 0;
  // In portions, each from behind the last row of the one before: a store may have millions.
  for (;;) {
    parameters.clear();
    parameters.add(conversation);
    parameters.add(id);
    parameters.add(reindex_batch);
    auto messages = connection.query(unindexed_sql, parameters, migration_limit);
    if (!messages) return messages.error();
    if (messages->size() == 0) return {};

    message_index index;
    for (int row = 0; row < messages->size(); ++row) {
      conversation = messages->bigint(row, 0);
      id = messages->bigint(row, 1);
      index.add(id, conversation, index_text(message_kind::text, std::string(messages->text(row, 2))));
    }
    if (auto indexed = index.store(connection, migration_limit); !indexed) return indexed.error();
  }
}

/// Applies what is missing, under a lock that other servers wait for; all or none.
pg_outcome<void> migrate(pg_connection& connection) {
  pg_parameters none;
  auto begun =
      connection.script("BEGIN; SELECT pg_advisory_xact_lock(" + std::string(migration_lock) +
                            "); CREATE TABLE IF NOT EXISTS schema_migration (version bigint PRIMARY KEY,"
                            " applied_at timestamptz NOT NULL DEFAULT now());"
                            " ALTER TABLE schema_migration ADD COLUMN IF NOT EXISTS oldest bigint",
                        migration_limit);
  if (!begun) return begun.error();
  auto version =
      connection.query("SELECT coalesce(max(version), 0) FROM schema_migration", none, migration_limit);
  if (!version) return version.error();
  for (const migration& step : postgres_migrations()) {
    if (step.version <= version->bigint(0, 0)) continue;
    if (auto done = connection.script(std::string(step.sql), migration_limit); !done) return done.error();
    if (step.version == search_index_version)
      if (auto indexed = index_messages(connection); !indexed) return indexed.error();
    pg_parameters applied;
    applied.add(std::int64_t{step.version});
    applied.add(std::int64_t{step.oldest == 0 ? step.version : step.oldest});
    if (auto noted =
            connection.query("INSERT INTO schema_migration (version, oldest) VALUES ($1::bigint, $2::bigint)",
                             applied, migration_limit);
        !noted)
      return noted.error();
  }
  return connection.script("COMMIT", migration_limit);
}

/// Sees that the server is one for us, and makes it ready.
pg_outcome<void> prepare_session(pg_connection& connection, std::span<const named_statement> statements,
                                 session_use use) {
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
  if (facts->boolean(0, 2) && use == session_use::server)
    return unfit("hongyan migrate has not come to its end there; run it again");

  // A newer server may have migrated already, and says in each step which versions may still use the store.
  std::int64_t version = 0, oldest = 0;
  const int known = postgres_migrations().back().version;
  if (facts->boolean(0, 1)) {
    auto found = connection.query(schema_sql, none, check_limit);
    if (!found) return found.error();
    version = found->bigint(0, 0);
    oldest = found->bigint(0, 1);
  }
  if (version > known && oldest > known)
    return unfit("its schema has version " + std::to_string(version) + ", this server knows " +
                 std::to_string(known) + "; use the newer server that made it");
  if (version < known)
    if (auto migrated = migrate(connection); !migrated) return migrated.error();

  // Last, since the migration's statements may take longer than a session's.
  pg_parameters settings;
  settings.add(statement_timeout_ms);
  if (auto set = connection.query(session_settings_sql, settings, check_limit); !set) return set.error();
  if (auto set = connection.query(durable_sql, none, check_limit); !set) return set.error();
  for (const auto& [name, sql] : statements)
    if (auto prepared = connection.prepare(name, sql.c_str(), check_limit); !prepared)
      return prepared.error();
  return {};
}

} // namespace

void message_index::add(std::int64_t id, std::int64_t conversation, std::string tokens) {
  if (tokens.empty()) return;
  ids_.push_back(id);
  conversations_.push_back(conversation);
  tokens_.push_back(std::move(tokens));
}

pg_outcome<void> message_index::store(pg_connection& connection, milliseconds limit) const {
  pg_parameters parameters;
  parameters.add(conversations_);
  parameters.add(ids_);
  add_texts(parameters, tokens_, [](const std::string& text) -> std::string_view { return text; });
  if (auto indexed = connection.query(index_sql, parameters, limit); !indexed) return indexed.error();
  return {};
}

pg_outcome<opened_session> open_session(hosts& to, std::span<const named_statement> statements,
                                        session_use use) {
  server_identity with;
  auto made = to.connect([&](pg_connection& connection, const server_identity& found) {
    with = found;
    return prepare_session(connection, statements, use);
  });
  if (!made) return made.error();
  return opened_session{*std::move(made), with};
}

pg_outcome<pg_connection> open_to_read(hosts& to, std::span<const named_statement> statements) {
  if (auto failure = to.just_failed()) return *std::move(failure);
  auto made = open_session(to, statements);
  if (!made) return made.error();
  if (!to.wait_for_proof(made->with.what)) {
    pg_error why{"PostgreSQL at " + made->connection.where() +
                     " is not read from before something could be stored there",
                 {},
                 false};
    to.note_failure(why);
    return why;
  }
  return std::move(made->connection);
}

pg_outcome<void> find_epoch(pg_connection& connection, std::string& epoch) {
  pg_parameters parameters;
  auto found = connection.query(find_epoch_sql, parameters, check_limit);
  if (!found) return found.error();
  if (found->size() == 0) {
    epoch = random_name(16);
    parameters.add(std::string_view(epoch));
    found = connection.query(give_epoch_sql, parameters, check_limit);
    if (!found) return found.error();
  }
  epoch = found->text(0, 0);
  return {};
}

pg_outcome<void> renew_epoch(pg_connection& connection, std::string& epoch) {
  pg_parameters parameters;
  const std::string next = random_name(16);
  parameters.add(std::string_view(next));
  parameters.add(std::string_view(epoch));
  if (auto renewed = connection.query(renew_epoch_sql, parameters, check_limit); !renewed)
    return renewed.error();
  return find_epoch(connection, epoch);
}

bool is_race(std::string_view state) { return state == "23505" || state == "40001" || state == "40P01"; }

} // namespace hongyan::postgres
