#include "core/tools/text.hpp"
#include "persistence/import_table.hpp"
#include "tests/fuzz/targets.hpp"

#include <sstream>

namespace hongyan::fuzz {

namespace {

constexpr const char* header =
    "id\tuser_id\ttarget_user_id\tcreate_time\tuser_name\ttarget_user_name\tcontent\n";

std::string escaped(const std::string& text) {
  std::string out;
  for (const char c : text) {
    if (c == '\n' || c == '\t' || c == '\\') out += '\\';
    out += c == '\n' ? 'n' : c == '\t' ? 't' : c;
  }
  return out;
}

} // namespace

void table(std::string_view input) {
  const limits told;
  std::istringstream in{std::string(input)};
  auto rows = import_table::open(in, told);
  if (!rows) return demand(!rows.error().detail.empty(), "it is refused without a reason");
  std::size_t line = 1;
  while (true) {
    const auto row = rows->next();
    demand(!row || !*row || rows->line() > line, "a row that stands nowhere");
    line = std::max(line, rows->line());
    if (!row) {
      demand(!row.error().detail.empty(), "a row is refused without a reason");
      continue;
    }
    if (!*row) return;
    const imported_row& it = **row;
    demand(!it.content.empty() && count_characters(it.content) <= told.content_chars,
           "a content over its limit");
    demand(!it.from_name || count_characters(*it.from_name) <= told.name_chars, "a name over its limit");
    demand(to_ms(it.at) >= 0, "a time before all times");
    // As mysql would print it, it is the same row; a time in numbers is one from 1973 on.
    if (to_ms(it.at) < 100'000'000'000) continue;
    std::istringstream again{header + std::to_string(it.id) + '\t' + it.from.text() + '\t' + it.to.text() +
                             '\t' + std::to_string(to_ms(it.at)) + "\tNULL\tNULL\t" + escaped(it.content) +
                             '\n'};
    auto printed = import_table::open(again, told);
    const auto same = printed->next();
    demand(same && *same && (*same)->content == it.content && (*same)->id == it.id && (*same)->at == it.at,
           "a row that is another one when it is printed");
  }
}

} // namespace hongyan::fuzz
