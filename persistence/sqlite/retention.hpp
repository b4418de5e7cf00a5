/// What retention.days drops, on SQLite.
#pragma once

#include "core/chat/change.hpp"
#include "persistence/sqlite/handle.hpp"

namespace hongyan {

/// The writer's statements about it.
struct sqlite_retention_statements {
  explicit sqlite_retention_statements(const sqlite_connection& db);

  /// As of change_transaction. Answers SQLite's code.
  int drop_old(std::int64_t after, wall_time before, std::size_t limit, dropped_entries& done);

  /// Takes all away that is kept of an entry besides its own row and its files. Answers SQLite's code.
  int clear(std::int64_t conversation, std::int64_t seq, std::int64_t id);

private:
  int find(std::int64_t after, wall_time before, std::int64_t& conversation, std::int64_t& first,
           dropped_entries& done);
  int drop(std::int64_t conversation, std::int64_t seq, std::int64_t id, dropped_entries& done);

  sqlite_statement conversations, entries, unindex, detach, uncall, unreact, uncount, unkeep, unstream,
      uncheck, remove, keep_from;
};

} // namespace hongyan
