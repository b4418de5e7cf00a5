#include "persistence/sqlite/copy_source.hpp"

#include <sqlite3.h>

#include <filesystem>
#include <map>

namespace hongyan {

namespace {

error damaged(const std::string& what) { return {errc::unavailable, "migrate: " + what}; }

} // namespace

error copy_source::failed(int code) const { return damaged(file_->path() + ": " + reason(db_, code)); }

result<copy_source> copy_source::open(const std::string& path) {
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
  copy_source opened(*std::move(file), *std::move(db));
  sqlite_statement statement(opened.db_, "SELECT epoch FROM store_identity");
  sqlite_statement::execution query(statement);
  if (const int code = query.step(); code != SQLITE_ROW) return opened.failed(code);
  opened.epoch_ = query.text(0);
  return opened;
}

result<std::int64_t> copy_source::number(const std::string& sql) {
  sqlite_statement statement(db_, sql);
  sqlite_statement::execution query(statement);
  if (const int code = query.step(); code != SQLITE_ROW) return failed(code);
  return query.integer(0);
}

result<std::int64_t> copy_source::count(const std::string& of) {
  return number("SELECT count(*) FROM " + of);
}

/// All but what is SQLite's own, or this store's: its version, its name, its search index (made anew) and
/// what it tries writing with.
result<std::vector<copied_table>> copy_source::tables() {
  std::vector<copied_table> all;
  sqlite_statement statement(
      db_, "SELECT m.name, c.name, c.pk FROM sqlite_schema m JOIN pragma_table_info(m.name) c"
           " WHERE m.type = 'table' AND m.name NOT GLOB 'sqlite_*' AND m.name NOT GLOB 'message_search*'"
           " AND m.name NOT IN ('schema_migration', 'store_identity', 'write_proof') ORDER BY m.name, c.cid");
  sqlite_statement::execution query(statement);
  std::map<std::int64_t, copied_column> key;
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
    if (query.integer(2) > 0) key.emplace(query.integer(2), copied_column{std::string(query.text(1))});
  }
  if (code != SQLITE_DONE) return failed(code);
  end_table();
  return all;
}

result<std::vector<text_row>> copy_source::rows(const copied_table& of, const std::vector<copied_column>& by,
                                                const text_row& after) {
  // Text is compared with an integer as one where the column is one.
  std::string sql = "SELECT " + names(of.columns) + " FROM " + of.name;
  if (!after.empty())
    sql += " WHERE (" + names(by) + ") > (" +
           joined(by, [](const copied_column&, std::size_t nth) { return "?" + std::to_string(nth); }) + ")";
  sql += " ORDER BY " + names(by) + " LIMIT " + std::to_string(copied_at_once);
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

} // namespace hongyan
