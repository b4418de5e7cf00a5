/// The store that copy_store() writes.
#pragma once

#include "core/errors.hpp"
#include "persistence/copied_table.hpp"
#include "persistence/postgres/handle.hpp"
#include "persistence/postgres/hosts.hpp"

#include <memory>
#include <span>

namespace hongyan::postgres {

/// The database, which no server uses meanwhile. Errors of all: malformed: it cannot be used, is in use, or
/// not empty; unavailable.
class copy_target {
public:
  static result<copy_target> open(const std::string& uri);

  /// Sees that it is empty, or that the copy of this epoch was begun there, and marks it. False: it has
  /// ended.
  result<bool> begin(std::span<const copied_table> tables, const std::string& epoch);
  /// Learns the types of the columns.
  result<void> describe(copied_table& of);
  /// The key of the last row; empty: it has none.
  result<text_row> last_key(const copied_table& of);
  result<std::int64_t> count(const std::string& of);
  result<void> store(const copied_table& of, std::span<const text_row> rows);
  result<std::vector<text_row>> rows(const copied_table& of, const std::vector<copied_column>& by,
                                     const text_row& after);
  /// From now on it is the store.
  result<void> end(const std::string& epoch, std::int64_t last_id);

private:
  copy_target(std::unique_ptr<hosts> hosts, pg_connection connection)
      : hosts_(std::move(hosts))
      , connection_(std::move(connection)) {}

  result<pg_rows> ask(const std::string& sql);
  result<void> is_alone();
  result<void> index(const copied_table& messages, std::span<const text_row> rows);

  std::unique_ptr<hosts> hosts_;
  pg_connection connection_;
  pg_parameters parameters_;
};

/// What is found of a message, a row of that table.
std::string tokens_of(const copied_table& messages, const text_row& row);

} // namespace hongyan::postgres
