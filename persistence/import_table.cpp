#include "persistence/import_table.hpp"

#include "core/tools/text.hpp"

#include <algorithm>
#include <charconv>
#include <ctime>

namespace hongyan {

namespace {

enum class column : std::size_t {
  id,
  user_id,
  target_user_id,
  create_time,
  user_name,
  target_user_name,
  content
};
constexpr std::array<std::string_view, 7> column_names{
    "id", "user_id", "target_user_id", "create_time", "user_name", "target_user_name", "content"};

std::size_t place(column what) { return static_cast<std::size_t>(what); }

std::optional<std::int64_t> whole_number(std::string_view text) {
  std::int64_t value = 0;
  const auto [end, bad] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (bad != std::errc{} || end != text.data() + text.size()) return {};
  return value;
}

/// NULL, as mysql prints it in its two ways, is no name.
bool is_null(std::string_view text) { return text == "NULL" || text == "\\N"; }

std::optional<std::string> name_of(std::string text, std::size_t most) {
  if (text.empty() || is_null(text)) return {};
  text.resize(skip_characters(text, 0, most));
  return text;
}

bool is_utf8(std::string_view text) {
  utf8_checker checker;
  return checker.feed(text) && checker.complete();
}

error no_message(std::string why) { return {errc::malformed, std::move(why)}; }

} // namespace

std::optional<wall_time> parse_table_time(std::string_view text) {
  // In 1973 milliseconds had twelve digits; what has fewer are seconds, or a date without its marks.
  if (const auto ms = whole_number(text))
    return *ms >= 100'000'000'000 ? std::optional(from_ms(*ms)) : std::nullopt;
  // 0123-56-89 12:45:78
  constexpr std::string_view form = "dddd-dd-dd dd:dd:dd";
  if (text.size() < form.size()) return {};
  for (std::size_t i = 0; i < form.size(); ++i) {
    const bool fits = form[i] == 'd'   ? text[i] >= '0' && text[i] <= '9'
                      : form[i] == ' ' ? text[i] == ' ' || text[i] == 'T'
                                       : text[i] == form[i];
    if (!fits) return {};
  }
  const auto part = [&](std::size_t at, std::size_t length) {
    return static_cast<int>(*whole_number(text.substr(at, length)));
  };
  std::tm parts{};
  parts.tm_year = part(0, 4) - 1900;
  parts.tm_mon = part(5, 2) - 1;
  parts.tm_mday = part(8, 2);
  parts.tm_hour = part(11, 2);
  parts.tm_min = part(14, 2);
  parts.tm_sec = part(17, 2);
  parts.tm_isdst = -1;
  const std::tm given = parts;
  text.remove_prefix(form.size());
  std::int64_t ms = 0;
  if (text.starts_with('.')) {
    std::size_t digits = 0;
    for (text.remove_prefix(1); !text.empty() && text[0] >= '0' && text[0] <= '9'; text.remove_prefix(1))
      if (++digits <= 3) ms = ms * 10 + (text[0] - '0');
    for (std::size_t i = digits; i < 3; ++i) ms *= 10;
    if (digits == 0) return {};
  }
  const bool is_utc = text == "Z";
  if (!text.empty() && !is_utc) return {};
  const std::time_t seconds = is_utc ? timegm(&parts) : std::mktime(&parts);
  // A day or a month that there is not was carried over into the next.
  if (parts.tm_mday != given.tm_mday || parts.tm_mon != given.tm_mon || seconds < 0) return {};
  return from_ms(static_cast<std::int64_t>(seconds) * 1000 + ms);
}

result<import_table> import_table::open(std::istream& in, const limits& told) {
  auto table = table_reader::open(in);
  if (!table) return table.error();
  import_table rows(*std::move(table), told);
  const auto& header = rows.table_.header();
  for (std::size_t i = 0; i < column_names.size(); ++i) {
    const auto at = std::ranges::find(header, column_names[i]);
    if (at != header.end())
      rows.places_[i] = static_cast<std::size_t>(at - header.begin());
    else if (i != place(column::user_name) && i != place(column::target_user_name))
      return error{errc::malformed, "its header has no " + std::string(column_names[i]) +
                                        "; accepted: id,user_id,target_user_id,create_time,user_name,"
                                        "target_user_name,content, in any order, as CSV or between tabs"};
  }
  return rows;
}

result<std::optional<imported_row>> import_table::next() {
  auto record = table_.next();
  if (!record) return record.error();
  if (!*record) return std::optional<imported_row>{};
  const auto text = [&](column what) {
    const auto at = places_[place(what)];
    return at ? std::move((**record)[*at]) : std::string();
  };
  imported_row row;
  const std::string id_text = text(column::id);
  const auto called = whole_number(id_text);
  if (!called) return no_message("id is \"" + id_text + "\"; accepted: a whole number");
  row.id = *called;
  for (const auto& [what, into] :
       {std::pair{column::user_id, &row.from}, std::pair{column::target_user_id, &row.to}}) {
    const std::string id = text(what);
    if (is_null(id)) return no_message(std::string(column_names[place(what)]) + " is NULL");
    auto parsed = user_id::parse(id);
    if (!parsed) return no_message(std::string(column_names[place(what)]) + ": " + parsed.error().detail);
    *into = *std::move(parsed);
  }
  const std::string time_text = text(column::create_time);
  const auto at = parse_table_time(time_text);
  if (!at) return no_message("create_time is \"" + time_text + "\"; accepted: 2023-04-05 06:07:08");
  row.at = *at;
  row.content = text(column::content);
  std::string from_name = text(column::user_name), to_name = text(column::target_user_name);
  for (const std::string* one : {&row.content, &from_name, &to_name})
    if (one->find('\0') != std::string::npos) return no_message("a text has a character of value 0");
  for (const std::string* one : {&row.content, &from_name, &to_name})
    if (!is_utf8(*one)) return no_message("a text is not UTF-8; export with --default-character-set=utf8mb4");
  if (row.content.empty() || row.content == "\\N") return no_message("content is empty");
  if (count_characters(row.content) > limits_.content_chars)
    return no_message("content is longer than limits.content_chars, " +
                      std::to_string(limits_.content_chars));
  row.from_name = name_of(std::move(from_name), limits_.name_chars);
  row.to_name = name_of(std::move(to_name), limits_.name_chars);
  return std::optional(std::move(row));
}

} // namespace hongyan
