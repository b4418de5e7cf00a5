/// The schema's history: numbered scripts, applied once, in order, by the store that opens a database.
/// A script that has been released is never edited; a change is a new script.
#pragma once

#include <span>
#include <string_view>

namespace hongyan {

struct migration {
  int version; ///< ascending, from 1
  std::string_view sql;
  /// The oldest version whose servers may go on when this script has been applied, as nodes do that are
  /// upgraded one after the other: it has added only what they need not know. 0: none but its own.
  int oldest = 0;
};

std::span<const migration> sqlite_migrations();
std::span<const migration> postgres_migrations();

} // namespace hongyan
