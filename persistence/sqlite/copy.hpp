/// A copy of an SQLite store that is in use.
#pragma once

#include "persistence/sqlite/file.hpp"
#include "persistence/store_copy.hpp"

#include <memory>

namespace hongyan {

/// Copies it as it is now, while others read and write, and marks the copy as one. Takes some seconds a
/// gigabyte; until then the write-ahead log grows. Errors: store_full; unavailable.
result<std::unique_ptr<store_copy>> copy_sqlite(const sqlite_file& file);

/// What a server left that was killed while it copied.
void remove_copy(const sqlite_file& file);

} // namespace hongyan
