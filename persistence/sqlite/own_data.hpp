/// What is one user's, and what operators have done, on SQLite.
#pragma once

#include "persistence/sqlite/handle.hpp"

#include <array>

namespace hongyan {

/// The writer's statements about it.
struct sqlite_own_data_statements {
  explicit sqlite_own_data_statements(const sqlite_connection& db);

  /// Each takes the user away from one table.
  std::array<sqlite_statement*, 4> of_person() { return {&unprofile, &unidentify, &ungrant, &unnotice}; }

  sqlite_statement identities, blocks, banned, conversations, keyed, direct, files;
  sqlite_statement unprofile, unidentify, ungrant, unnotice;
  sqlite_statement erase, called, uncall_name, detach_file, discard_file;
  sqlite_statement next, put, end, note, noted;
};

} // namespace hongyan
