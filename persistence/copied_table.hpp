/// A table as both stores have it, for copy_store(): what is said of it in SQL, and its rows as text.
#pragma once

#include <algorithm>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace hongyan {

struct copied_column {
  std::string name;
  std::string type{}; ///< PostgreSQL's
};

struct copied_table {
  std::string name;
  std::vector<copied_column> columns{};
  std::vector<copied_column> key{};   ///< primary, in its order; rows are copied in it
  std::vector<copied_column> order{}; ///< unique in both, with an index; rows are compared in it
};

/// Values of the columns in their order, as SQLite writes them as text; nothing: NULL.
using text_row = std::vector<std::optional<std::string>>;

/// Of a transaction, and of what is compared at once: some megabytes.
inline constexpr std::int64_t copied_at_once = 5000;

/// What text_of(column, its number from 1 on) says of each, with commas between.
std::string joined(const std::vector<copied_column>& columns, const auto& text_of) {
  std::string all;
  for (std::size_t i = 0; i < columns.size(); ++i) all += (i == 0 ? "" : ", ") + text_of(columns[i], i + 1);
  return all;
}

inline std::string names(const std::vector<copied_column>& columns) {
  return joined(columns, [](const copied_column& c, std::size_t) { return c.name; });
}

inline std::size_t place_of(const copied_table& of, std::string_view name) {
  return static_cast<std::size_t>(std::ranges::find(of.columns, name, &copied_column::name) -
                                  of.columns.begin());
}

} // namespace hongyan
