#include "persistence/postgres/copy_target.hpp"

#include "persistence/postgres/rows.hpp"
#include "persistence/postgres/session.hpp"

#include <array>
#include <map>

namespace hongyan::postgres {

namespace {

using std::chrono::milliseconds;

/// A statement's: the search for where an interrupted copy was reads the whole table of messages.
constexpr milliseconds step_limit{600'000};
/// Whoever has it is the one that copies; the number is ours. It is waited for (lock_timeout): the session of
/// one that was killed ends when PostgreSQL sees that nobody is there.
constexpr const char* hold_sql = "SELECT pg_advisory_lock(7310575182467099)";
/// A server on this database. One that copies has another name: one that was killed while it waited for the
/// lock goes on waiting, and is no server.
constexpr const char* servers_sql = "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database()"
                                    " AND application_name = 'hongyan' AND pid <> pg_backend_pid()";
constexpr const char* settings_sql = "SET application_name = 'hongyan migrate';"
                                     " SET statement_timeout = 0; SET lock_timeout = '10s';"
                                     " SET enable_seqscan = on; SET enable_bitmapscan = on";
constexpr std::string_view lock_not_available = "55P03";
constexpr const char* marker_sql = "CREATE TABLE migration_under_way (epoch text NOT NULL)";
/// The sequences go on behind what was given: message's is events' too.
constexpr const char* sequences_sql = R"(
SELECT setval(pg_get_serial_sequence('message', 'id'), greatest($1::bigint, 1), $1::bigint > 0),
       setval(pg_get_serial_sequence('conversation', 'id'), greatest(last, 1), last > 0),
       setval(pg_get_serial_sequence('audit', 'id'), greatest(noted, 1), noted > 0)
FROM (SELECT coalesce(max(id), 0) AS last FROM conversation) AS given,
     (SELECT coalesce(max(id), 0) AS noted FROM audit) AS entries)";
constexpr const char* identity_sql = R"(
INSERT INTO store_identity (epoch, home)
SELECT $1::text, s.system_identifier || '/' || d.oid FROM pg_control_system() s, pg_database d
WHERE d.datname = current_database()
ON CONFLICT (only_one) DO UPDATE SET epoch = excluded.epoch, home = excluded.home)";
/// What SQLite's tables do not have: what it is for a row that comes from there.
struct addition {
  std::string_view table, columns, values;
};
constexpr std::array additions{addition{"webhook", ", holder, held_until", ", '', to_timestamp(0)"},
                               // Nobody's: the first node that starts says that they are gone.
                               addition{"presence", ", node", ", ''"}};

error from_postgres(const pg_error& why) { return {errc::unavailable, "migrate: " + why.text}; }

/// As SQLite writes it, for a list of what is selected: under a name of its own, since ORDER BY means that
/// one first.
std::string as_text(const copied_column& c) {
  return c.name + (c.type == "bool" ? "::int" : "") + "::text AS value";
}

text_row read_row(const pg_rows& rows, int row, std::size_t columns) {
  text_row values;
  for (std::size_t i = 0; i < columns; ++i) values.push_back(rows.optional_text(row, static_cast<int>(i)));
  return values;
}

std::int64_t number_in(const text_row& row, std::size_t at) { return std::stoll(*row[at]); }

} // namespace

result<copy_target> copy_target::open(const std::string& uri) {
  auto to = std::make_unique<hosts>(uri);
  auto made = open_session(*to, {}, session_use::migration);
  if (!made) return from_postgres(made.error());
  copy_target opened(std::move(to), std::move(made->connection));
  if (auto set = opened.connection_.script(settings_sql, step_limit); !set) return from_postgres(set.error());
  const auto held = opened.connection_.query(hold_sql, opened.parameters_, step_limit);
  if (!held && held.error().state == lock_not_available)
    return error{errc::malformed, "migrate: --to: another hongyan migrate is under way there"};
  if (!held) return from_postgres(held.error());
  if (auto alone = opened.is_alone(); !alone) return alone.error();
  return opened;
}

/// No server has a session there.
result<void> copy_target::is_alone() {
  const auto servers = ask(servers_sql);
  if (!servers) return servers.error();
  if (servers->bigint(0, 0) > 0)
    return error{errc::malformed, "migrate: --to: a server uses this database; stop it"};
  return {};
}

result<pg_rows> copy_target::ask(const std::string& sql) {
  parameters_.clear();
  auto rows = connection_.query(sql.c_str(), parameters_, step_limit);
  if (!rows) return from_postgres(rows.error());
  return *std::move(rows);
}

result<bool> copy_target::begin(std::span<const copied_table> tables, const std::string& epoch) {
  const auto marked = ask("SELECT to_regclass('migration_under_way') IS NOT NULL");
  if (!marked) return marked.error();
  if (marked->boolean(0, 0)) {
    const auto of = ask("SELECT epoch FROM migration_under_way");
    if (!of) return of.error();
    if (of->text(0, 0) == epoch) return true;
    return error{errc::malformed,
                 "migrate: --to: the copy of another store was begun there; empty the database"};
  }
  const auto known = ask("SELECT epoch FROM store_identity");
  if (!known) return known.error();
  if (known->size() > 0 && known->text(0, 0) == epoch) return false;
  for (const copied_table& one : tables) {
    const auto any = ask("SELECT EXISTS (SELECT FROM " + one.name + ")");
    if (!any) return any.error();
    // A server that was tried there has named its file store, and nothing is lost with that.
    if (any->boolean(0, 0) && one.name != "file_store")
      return error{errc::malformed,
                   "migrate: --to: the database is not empty: there are rows in " + one.name};
  }
  const std::string script = std::string(marker_sql) + "; INSERT INTO migration_under_way VALUES ('" + epoch +
                             "'); DELETE FROM file_store";
  auto begun = pg_transaction::begin(connection_, script, step_limit);
  if (!begun) return from_postgres(begun.error());
  if (auto done = begun->commit(); !done) return from_postgres(done.error());
  // From here on none comes in; one may have before.
  if (auto alone = is_alone(); !alone) return alone.error();
  return true;
}

result<void> copy_target::describe(copied_table& of) {
  parameters_.clear();
  parameters_.add(std::string_view(of.name));
  auto rows =
      connection_.query("SELECT a.attname::text, t.typname::text FROM pg_attribute a JOIN pg_type t"
                        " ON t.oid = a.atttypid WHERE a.attrelid = $1::text::regclass AND a.attnum > 0",
                        parameters_, step_limit);
  if (!rows) return from_postgres(rows.error());
  std::map<std::string, std::string, std::less<>> types;
  for (int row = 0; row < rows->size(); ++row)
    types.emplace(std::string(rows->text(row, 0)), std::string(rows->text(row, 1)));
  for (auto* columns : {&of.columns, &of.key, &of.order})
    for (copied_column& one : *columns) one.type = types[one.name];
  return {};
}

result<std::int64_t> copy_target::count(const std::string& of) {
  const auto rows = ask("SELECT count(*) FROM " + of);
  if (!rows) return rows.error();
  return rows->bigint(0, 0);
}

result<text_row> copy_target::last_key(const copied_table& of) {
  const auto rows =
      ask("SELECT " + joined(of.key, [](const copied_column& c, std::size_t) { return as_text(c); }) +
          " FROM " + of.name + " ORDER BY " +
          joined(of.key, [](const copied_column& c, std::size_t) { return c.name + " DESC"; }) + " LIMIT 1");
  if (!rows) return rows.error();
  return rows->size() == 0 ? text_row{} : read_row(*rows, 0, of.key.size());
}

result<void> copy_target::store(const copied_table& of, std::span<const text_row> rows) {
  auto begun = pg_transaction::begin(connection_, "", step_limit);
  if (!begun) return from_postgres(begun.error());
  const auto added = std::ranges::find(additions, of.name, &addition::table);
  const bool is_plain = added == additions.end();
  const std::string sql =
      "INSERT INTO " + of.name + " (" + names(of.columns) + std::string(is_plain ? "" : added->columns) +
      ") SELECT " +
      joined(of.columns, [](const copied_column& c, std::size_t) { return "r." + c.name + "::" + c.type; }) +
      std::string(is_plain ? "" : added->values) + " FROM unnest(" +
      joined(of.columns,
             [](const copied_column&, std::size_t nth) { return "$" + std::to_string(nth) + "::text[]"; }) +
      ") AS r (" + names(of.columns) + ")";
  parameters_.clear();
  for (std::size_t i = 0; i < of.columns.size(); ++i) {
    parameters_.begin_texts(rows.size());
    for (const text_row& row : rows) {
      if (row[i])
        parameters_.element(*row[i]);
      else
        parameters_.null_element();
    }
  }
  if (auto stored = connection_.query(sql.c_str(), parameters_, step_limit); !stored)
    return from_postgres(stored.error());
  if (of.name == "message")
    if (auto indexed = index(of, rows); !indexed) return indexed;
  if (auto done = begun->commit(); !done) return from_postgres(done.error());
  return {};
}

/// What is found of a message.
std::string tokens_of(const copied_table& messages, const text_row& row) {
  return index_text(kind_of(number_in(row, place_of(messages, "kind"))), *row[place_of(messages, "content")]);
}

result<void> copy_target::index(const copied_table& messages, std::span<const text_row> rows) {
  message_index index;
  for (const text_row& row : rows)
    index.add(number_in(row, place_of(messages, "id")), number_in(row, place_of(messages, "conversation_id")),
              tokens_of(messages, row));
  if (auto indexed = index.store(connection_, step_limit); !indexed) return from_postgres(indexed.error());
  return {};
}

result<std::vector<text_row>> copy_target::rows(const copied_table& of, const std::vector<copied_column>& by,
                                                const text_row& after) {
  parameters_.clear();
  std::string sql = "SELECT " +
                    joined(of.columns, [](const copied_column& c, std::size_t) { return as_text(c); }) +
                    " FROM " + of.name;
  if (!after.empty()) {
    sql += " WHERE (" + names(by) + ") > (" +
           joined(by,
                  [](const copied_column& c, std::size_t nth) {
                    return "$" + std::to_string(nth) + "::text" + (c.type == "text" ? "" : "::" + c.type);
                  }) +
           ")";
    for (const auto& value : after) parameters_.add(std::string_view(*value));
  }
  sql += " ORDER BY " + names(by) + " LIMIT " + std::to_string(copied_at_once);
  auto found = connection_.query(sql.c_str(), parameters_, step_limit);
  if (!found) return from_postgres(found.error());
  std::vector<text_row> all;
  for (int row = 0; row < found->size(); ++row) all.push_back(read_row(*found, row, of.columns.size()));
  return all;
}

result<void> copy_target::end(const std::string& epoch, std::int64_t last_id) {
  auto begun = pg_transaction::begin(connection_, "DROP TABLE migration_under_way", step_limit);
  if (!begun) return from_postgres(begun.error());
  parameters_.clear();
  parameters_.add(last_id);
  if (auto set = connection_.query(sequences_sql, parameters_, step_limit); !set)
    return from_postgres(set.error());
  parameters_.clear();
  parameters_.add(std::string_view(epoch));
  if (auto named = connection_.query(identity_sql, parameters_, step_limit); !named)
    return from_postgres(named.error());
  if (auto done = begun->commit(); !done) return from_postgres(done.error());
  return {};
}

} // namespace hongyan::postgres
