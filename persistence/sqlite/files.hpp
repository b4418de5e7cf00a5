/// Files' rows on SQLite, for the reader and the writer.
#pragma once

#include "persistence/sqlite/handle.hpp"
#include "persistence/store.hpp"

namespace hongyan {

extern const std::string find_file_sql;
/// Of find_file_sql.
void bind_question(sqlite_statement::execution& row, const file_question& question, wall_time now);
stored_file read_file(const sqlite_statement::execution& row, const std::string& id);

/// The writer's statements about files.
struct sqlite_file_statements {
  explicit sqlite_file_statements(const sqlite_connection& db);
  sqlite_statement add, find, finish, attach, keep, release, detach, due, forget, identify, identity;

  // All answer SQLite's code.

  int find_one(const file_question& question, wall_time now, std::optional<stored_file>& found);
  /// A message has these files.
  int attach_to(std::int64_t conversation, std::int64_t seq, const attachment& files);
  int keep_one(const std::string& id);
  int finish_one(const stored_file& file);
  /// Nothing happens while something refers to it.
  int release_one(const std::string& id, wall_time now);
};

} // namespace hongyan
