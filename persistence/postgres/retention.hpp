/// What retention.days drops, on PostgreSQL.
#pragma once

namespace hongyan::postgres {

/// $1 behind which conversation, $2 how many: each with the time of the oldest entry that is kept, if there
/// is any.
inline constexpr const char* old_conversations_sql = R"(
SELECT c.id, (SELECT m.created_at_ms FROM message m WHERE m.conversation_id = c.id AND m.seq = c.first_seq)
FROM conversation c WHERE c.id > $1::bigint ORDER BY c.id LIMIT $2::bigint)";

/// $1 the conversation, $2 before when, $3 how many. Answers how many there were, and which files they had.
inline constexpr const char* drop_old_sql = R"(
WITH locked AS MATERIALIZED (SELECT id, first_seq FROM conversation WHERE id = $1::bigint FOR NO KEY UPDATE
), oldest AS MATERIALIZED (
  SELECT m.id, m.seq, m.created_at_ms FROM locked CROSS JOIN LATERAL (
    SELECT id, seq, created_at_ms FROM message WHERE conversation_id = $1::bigint AND seq >= locked.first_seq
    ORDER BY seq LIMIT $3::bigint) AS m
), old AS MATERIALIZED (
  SELECT id, seq FROM oldest
  WHERE seq < coalesce((SELECT min(seq) FROM oldest WHERE created_at_ms >= $2::bigint), 9223372036854775807)
), part AS MATERIALIZED (SELECT min(seq) AS first, max(seq) AS last FROM old
), gone AS (DELETE FROM message WHERE conversation_id = $1::bigint AND id = ANY (ARRAY (SELECT id FROM old))
), unindexed AS (DELETE FROM message_search WHERE message_id = ANY (ARRAY (SELECT id FROM old))
), unchecked AS (DELETE FROM content_check WHERE message_id = ANY (ARRAY (SELECT id FROM old))
), uncalled AS (DELETE FROM mention WHERE conversation_id = $1::bigint
  AND seq BETWEEN (SELECT first FROM part) AND (SELECT last FROM part)
), undone AS (DELETE FROM reaction WHERE conversation_id = $1::bigint
  AND seq BETWEEN (SELECT first FROM part) AND (SELECT last FROM part)
), uncounted AS (DELETE FROM reaction_count WHERE conversation_id = $1::bigint
  AND seq BETWEEN (SELECT first FROM part) AND (SELECT last FROM part)
), unkept AS (DELETE FROM message_version WHERE conversation_id = $1::bigint
  AND seq BETWEEN (SELECT first FROM part) AND (SELECT last FROM part)
), unstreamed AS (DELETE FROM stream WHERE conversation_id = $1::bigint
  AND seq BETWEEN (SELECT first FROM part) AND (SELECT last FROM part)
), detached AS (DELETE FROM message_file WHERE conversation_id = $1::bigint
  AND seq BETWEEN (SELECT first FROM part) AND (SELECT last FROM part) RETURNING file_id
), counted AS (
  UPDATE conversation SET first_seq = part.last + 1 FROM part
  WHERE conversation.id = $1::bigint AND part.last IS NOT NULL
)
SELECT (SELECT count(*) FROM old), NULL::text UNION ALL SELECT 0, file_id FROM detached)";

} // namespace hongyan::postgres
