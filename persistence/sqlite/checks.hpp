/// What content checks say, on SQLite.
#pragma once

#include "core/chat/content_check.hpp"
#include "persistence/sqlite/handle.hpp"

namespace hongyan {

/// The writer's statements about it.
struct sqlite_check_statements {
  explicit sqlite_check_statements(const sqlite_connection& db);
  sqlite_statement put, find, find_of, due, postpone, expect, identity, count, note, forget;

  /// As of change_transaction. Answers SQLite's code.
  int put_check(std::int64_t message, const content_verdict& verdict, wall_time now);
};

} // namespace hongyan
