#include "persistence/sqlite/files.hpp"

#include "persistence/append_rules.hpp"

#include <sqlite3.h>

namespace hongyan {

namespace {

// States, as in the script that makes the table.
constexpr std::string_view add_sql =
    "INSERT INTO file (id, owner, created_at_ms, due_at_ms) VALUES (?1, ?2, ?3, ?4)";
constexpr std::string_view finish_sql = "UPDATE file SET state = 1, kind = ?2, mime = ?3, name = ?4, size = "
                                        "?5, width = ?6, height = ?7, length_ms = ?8"
                                        " WHERE id = ?1 AND state = 0";
constexpr std::string_view attach_sql =
    "INSERT INTO message_file (file_id, conversation_id, seq) VALUES (?1, ?2, ?3) ON CONFLICT DO NOTHING";
constexpr std::string_view keep_sql =
    "UPDATE file SET due_at_ms = NULL WHERE id = ?1 AND due_at_ms IS NOT NULL AND state = 1";
constexpr std::string_view release_sql =
    "UPDATE file SET due_at_ms = ?2 WHERE id = ?1 AND due_at_ms IS NULL"
    " AND NOT EXISTS (SELECT 1 FROM message_file WHERE file_id = ?1)"
    " AND NOT EXISTS (SELECT 1 FROM profile WHERE avatar = ?1 AND length(avatar) = 32)";
constexpr std::string_view detach_sql =
    "DELETE FROM message_file WHERE conversation_id = ?1 AND seq = ?2 RETURNING file_id";
constexpr std::string_view due_sql =
    "UPDATE file SET state = 2, due_at_ms = ?2 WHERE id IN"
    " (SELECT id FROM file WHERE due_at_ms <= ?1 ORDER BY due_at_ms LIMIT ?3) RETURNING id";
constexpr std::string_view forget_sql = "DELETE FROM file WHERE id = ?1 AND state = 2";
constexpr std::string_view identify_sql =
    "INSERT INTO file_store (only_one, name, link_key) VALUES (1, ?1, ?2) ON CONFLICT DO NOTHING";
constexpr std::string_view identity_sql = "SELECT name, link_key FROM file_store";

} // namespace

const std::string find_file_sql =
    "SELECT f.owner, f.kind, f.mime, f.name, f.size, f.width, f.height, f.length_ms, f.created_at_ms FROM "
    "file f"
    " WHERE f.id = ?1 AND f.state = 1 AND (f.due_at_ms IS NULL OR f.due_at_ms > ?3) AND (?2 IS NULL OR "
    "f.owner = ?2"
    " OR EXISTS (SELECT 1 FROM member m CROSS JOIN message_file mf ON mf.file_id = ?1 AND"
    "   mf.conversation_id = m.conversation_id AND mf.seq >= m.first_seq WHERE m.user_id = ?2)"
    " OR EXISTS (SELECT 1 FROM profile WHERE avatar = ?1 AND length(avatar) = 32))";

void bind_question(sqlite_statement::execution& row, const file_question& question, wall_time now) {
  row.bind(question.id);
  row.bind_optional(question.seen_by ? std::optional<std::string_view>(question.seen_by->text())
                                     : std::nullopt);
  row.bind(to_ms(now));
}

stored_file read_file(const sqlite_statement::execution& row, const std::string& id) {
  stored_file found{.id = id,
                    .owner = stored_user(row.text(0)),
                    .kind = media::kind_of(row.integer(1)),
                    .mime = std::string(row.text(2)),
                    .name = std::string(row.text(3)),
                    .size = row.integer(4),
                    .created_at = from_ms(row.integer(8))};
  if (!row.is_null(5))
    found.picture = {static_cast<std::uint32_t>(row.integer(5)), static_cast<std::uint32_t>(row.integer(6))};
  if (!row.is_null(7)) found.length = std::chrono::milliseconds(row.integer(7));
  return found;
}

sqlite_file_statements::sqlite_file_statements(const sqlite_connection& db)
    : add(db, add_sql)
    , find(db, find_file_sql)
    , finish(db, finish_sql)
    , attach(db, attach_sql)
    , keep(db, keep_sql)
    , release(db, release_sql)
    , detach(db, detach_sql)
    , due(db, due_sql)
    , forget(db, forget_sql)
    , identify(db, identify_sql)
    , identity(db, identity_sql) {}

int sqlite_file_statements::find_one(const file_question& question, wall_time now,
                                     std::optional<stored_file>& found) {
  sqlite_statement::execution row(find);
  bind_question(row, question, now);
  const int code = row.step();
  if (code == SQLITE_ROW) found = read_file(row, question.id);
  return code == SQLITE_ROW || code == SQLITE_DONE ? SQLITE_OK : code;
}

int sqlite_file_statements::keep_one(const std::string& id) {
  return sqlite_statement::execution(keep).bind(id).finish();
}

int sqlite_file_statements::release_one(const std::string& id, wall_time now) {
  return sqlite_statement::execution(release).bind(id).bind(to_ms(now)).finish();
}

int sqlite_file_statements::finish_one(const stored_file& file) {
  sqlite_statement::execution update(finish);
  update.bind(file.id)
      .bind(static_cast<std::int64_t>(file.kind))
      .bind(file.mime)
      .bind(file.name)
      .bind(file.size);
  if (file.picture)
    update.bind(std::int64_t{file.picture->width}).bind(std::int64_t{file.picture->height});
  else
    update.bind_null().bind_null();
  if (file.length)
    update.bind(std::int64_t{file.length->count()});
  else
    update.bind_null();
  return update.finish();
}

int sqlite_file_statements::attach_to(std::int64_t conversation, std::int64_t seq, const attachment& files) {
  for (const std::string* id : {&files.file_id, &files.preview_id}) {
    if (id->empty()) continue;
    if (const int code = sqlite_statement::execution(attach).bind(*id).bind(conversation).bind(seq).finish();
        code != SQLITE_OK)
      return code;
    if (const int code = keep_one(*id); code != SQLITE_OK) return code;
  }
  return SQLITE_OK;
}

} // namespace hongyan
