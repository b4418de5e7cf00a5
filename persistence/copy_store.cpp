#include "persistence/copy_store.hpp"

#include "persistence/postgres/rows.hpp"
#include "persistence/postgres/session.hpp"
#include "persistence/sqlite/file.hpp"

#include <sqlite3.h>

#include <algorithm>
#include <array>
#include <filesystem>
#include <map>
#include <optional>
#include <span>
#include <vector>

namespace hongyan {

namespace {

using std::chrono::milliseconds;

/// Of a transaction, and of what is compared at once: some megabytes.
constexpr std::int64_t portion_rows = 5000;
/// A statement's: the search for where an interrupted copy was reads the whole table of messages.
constexpr milliseconds step_limit{600'000};
/// Whoever has it is the one that copies; the number is ours.
constexpr const char* hold_sql = "SELECT pg_try_advisory_lock(7310575182467099)";
/// A server on this database; that one which copies has no other session.
constexpr const char* servers_sql = "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database()"
                                    " AND application_name = 'hongyan' AND pid <> pg_backend_pid()";
constexpr const char* settings_sql = "SET statement_timeout = 0; SET enable_seqscan = on;"
                                     " SET enable_bitmapscan = on";
constexpr const char* marker_sql = "CREATE TABLE migration_under_way (epoch text NOT NULL)";
/// The sequences go on behind what was given: message's is events' too.
constexpr const char* sequences_sql = R"(
SELECT setval(pg_get_serial_sequence('message', 'id'), greatest($1::bigint, 1), $1::bigint > 0),
       setval(pg_get_serial_sequence('conversation', 'id'), greatest(last, 1), last > 0)
FROM (SELECT coalesce(max(id), 0) AS last FROM conversation) AS given)";
constexpr const char* identity_sql = R"(
INSERT INTO store_identity (epoch, home)
SELECT $1::text, s.system_identifier || '/' || d.oid FROM pg_control_system() s, pg_database d
WHERE d.datname = current_database()
ON CONFLICT (only_one) DO UPDATE SET epoch = excluded.epoch, home = excluded.home)";
constexpr const char* index_sql = R"(
INSERT INTO message_search (message_id, conversation_id, tokens)
SELECT i.id, i.conversation_id, array_to_tsvector(string_to_array('@' || i.conversation_id || ' ' || i.tokens, ' '))
FROM unnest($1::bigint[], $2::bigint[], $3::text[]) AS i (id, conversation_id, tokens))";

/// What SQLite's tables do not have: what it is for a row that comes from there.
struct addition {
  std::string_view table, columns, values;
};
constexpr std::array additions{addition{"webhook", ", holder, held_until", ", '', to_timestamp(0)"},
                               // Nobody's: the first node that starts says that they are gone.
                               addition{"presence", ", node", ", ''"}};

struct column {
  std::string name;
  std::string type{}; ///< PostgreSQL's
};

struct table {
  std::string name;
  std::vector<column> columns{};
  std::vector<column> key{};   ///< primary, in its order; rows are copied in it
  std::vector<column> order{}; ///< unique in both, with an index; rows are compared in it
};

using text_row = std::vector<std::optional<std::string>>;

error damaged(const std::string& what) { return {errc::unavailable, "migrate: " + what}; }
error from_postgres(const pg_error& why) { return damaged(why.text); }

std::string joined(const std::vector<column>& columns, const auto& text_of) {
  std::string all;
  for (std::size_t i = 0; i < columns.size(); ++i) all += (i == 0 ? "" : ", ") + text_of(columns[i], i + 1);
  return all;
}

std::string names(const std::vector<column>& columns) {
  return joined(columns, [](const column& c, std::size_t) { return c.name; });
}

/// The file, which nobody else uses meanwhile. Values are text, as SQLite writes integers.
class source {
public:
  static result<source> open(const std::string& path);

  const std::string& epoch() const { return epoch_; }
  result<std::vector<table>> tables();
  result<std::int64_t> count(const std::string& of);
  /// What ids were given up to.
  result<std::int64_t> last_id() { return number("SELECT seq FROM sqlite_sequence WHERE name = 'message'"); }
  /// Rows behind `after`, values of `by`, in their order; empty: from the beginning.
  result<std::vector<text_row>> rows(const table& of, const std::vector<column>& by, const text_row& after);

private:
  source(std::shared_ptr<sqlite_file> file, sqlite_connection db)
      : file_(std::move(file))
      , db_(std::move(db)) {}

  error failed(int code) const { return damaged(file_->path() + ": " + reason(db_, code)); }
  result<std::int64_t> number(const std::string& sql);

  std::shared_ptr<sqlite_file> file_;
  sqlite_connection db_;
  std::string epoch_;
};

result<source> source::open(const std::string& path) {
  if (!std::filesystem::exists(path))
    return error{errc::malformed, "migrate: --from: there is no file " + path};
  auto file = sqlite_file::lock(path);
  if (!file) return error{errc::malformed, "migrate: --from: " + file.error().detail};
  auto writing = (*file)->open_for_writing();
  if (!writing)
    return error{errc::malformed, "migrate: --from: " + unusable(path, writing.error().detail).detail};
  // The epoch is another where the file is a copy that came back: then clients are to know here, too.
  if (auto identified = (*file)->identify(*writing); !identified) return damaged(identified.error().detail);
  auto db = (*file)->open_for_reading();
  if (!db) return damaged(db.error().detail);
  source opened(*std::move(file), *std::move(db));
  sqlite_statement statement(opened.db_, "SELECT epoch FROM store_identity");
  sqlite_statement::execution query(statement);
  if (const int code = query.step(); code != SQLITE_ROW) return opened.failed(code);
  opened.epoch_ = query.text(0);
  return opened;
}

result<std::int64_t> source::number(const std::string& sql) {
  sqlite_statement statement(db_, sql);
  sqlite_statement::execution query(statement);
  if (const int code = query.step(); code != SQLITE_ROW) return failed(code);
  return query.integer(0);
}

result<std::int64_t> source::count(const std::string& of) { return number("SELECT count(*) FROM " + of); }

/// All but what is SQLite's own, or this store's: its version, its name, its search index (made anew) and
/// what it tries writing with.
result<std::vector<table>> source::tables() {
  std::vector<table> all;
  sqlite_statement statement(
      db_, "SELECT m.name, c.name, c.pk FROM sqlite_schema m JOIN pragma_table_info(m.name) c"
           " WHERE m.type = 'table' AND m.name NOT GLOB 'sqlite_*' AND m.name NOT GLOB 'message_search*'"
           " AND m.name NOT IN ('schema_migration', 'store_identity', 'write_proof') ORDER BY m.name, c.cid");
  sqlite_statement::execution query(statement);
  std::map<std::int64_t, column> key;
  const auto end_table = [&] {
    if (all.empty()) return;
    for (auto& [nth, one] : key) all.back().key.push_back(std::move(one));
    all.back().order = all.back().key;
    // PostgreSQL has no index of messages by id alone, and both have this one.
    if (all.back().name == "message") all.back().order = {{"conversation_id"}, {"seq"}};
    key.clear();
  };
  int code = query.step();
  for (; code == SQLITE_ROW; code = query.step()) {
    if (all.empty() || all.back().name != query.text(0)) {
      end_table();
      all.push_back({.name = std::string(query.text(0))});
    }
    all.back().columns.push_back({std::string(query.text(1))});
    if (query.integer(2) > 0) key.emplace(query.integer(2), column{std::string(query.text(1))});
  }
  if (code != SQLITE_DONE) return failed(code);
  end_table();
  return all;
}

result<std::vector<text_row>> source::rows(const table& of, const std::vector<column>& by,
                                           const text_row& after) {
  // Text is compared with an integer as one where the column is one.
  std::string sql = "SELECT " + names(of.columns) + " FROM " + of.name;
  if (!after.empty())
    sql += " WHERE (" + names(by) + ") > (" +
           joined(by, [](const column&, std::size_t nth) { return "?" + std::to_string(nth); }) + ")";
  sql += " ORDER BY " + names(by) + " LIMIT " + std::to_string(portion_rows);
  sqlite_statement statement(db_, sql);
  sqlite_statement::execution query(statement);
  for (const auto& value : after) query.bind_optional(value);
  std::vector<text_row> found;
  int code = query.step();
  for (; code == SQLITE_ROW; code = query.step()) {
    text_row& row = found.emplace_back();
    for (std::size_t i = 0; i < of.columns.size(); ++i)
      row.push_back(query.optional_text(static_cast<int>(i)));
  }
  if (code != SQLITE_DONE) return failed(code);
  return found;
}

/// The database, which no server uses meanwhile.
class target {
public:
  static result<target> open(const std::string& uri);

  /// Sees that it is empty, or that the copy of this epoch was begun there, and marks it. False: it has
  /// ended.
  result<bool> begin(std::span<const table> tables, const std::string& epoch);
  /// Learns the types of the columns.
  result<void> describe(table& of);
  /// The key of the last row; empty: it has none.
  result<text_row> last_key(const table& of);
  result<std::int64_t> count(const std::string& of);
  result<void> store(const table& of, std::span<const text_row> rows);
  result<std::vector<text_row>> rows(const table& of, const std::vector<column>& by, const text_row& after);
  /// From now on it is the store.
  result<void> end(const std::string& epoch, std::int64_t last_id);

private:
  target(std::unique_ptr<postgres::hosts> hosts, pg_connection connection)
      : hosts_(std::move(hosts))
      , connection_(std::move(connection)) {}

  result<pg_rows> ask(const std::string& sql);
  result<void> is_alone();
  result<void> index(const table& messages, std::span<const text_row> rows);

  std::unique_ptr<postgres::hosts> hosts_;
  pg_connection connection_;
  pg_parameters parameters_;
};

result<target> target::open(const std::string& uri) {
  auto hosts = std::make_unique<postgres::hosts>(uri);
  auto made = postgres::open_session(*hosts, {}, postgres::session_use::migration);
  if (!made) return from_postgres(made.error());
  target opened(std::move(hosts), std::move(made->connection));
  if (auto set = opened.connection_.script(settings_sql, step_limit); !set) return from_postgres(set.error());
  const auto held = opened.ask(hold_sql);
  if (!held) return held.error();
  if (!held->boolean(0, 0))
    return error{errc::malformed, "migrate: --to: another hongyan migrate is under way there"};
  if (auto alone = opened.is_alone(); !alone) return alone.error();
  return opened;
}

/// No server has a session there.
result<void> target::is_alone() {
  const auto servers = ask(servers_sql);
  if (!servers) return servers.error();
  if (servers->bigint(0, 0) > 0)
    return error{errc::malformed, "migrate: --to: a server uses this database; stop it"};
  return {};
}

result<pg_rows> target::ask(const std::string& sql) {
  parameters_.clear();
  auto rows = connection_.query(sql.c_str(), parameters_, step_limit);
  if (!rows) return from_postgres(rows.error());
  return *std::move(rows);
}

result<bool> target::begin(std::span<const table> tables, const std::string& epoch) {
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
  for (const table& one : tables) {
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

result<void> target::describe(table& of) {
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
    for (column& one : *columns) one.type = types[one.name];
  return {};
}

result<std::int64_t> target::count(const std::string& of) {
  const auto rows = ask("SELECT count(*) FROM " + of);
  if (!rows) return rows.error();
  return rows->bigint(0, 0);
}

/// As SQLite writes it, for a list of what is selected: under a name of its own, since ORDER BY means that
/// one first.
std::string as_text(const column& c) {
  return c.name + (c.type == "bool" ? "::int" : "") + "::text AS value";
}

text_row read_row(const pg_rows& rows, int row, std::size_t columns) {
  text_row values;
  for (std::size_t i = 0; i < columns; ++i) values.push_back(rows.optional_text(row, static_cast<int>(i)));
  return values;
}

result<text_row> target::last_key(const table& of) {
  const auto rows =
      ask("SELECT " + joined(of.key, [](const column& c, std::size_t) { return as_text(c); }) + " FROM " +
          of.name + " ORDER BY " +
          joined(of.key, [](const column& c, std::size_t) { return c.name + " DESC"; }) + " LIMIT 1");
  if (!rows) return rows.error();
  return rows->size() == 0 ? text_row{} : read_row(*rows, 0, of.key.size());
}

result<void> target::store(const table& of, std::span<const text_row> rows) {
  auto begun = pg_transaction::begin(connection_, "", step_limit);
  if (!begun) return from_postgres(begun.error());
  const auto added = std::ranges::find(additions, of.name, &addition::table);
  const bool is_plain = added == additions.end();
  const std::string sql =
      "INSERT INTO " + of.name + " (" + names(of.columns) + std::string(is_plain ? "" : added->columns) +
      ") SELECT " +
      joined(of.columns, [](const column& c, std::size_t) { return "r." + c.name + "::" + c.type; }) +
      std::string(is_plain ? "" : added->values) + " FROM unnest(" +
      joined(of.columns,
             [](const column&, std::size_t nth) { return "$" + std::to_string(nth) + "::text[]"; }) +
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

std::size_t place_of(const table& of, std::string_view name) {
  return static_cast<std::size_t>(std::ranges::find(of.columns, name, &column::name) - of.columns.begin());
}

std::int64_t number_in(const text_row& row, std::size_t at) { return std::stoll(*row[at]); }

/// What is found of a message.
std::string tokens_of(const table& messages, const text_row& row) {
  return postgres::index_text(kind_of(number_in(row, place_of(messages, "kind"))),
                              *row[place_of(messages, "content")]);
}

result<void> target::index(const table& messages, std::span<const text_row> rows) {
  std::vector<std::int64_t> ids, conversations;
  std::vector<std::string> tokens;
  for (const text_row& row : rows) {
    auto found = tokens_of(messages, row);
    if (found.empty()) continue;
    ids.push_back(number_in(row, place_of(messages, "id")));
    conversations.push_back(number_in(row, place_of(messages, "conversation_id")));
    tokens.push_back(std::move(found));
  }
  parameters_.clear();
  parameters_.add(ids);
  parameters_.add(conversations);
  postgres::add_texts(parameters_, tokens, [](const std::string& text) -> std::string_view { return text; });
  if (auto indexed = connection_.query(index_sql, parameters_, step_limit); !indexed)
    return from_postgres(indexed.error());
  return {};
}

result<std::vector<text_row>> target::rows(const table& of, const std::vector<column>& by,
                                           const text_row& after) {
  parameters_.clear();
  std::string sql = "SELECT " + joined(of.columns, [](const column& c, std::size_t) { return as_text(c); }) +
                    " FROM " + of.name;
  if (!after.empty()) {
    sql += " WHERE (" + names(by) + ") > (" +
           joined(by,
                  [](const column& c, std::size_t nth) {
                    return "$" + std::to_string(nth) + "::text" + (c.type == "text" ? "" : "::" + c.type);
                  }) +
           ")";
    for (const auto& value : after) parameters_.add(std::string_view(*value));
  }
  sql += " ORDER BY " + names(by) + " LIMIT " + std::to_string(portion_rows);
  auto found = connection_.query(sql.c_str(), parameters_, step_limit);
  if (!found) return from_postgres(found.error());
  std::vector<text_row> all;
  for (int row = 0; row < found->size(); ++row) all.push_back(read_row(*found, row, of.columns.size()));
  return all;
}

result<void> target::end(const std::string& epoch, std::int64_t last_id) {
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

text_row key_of(const table& of, const std::vector<column>& by, const text_row& row) {
  text_row key;
  for (const column& one : by) key.push_back(row[place_of(of, one.name)]);
  return key;
}

/// Each portion is behind what is there, which is where an earlier copy was ended.
result<void> copy_table(source& from, target& to, const table& of,
                        const std::function<void(const copy_progress&)>& tell) {
  const auto all = from.count(of.name);
  if (!all) return all.error();
  const auto there = to.count(of.name);
  if (!there) return there.error();
  copy_progress so_far{.what = "copied", .table = of.name, .done = *there, .all = *all};
  auto after = to.last_key(of);
  if (!after) return after.error();
  for (;;) {
    const auto rows = from.rows(of, of.key, *after);
    if (!rows) return rows.error();
    if (rows->empty()) return {};
    if (auto stored = to.store(of, *rows); !stored) return stored;
    *after = key_of(of, of.key, rows->back());
    so_far.done += static_cast<std::int64_t>(rows->size());
    tell(so_far);
  }
}

error differs(const table& of) {
  return {errc::conflict,
          "migrate: the copy of " + of.name +
              " is not what --from has; was a server run on it meanwhile? Empty the database of "
              "--to, and begin again"};
}

/// Row by row, in the same order: so each conversation has as many entries, with the same seqs, ids and
/// contents.
result<std::int64_t> compare_table(source& from, target& to, const table& of,
                                   const std::function<void(const copy_progress&)>& tell) {
  const auto all = from.count(of.name);
  if (!all) return all.error();
  copy_progress so_far{.what = "compared", .table = of.name, .done = 0, .all = *all};
  std::int64_t searchable = 0;
  for (text_row after;;) {
    const auto ours = from.rows(of, of.order, after);
    if (!ours) return ours.error();
    const auto theirs = to.rows(of, of.order, after);
    if (!theirs) return theirs.error();
    if (*ours != *theirs) return differs(of);
    if (ours->empty()) break;
    if (of.name == "message")
      searchable +=
          std::ranges::count_if(*ours, [&](const text_row& row) { return !tokens_of(of, row).empty(); });
    after = key_of(of, of.order, ours->back());
    so_far.done += static_cast<std::int64_t>(ours->size());
    tell(so_far);
  }
  if (of.name == "message") {
    const auto indexed = to.count("message_search");
    if (!indexed) return indexed.error();
    if (*indexed != searchable) return differs(of);
  }
  return so_far.done;
}

} // namespace

result<copied_store> copy_store(const std::string& from_path, const std::string& to_uri,
                                const std::function<void(const copy_progress&)>& tell) {
  auto from = source::open(from_path);
  if (!from) return from.error();
  auto to = target::open(to_uri);
  if (!to) return to.error();
  auto tables = from->tables();
  if (!tables) return tables.error();
  const auto is_to_copy = to->begin(*tables, from->epoch());
  if (!is_to_copy) return is_to_copy.error();
  copied_store done{.was_there = !*is_to_copy};
  if (done.was_there) return done;
  for (table& one : *tables) {
    if (auto described = to->describe(one); !described) return described.error();
    if (auto copied = copy_table(*from, *to, one, tell); !copied) return copied.error();
  }
  for (const table& one : *tables) {
    const auto rows = compare_table(*from, *to, one, tell);
    if (!rows) return rows.error();
    if (one.name == "message") done.messages = *rows;
    if (one.name == "conversation") done.conversations = *rows;
  }
  const auto last_id = from->last_id();
  if (!last_id) return last_id.error();
  if (auto ended = to->end(from->epoch(), *last_id); !ended) return ended.error();
  return done;
}

} // namespace hongyan
