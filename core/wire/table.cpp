#include "core/wire/table.hpp"

#include <algorithm>
#include <utility>

namespace hongyan {

namespace {

using record = std::vector<std::string>;

/// A line that `mysql --batch` prints: no field has a tab or a line feed of its own.
record fields_between_tabs(std::string_view line) {
  record fields(1);
  for (std::size_t i = 0; i < line.size(); ++i) {
    const bool begins = i == 0 || line[i - 1] == '\t';
    if (line[i] == '\t') {
      fields.emplace_back();
    } else if (begins && line.substr(i, 2) == "\\N" && (i + 2 == line.size() || line[i + 2] == '\t')) {
      fields.back() = line.substr(i++, 2); // NULL, of SELECT ... INTO OUTFILE
    } else if (line[i] == '\\' && i + 1 < line.size()) {
      const char c = line[++i];
      fields.back() += c == 'n' ? '\n' : c == 't' ? '\t' : c == '0' ? '\0' : c;
    } else {
      fields.back() += line[i];
    }
  }
  return fields;
}

/// A line of CSV, or what there is of a record that goes on in the next.
class csv_record {
public:
  /// True: the record is whole.
  bool feed(std::string_view line) {
    if (in_quotes_) fields_.back() += '\n';
    for (std::size_t i = 0; i < line.size(); ++i) {
      const char c = line[i];
      if (in_quotes_) {
        if (c != '"')
          fields_.back() += c;
        else if (i + 1 < line.size() && line[i + 1] == '"')
          fields_.back() += line[++i];
        else
          in_quotes_ = false, was_quoted_ = true;
      } else if (c == '"' && fields_.back().empty() && !was_quoted_) {
        in_quotes_ = true;
      } else if (c == ',') {
        fields_.emplace_back();
        was_quoted_ = false;
      } else {
        is_wrong_ = is_wrong_ || was_quoted_;
        fields_.back() += c;
      }
    }
    return !in_quotes_;
  }
  /// Something stands behind a closing quotation mark: where fields and records end is not known.
  bool is_wrong() const { return is_wrong_; }
  record take() && { return std::move(fields_); }

private:
  record fields_{1};
  bool in_quotes_ = false, was_quoted_ = false, is_wrong_ = false;
};

std::string_view without_return(std::string_view line) {
  return line.ends_with('\r') ? line.substr(0, line.size() - 1) : line;
}

} // namespace

result<table_reader> table_reader::open(std::istream& in) {
  table_reader table(in);
  std::string first;
  if (!std::getline(in, first)) return error{errc::malformed, "it is empty; accepted: a header, and rows"};
  table.line_ = 1;
  std::string_view line = without_return(first);
  if (line.starts_with("\xEF\xBB\xBF")) line.remove_prefix(3); // as Excel begins a file
  table.is_tabbed_ = line.find('\t') != std::string_view::npos;
  if (table.is_tabbed_) {
    table.header_ = fields_between_tabs(line);
    return table;
  }
  csv_record fields;
  if (!fields.feed(line)) return error{errc::malformed, "line 1: a quotation mark is not closed"};
  table.header_ = std::move(fields).take();
  return table;
}

result<std::optional<std::vector<std::string>>> table_reader::next() {
  auto fields = record();
  if (!fields || !*fields || (*fields)->size() == header_.size()) return fields;
  return error{errc::malformed, "it has " + std::to_string((*fields)->size()) + " fields, the header " +
                                    std::to_string(header_.size())};
}

result<std::optional<std::vector<std::string>>> table_reader::record() {
  std::string line;
  do { // lines that are empty, such as the last
    if (!std::getline(*in_, line)) return std::optional<std::vector<std::string>>{};
    begins_at_ = ++line_;
  } while (without_return(line).empty());
  std::size_t bytes = line.size();
  if (bytes > record_max) return error{errc::malformed, "it is longer than 1 MiB"};
  if (is_tabbed_) return std::optional(fields_between_tabs(without_return(line)));
  csv_record fields;
  while (!fields.feed(without_return(line))) {
    if (!std::getline(*in_, line)) return error{errc::malformed, "a quotation mark is not closed"};
    ++line_;
    bytes += line.size();
    if (bytes > record_max)
      return error{errc::malformed, "it is longer than 1 MiB: is a quotation mark not closed?"};
  }
  if (fields.is_wrong())
    return error{errc::malformed,
                 "something stands behind a closing quotation mark; accepted: \" within quotation "
                 "marks is written \"\""};
  return std::optional(std::move(fields).take());
}

} // namespace hongyan
