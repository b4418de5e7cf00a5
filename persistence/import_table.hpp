/// The tutorial's table of chats, as its export has it: id, user_id, target_user_id, create_time, user_name,
/// target_user_name, content, in any order; user_name and target_user_name may be missing, other columns are
/// ignored.
#pragma once

#include "core/bounds/limits.hpp"
#include "core/wire/table.hpp"
#include "persistence/import_rows.hpp"

#include <array>

namespace hongyan {

class import_table {
public:
  /// Errors: errc::malformed: no header, or a column is missing.
  static result<import_table> open(std::istream& in, const limits& told);

  /// The next row; nothing: there are no more. Errors: errc::malformed, with the reason: that row cannot be a
  /// message, and it can be read on behind it.
  result<std::optional<imported_row>> next();
  std::size_t line() const { return table_.line(); }

private:
  import_table(table_reader table, const limits& told) : table_(std::move(table)), limits_(told) {}

  table_reader table_;
  limits limits_;
  std::array<std::optional<std::size_t>, 7> places_{}; ///< of the columns above, in that order
};

/// A time as databases print it: `2023-04-05 06:07:08`, with T in between and a fraction if they like, in the
/// process's time zone, or in UTC with Z behind it; or milliseconds since 1970, from 1973 on. Nothing: it is
/// none.
std::optional<wall_time> parse_table_time(std::string_view text);

} // namespace hongyan
