/// What content checks say, on PostgreSQL: statements of the writer's transactions.
#pragma once

#include "persistence/store.hpp"

#include <string>

namespace hongyan::postgres {

/// $1 messages, $2 states, $3 who says so, $4 labels or 0, $5 the time.
inline std::string put_checks_sql(const std::string& messages, const std::string& from) {
  return "INSERT INTO content_check (message_id, state, said_by, label, at_ms, due_ms)\nSELECT " + messages +
         ", j.state, j.said_by, nullif(j.label, 0), " + from +
         "\nON CONFLICT (message_id) DO UPDATE SET state = excluded.state, said_by = excluded.said_by,"
         " label = excluded.label, at_ms = excluded.at_ms, due_ms = excluded.due_ms, attempts = 0,"
         " trace_id = NULL";
}
/// $1 the message, $2 state, $3 who says so, $4 the label or 0, $5 the time.
inline const std::string put_check_sql = put_checks_sql(
    "j.message_id", "$5::bigint, $5::bigint FROM (SELECT $1::bigint AS message_id, $2::bigint AS"
                    " state, $3::bigint AS said_by, $4::bigint AS label) AS j");
inline constexpr const char* check_columns =
    "c.message_id, c.state::bigint, c.said_by::bigint, coalesce(c.label, 0)::bigint, c.at_ms,"
    " c.attempts::bigint, coalesce(c.trace_id, '')";
inline const std::string find_check_sql =
    "SELECT " + std::string(check_columns) + " FROM content_check c WHERE c.message_id = $1::bigint";
inline const std::string find_check_of_sql =
    "SELECT " + std::string(check_columns) + " FROM content_check c WHERE c.trace_id = $1::text";
/// $1 now, $2 due again then, $3 how many. What another node takes at this moment is left to it.
inline const std::string take_checks_sql = R"(
WITH due AS MATERIALIZED (
  SELECT message_id FROM content_check WHERE state = 0 AND due_ms <= $1::bigint
  ORDER BY due_ms LIMIT $3::bigint FOR UPDATE SKIP LOCKED
)
UPDATE content_check c SET due_ms = $2::bigint, attempts = c.attempts + 1
FROM due WHERE c.message_id = due.message_id RETURNING )" +
                                           std::string(check_columns);
/// $1 the message, $2 when, $3 the trace.
inline constexpr const char* expect_verdict_sql = R"(
UPDATE content_check SET due_ms = $2::bigint, trace_id = $3::text
WHERE message_id = $1::bigint AND state = 0)";
/// $1 the user, $2 how it begins.
inline constexpr const char* identity_of_sql =
    "SELECT identity FROM identity WHERE user_id = $1::text AND left(identity, length($2::text)) = $2::text";
/// $1 the name, $2 the minute, $3 how many, $4 at most.
inline constexpr const char* count_use_sql = R"(
INSERT INTO wechat_use AS u (name, minute, used)
SELECT $1::text, $2::bigint, $3::bigint::integer WHERE $3::bigint <= $4::bigint
ON CONFLICT (name) DO UPDATE SET minute = excluded.minute,
  used = CASE WHEN u.minute = excluded.minute THEN u.used ELSE 0 END + excluded.used
WHERE CASE WHEN u.minute = excluded.minute THEN u.used ELSE 0 END + excluded.used <= $4::bigint
RETURNING 1)";

/// $1 the name, $2 the time. Old ones go.
inline constexpr const char* note_call_sql = R"(
WITH old AS (DELETE FROM wechat_call WHERE at_ms < $2::bigint - 86400000 AND name <> $1::text)
INSERT INTO wechat_call (name, at_ms) VALUES ($1::text, $2::bigint) ON CONFLICT DO NOTHING RETURNING 1)";

} // namespace hongyan::postgres
