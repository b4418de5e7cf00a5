/// hongyan migrate: all that an SQLite store has goes into an empty PostgreSQL one, which it then is: with
/// the same epoch, ids and times, so that clients go on where they were.
#pragma once

#include "core/errors.hpp"

#include <cstdint>
#include <functional>
#include <string>
#include <string_view>

namespace hongyan {

/// How far it is: so many rows of a table, of all.
struct copy_progress {
  std::string_view what; ///< "copied" or "compared"
  std::string_view table;
  std::int64_t done = 0, all = 0;
};

struct copied_store {
  std::int64_t messages = 0, conversations = 0;
  bool was_there = false; ///< it was copied before; nothing was done
};

/// `from`: an SQLite file's path; it is only read, but for its schema, which is brought up to date, and it is
/// locked meanwhile. `to`: a libpq URI. What was interrupted goes on where it was, and until it is at its end
/// no server takes the database. At the end each row is compared. Blocks, for minutes; `tell` is called
/// often. Errors: errc::malformed: either cannot be used, is in use, or the database is not empty;
/// errc::unavailable: try again; errc::conflict: the two differ.
result<copied_store> copy_store(const std::string& from, const std::string& to,
                                const std::function<void(const copy_progress&)>& tell);

} // namespace hongyan
