/// Files' rows on PostgreSQL, for the reader, the writer and its transactions.
#pragma once

#include "persistence/postgres/rows.hpp"

#include <span>

namespace hongyan::postgres {

/// $1 the files, $2 for each the user or NULL, $3 the time. Answers those that there are, each with its
/// question's number, from 1.
extern const char* const find_files_sql;
void add_questions(pg_parameters& parameters, std::span<const file_question> questions, wall_time now);
/// As find_files_sql selects it; the first column is the asker's own.
stored_file read_file(const pg_rows& rows, int row, std::string id);
std::vector<std::optional<stored_file>> read_files(const pg_rows& rows,
                                                   std::span<const file_question> questions);

inline constexpr const char* add_file_sql = "INSERT INTO file (id, owner, created_at_ms, due_at_ms) VALUES "
                                            "($1::text, $2::text, $3::bigint, $4::bigint)";
inline constexpr const char* finish_file_sql = R"(
UPDATE file SET state = 1, kind = $2::bigint, mime = $3::text, name = $4::text, size = $5::bigint, width = $6::bigint,
  height = $7::bigint, length_ms = $8::bigint
WHERE id = $1::text AND state = 0 RETURNING id)";
/// So that nobody else keeps or releases it until the transaction ends.
inline constexpr const char* lock_file_sql = "SELECT FROM file WHERE id = $1::text FOR NO KEY UPDATE";
inline constexpr const char* keep_file_sql =
    "UPDATE file SET due_at_ms = NULL WHERE id = $1::text AND state = 1";
inline constexpr const char* release_file_sql = R"(
UPDATE file SET due_at_ms = $2::bigint WHERE id = $1::text AND due_at_ms IS NULL
  AND NOT EXISTS (SELECT FROM message_file WHERE file_id = $1::text)
  AND NOT EXISTS (SELECT FROM profile WHERE avatar = $1::text AND length(avatar) = 32))";
inline constexpr const char* detach_files_sql =
    "DELETE FROM message_file WHERE conversation_id = $1::bigint AND seq = $2::bigint RETURNING file_id";
inline constexpr const char* take_due_files_sql = R"(
UPDATE file SET state = 2, due_at_ms = $2::bigint WHERE id = ANY (ARRAY (
  SELECT id FROM file WHERE due_at_ms <= $1::bigint ORDER BY due_at_ms LIMIT $3::bigint FOR UPDATE SKIP LOCKED))
RETURNING id)";
inline constexpr const char* forget_files_sql = "DELETE FROM file WHERE id = ANY ($1::text[]) AND state = 2";
inline constexpr const char* identify_files_sql = "INSERT INTO file_store (only_one, name, link_key) VALUES "
                                                  "(true, $1::text, $2::text) ON CONFLICT DO NOTHING";
inline constexpr const char* file_identity_sql = "SELECT name, link_key FROM file_store";

} // namespace hongyan::postgres
