/// The store that copy_store() reads.
#pragma once

#include "persistence/copied_table.hpp"
#include "persistence/sqlite/file.hpp"

#include <memory>

namespace hongyan {

/// The file, which nobody else uses meanwhile. Errors of all: malformed: it cannot be used, or is in use;
/// unavailable.
class copy_source {
public:
  static result<copy_source> open(const std::string& path);

  const std::string& epoch() const { return epoch_; }
  result<std::vector<copied_table>> tables();
  result<std::int64_t> count(const std::string& of);
  /// What ids were given up to.
  result<std::int64_t> last_id() { return number("SELECT seq FROM sqlite_sequence WHERE name = 'message'"); }
  /// Rows behind `after`, values of `by`, in their order; empty: from the beginning.
  result<std::vector<text_row>> rows(const copied_table& of, const std::vector<copied_column>& by,
                                     const text_row& after);

private:
  copy_source(std::shared_ptr<sqlite_file> file, sqlite_connection db)
      : file_(std::move(file))
      , db_(std::move(db)) {}

  error failed(int code) const;
  result<std::int64_t> number(const std::string& sql);

  std::shared_ptr<sqlite_file> file_;
  sqlite_connection db_;
  std::string epoch_;
};

} // namespace hongyan
