/// Tables as text, a record at a time: what `mysql --batch` prints (columns between tabs, \n \t \\ and \0
/// escaped, NULL) and CSV (RFC 4180). Which of the two it is, the header says: it has a tab or it has none.
#pragma once

#include "core/errors.hpp"

#include <cstddef>
#include <istream>
#include <optional>
#include <string>
#include <vector>

namespace hongyan {

class table_reader {
public:
  /// A record's bytes at most.
  static constexpr std::size_t record_max = 1 << 20;

  /// Reads the header. `in` must outlive it. Errors: errc::malformed: there is none.
  static result<table_reader> open(std::istream& in);

  const std::vector<std::string>& header() const { return header_; }
  /// The next record, of as many fields as the header; nothing: there are no more. Errors: errc::malformed,
  /// with the reason: it can be read on behind that record.
  result<std::optional<std::vector<std::string>>> next();
  /// Of the last record, where it begins; from 1.
  std::size_t line() const { return begins_at_; }

private:
  explicit table_reader(std::istream& in) : in_(&in) {}

  /// A record's fields; nothing: the end. Errors: as next().
  result<std::optional<std::vector<std::string>>> record();
  bool is_tabbed_ = false;
  std::istream* in_;
  std::vector<std::string> header_;
  std::size_t line_ = 0, begins_at_ = 0;
};

} // namespace hongyan
