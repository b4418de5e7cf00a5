#include "persistence/postgres/rows.hpp"

#include "core/chat/search_text.hpp"
#include "persistence/append_rules.hpp"

namespace hongyan::postgres {

message read_message(const pg_rows& rows, int row, int first_column) {
  const auto column = [first_column](int n) { return first_column + n; };
  const bool in_group = !rows.is_null(row, column(6));
  const user_id where = stored_user(rows.text(row, column(in_group ? 6 : 5)));
  return {.id = rows.bigint(row, column(0)),
          .conversation_id = rows.bigint(row, column(1)),
          .seq = rows.bigint(row, column(2)),
          .from = stored_user(rows.text(row, column(4))),
          .to = in_group ? peer_or_group::group(where) : peer_or_group(where),
          .from_name = rows.optional_text(row, column(7)),
          .to_name = rows.optional_text(row, column(8)),
          .kind = kind_of(rows.bigint(row, column(9))),
          .content = std::string(rows.text(row, column(10))),
          .ext = rows.optional_text(row, column(11)),
          .client_msg_id = rows.optional_text(row, column(12)),
          .created_at = from_ms(rows.bigint(row, column(3))),
          .recalled = rows.boolean(row, column(13)),
          .edits = static_cast<std::int32_t>(rows.bigint(row, column(14)))};
}

void add_reaction_ranges(pg_parameters& parameters, const user_id& seen_by,
                         std::span<const log_range> ranges) {
  parameters.clear();
  parameters.add(std::string_view(seen_by.text()));
  add_numbers(parameters, ranges, [](const log_range& r) { return r.conversation_id; });
  add_numbers(parameters, ranges, [](const log_range& r) { return r.after_seq; });
  add_numbers(parameters, ranges, [](const log_range& r) { return r.before_seq; });
  parameters.add(static_cast<std::int64_t>(reaction_rows_max));
}

std::vector<message_reactions> read_reactions(const pg_rows& rows) {
  std::vector<message_reactions> all;
  std::int64_t range = 0;
  for (int row = 0; row < rows.size(); ++row) {
    const auto seq = rows.bigint(row, 3), of_range = rows.bigint(row, 5);
    if (of_range != range || all.back().seq != seq)
      all.push_back({.conversation_id = rows.bigint(row, 4), .seq = seq, .tallies = {}});
    range = of_range;
    all.back().tallies.push_back({std::string(rows.text(row, 0)),
                                  static_cast<std::size_t>(rows.bigint(row, 1)), rows.boolean(row, 2)});
  }
  return all;
}

std::string index_text(message_kind kind, const std::string& content) {
  std::string text;
  for (const std::string& token : search_tokens(searchable_text(kind, content))) {
    if (!text.empty()) text += ' ';
    text += token;
  }
  return text;
}

} // namespace hongyan::postgres
