/// Subscribe messages on PostgreSQL: statements of the writer's transactions.
#pragma once

#include "core/chat/notice.hpp"
#include "persistence/postgres/rows.hpp"

#include <string>

namespace hongyan::postgres {

/// `whom` gives user_id, conversation_id, seq; only who has granted something is noted.
inline std::string put_notices_sql(const std::string& whom, const std::string& noted_and_due) {
  return "INSERT INTO notice AS n (user_id, conversation_id, first_seq, last_seq, noted_at_ms, due_ms)\n"
         "SELECT w.user_id, w.conversation_id, min(w.seq), max(w.seq), " +
         noted_and_due + "\nFROM (" + whom +
         ") AS w\n"
         "WHERE EXISTS (SELECT FROM push_grant g WHERE g.user_id = w.user_id AND g.grants > 0)\n"
         "GROUP BY w.user_id, w.conversation_id ORDER BY w.user_id, w.conversation_id\n"
         "ON CONFLICT (user_id, conversation_id) DO UPDATE SET last_seq = excluded.last_seq\n"
         "WHERE n.due_ms IS NOT NULL";
}
/// $1 the conversation, $2 the seq, $3 users, with '' for all members but $4, $5 the time, $6 when it is due.
inline const std::string put_notice_sql = put_notices_sql(
    "SELECT u.user_id, $1::bigint AS conversation_id, $2::bigint AS seq FROM unnest($3::text[]) AS u "
    "(user_id)"
    " WHERE u.user_id <> '' UNION SELECT m.user_id, m.conversation_id, $2::bigint FROM member m"
    " WHERE m.conversation_id = $1::bigint AND '' = ANY ($3::text[]) AND m.user_id <> $4::text",
    "$5::bigint, $6::bigint");

/// $1 the user. As read_grants() reads them.
inline constexpr const char* grants_sql = "SELECT template_id, grants::bigint, one_sided::bigint, told_at_ms "
                                          "FROM push_grant WHERE user_id = $1::text";
std::vector<push_grant> read_grants(const pg_rows& rows);
/// $1 the user, $2 the template, $3 how many, $4 of those told of by one, $5 when.
inline constexpr const char* put_grant_sql = R"(
INSERT INTO push_grant (user_id, template_id, grants, one_sided, told_at_ms)
VALUES ($1::text, $2::text, $3::bigint::integer, $4::bigint::integer, $5::bigint)
ON CONFLICT (user_id, template_id) DO UPDATE
SET grants = excluded.grants, one_sided = excluded.one_sided, told_at_ms = excluded.told_at_ms)";

/// $1 now, $2 due again then, $3 how many. What another node takes at this moment is left to it.
inline constexpr const char* take_notices_sql = R"(
WITH due AS MATERIALIZED (
  SELECT user_id, conversation_id FROM notice WHERE due_ms <= $1::bigint
  ORDER BY due_ms LIMIT $3::bigint FOR UPDATE SKIP LOCKED
)
UPDATE notice n SET due_ms = $2::bigint FROM due
WHERE n.user_id = due.user_id AND n.conversation_id = due.conversation_id
RETURNING n.user_id, n.conversation_id, n.first_seq, n.last_seq, n.noted_at_ms)";

/// $1 the reader, $2 the conversation, $3 the seq.
inline const std::string find_notice_sql = "SELECT " + std::string(message_columns) + R"(,
  coalesce(p.name, ''), coalesce(c.name, ''), r.muted, r.read_seq, r.first_seq,
  EXISTS (SELECT FROM mention x WHERE x.conversation_id = m.conversation_id AND x.seq = m.seq
            AND x.user_id IN ($1::text, '')),
  EXISTS (SELECT FROM block b WHERE b.user_id = $1::text AND b.blocked = m.sender),
  NOT EXISTS (SELECT FROM content_check k WHERE k.message_id = m.id AND k.state = 0)
FROM member r JOIN conversation c ON c.id = r.conversation_id AND NOT c.dismissed
JOIN message m ON m.conversation_id = c.id AND m.seq = $3::bigint
LEFT JOIN profile p ON p.user_id = m.sender
WHERE r.user_id = $1::text AND r.conversation_id = $2::bigint)";

/// $1 the user, $2 the conversation, $3 when, or null.
inline constexpr const char* put_notice_due_sql =
    "UPDATE notice SET due_ms = $3::bigint WHERE user_id = $1::text AND conversation_id = $2::bigint";
/// $1 the user, $2 the conversation, $3 up to which it was looked at.
inline constexpr const char* drop_notice_sql =
    "DELETE FROM notice WHERE user_id = $1::text AND conversation_id = $2::bigint AND last_seq <= $3::bigint";
/// $1 the user. Nobody waits for a message that is noted at this moment.
inline constexpr const char* drop_notices_sql = R"(
DELETE FROM notice n USING (
  SELECT conversation_id FROM notice WHERE user_id = $1::text FOR UPDATE SKIP LOCKED) AS theirs
WHERE n.user_id = $1::text AND n.conversation_id = theirs.conversation_id)";

} // namespace hongyan::postgres
