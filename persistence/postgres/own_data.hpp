/// What is one user's, and what operators have done, on PostgreSQL.
#pragma once

#include "persistence/postgres/rows.hpp"

namespace hongyan::postgres {

inline constexpr const char* own_identities_sql = "SELECT identity FROM identity WHERE user_id = $1::text";
inline constexpr const char* own_blocks_sql = "SELECT blocked FROM block WHERE user_id = $1::text";
inline constexpr const char* own_ban_sql =
    "SELECT reason, since_ms, until_ms FROM ban WHERE user_id = $1::text";
// $1 the user, $2 behind what, $3 how many.
inline constexpr const char* own_conversations_sql = R"(
SELECT m.conversation_id, c.group_id, CASE WHEN c.user_low = $1::text THEN c.user_high ELSE c.user_low END,
  coalesce(c.name, ''), m.role::bigint, m.pinned, m.muted
FROM member m JOIN conversation c ON c.id = m.conversation_id
WHERE m.user_id = $1::text AND m.conversation_id > $2::bigint ORDER BY m.conversation_id LIMIT $3::bigint)";
inline const std::string own_keyed_messages_sql = "SELECT " + std::string(message_columns) + R"(
FROM message m JOIN conversation c ON c.id = m.conversation_id
WHERE m.sender = $1::text AND m.client_msg_id > $2::text ORDER BY m.client_msg_id LIMIT $3::bigint)";
inline const std::string own_direct_messages_sql = "SELECT " + std::string(message_columns) + R"(
FROM message m JOIN conversation c ON c.id = m.conversation_id
WHERE m.sender = $1::text AND m.target IS NOT NULL AND m.id > $2::bigint ORDER BY m.id LIMIT $3::bigint)";
/// As find_files_sql has them, behind their ids.
inline constexpr const char* own_files_sql = R"(
SELECT f.id, f.owner, f.kind::bigint, f.mime, f.name, f.size, f.width, f.height, f.length_ms, f.created_at_ms
FROM file f WHERE f.owner = $1::text AND f.id > $2::text AND f.state < 2 ORDER BY f.id LIMIT $3::bigint)";

inline constexpr const char* erase_person_sql = R"(
WITH unidentified AS (DELETE FROM identity WHERE user_id = $1::text),
  ungranted AS (DELETE FROM push_grant WHERE user_id = $1::text),
  unnoticed AS (DELETE FROM notice WHERE user_id = $1::text)
DELETE FROM profile WHERE user_id = $1::text)";
inline constexpr const char* erase_message_sql = R"(
WITH unindexed AS (DELETE FROM message_search WHERE message_id = $2::bigint),
  unchecked AS (DELETE FROM content_check WHERE message_id = $2::bigint),
  uncalled AS (DELETE FROM mention WHERE conversation_id = $1::bigint AND seq = $3::bigint),
  undone AS (DELETE FROM reaction WHERE conversation_id = $1::bigint AND seq = $3::bigint),
  uncounted AS (DELETE FROM reaction_count WHERE conversation_id = $1::bigint AND seq = $3::bigint),
  unkept AS (DELETE FROM message_version WHERE conversation_id = $1::bigint AND seq = $3::bigint),
  unstreamed AS (DELETE FROM stream WHERE conversation_id = $1::bigint AND seq = $3::bigint)
UPDATE message SET content = '', ext = NULL, recalled = true, sender_name = NULL, target_name = NULL,
  sent_digest = NULL, kind = CASE WHEN kind = 10 THEN 0 ELSE kind END
WHERE conversation_id = $1::bigint AND id = $2::bigint)";
/// Answers the last one's id; NULL: there are no more.
inline constexpr const char* erase_names_sql = R"(
WITH called AS MATERIALIZED (
  SELECT id FROM message WHERE target = $1::text AND id > $2::bigint ORDER BY id LIMIT $3::bigint
), named AS (
  UPDATE message SET target_name = NULL WHERE target = $1::text AND target_name IS NOT NULL
    AND id > $2::bigint AND id <= (SELECT max(id) FROM called)
)
SELECT max(id) FROM called)";
inline constexpr const char* discard_file_sql = R"(
WITH detached AS (DELETE FROM message_file WHERE file_id = $1::text)
UPDATE file SET state = 2, due_at_ms = $2::bigint WHERE id = $1::text AND state < 2)";

inline constexpr const char* next_erasure_sql = R"(
SELECT user_id, begun_at_ms, part, done_up_to FROM erasure WHERE begun_at_ms <= $1::bigint
ORDER BY begun_at_ms LIMIT 1 FOR UPDATE SKIP LOCKED)";
inline constexpr const char* put_erasure_sql = R"(
INSERT INTO erasure (user_id, begun_at_ms, part, done_up_to) VALUES ($1::text, $2::bigint, $3::bigint, $4::text)
ON CONFLICT (user_id) DO UPDATE SET begun_at_ms = $2::bigint, part = $3::bigint, done_up_to = $4::text)";
inline constexpr const char* end_erasure_sql = "DELETE FROM erasure WHERE user_id = $1::text";

inline constexpr const char* put_audit_sql =
    "INSERT INTO audit (at_ms, who, what, why) VALUES ($1::bigint, $2::text, $3::text, $4::text)";
inline constexpr const char* audit_sql = "SELECT id, at_ms, who, what, why FROM audit WHERE id < $1::bigint "
                                         "ORDER BY id DESC LIMIT $2::bigint";

} // namespace hongyan::postgres
