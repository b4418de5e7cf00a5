/// Our values as rows and parameters, for all that speak to PostgreSQL.
#pragma once

#include "persistence/postgres/handle.hpp"
#include "persistence/store.hpp"

#include <string>

namespace hongyan::postgres {

/// What read_message() reads, of `message m` and its `conversation c`.
inline constexpr const char* message_columns =
    "m.id, m.conversation_id, m.seq, m.created_at_ms, m.sender, m.target, c.group_id, m.sender_name,"
    " m.target_name, m.kind::bigint, m.content, m.ext, m.client_msg_id, m.recalled, m.edits::bigint";
message read_message(const pg_rows& rows, int row, int first_column);

/// How many have reacted, as $1 sees it, to entries of the conversations $2 between the seqs $3 and $4; at
/// most $5 rows.
inline constexpr const char* reactions_sql = R"(
SELECT c.emoji, c.users::bigint,
       EXISTS (SELECT FROM reaction r WHERE r.conversation_id = r_of.id AND r.seq = c.seq AND r.emoji = c.emoji
                 AND r.user_id = $1::text),
       c.seq, c.conversation_id, r_of.n
FROM unnest($2::bigint[], $3::bigint[], $4::bigint[]) WITH ORDINALITY AS r_of (id, after_seq, before_seq, n)
CROSS JOIN LATERAL (
  SELECT * FROM reaction_count WHERE conversation_id = r_of.id AND seq > r_of.after_seq AND seq < r_of.before_seq
  OFFSET 0) AS c
ORDER BY r_of.n, c.seq, c.place LIMIT $5::bigint)";
void add_reaction_ranges(pg_parameters& parameters, const user_id& seen_by,
                         std::span<const log_range> ranges);
std::vector<message_reactions> read_reactions(const pg_rows& rows);

/// The lock of a pair of users, of `low` and `high`; see rules.hpp. One of 64, so that a transaction holds
/// few, whatever it is about; they are taken in their order.
inline constexpr const char* pair_locks = "1215195002";
inline constexpr const char* pair_stripe_sql = "hashtext(low || ' ' || high) & 63";

/// A message's tokens, joined with spaces, for message_search. Empty: there is nothing to find.
///
/// The statements that store them add a lexeme for the conversation, '@' and its id, which can be no token:
/// it lets a search look at the user's own conversations only.
std::string index_text(message_kind kind, const std::string& content);

/// Adds a text[] of one value of each of the `items`.
template <class Items, class ValueOf>
void add_texts(pg_parameters& parameters, const Items& items, ValueOf value_of) {
  parameters.begin_texts(std::size(items));
  for (const auto& item : items) parameters.element(value_of(item));
}

/// A bigint[] of one value of each.
template <class Items, class ValueOf>
void add_numbers(pg_parameters& parameters, const Items& items, ValueOf value_of) {
  std::vector<std::int64_t> values;
  values.reserve(std::size(items));
  for (const auto& item : items) values.push_back(static_cast<std::int64_t>(value_of(item)));
  parameters.add(values);
}

} // namespace hongyan::postgres
