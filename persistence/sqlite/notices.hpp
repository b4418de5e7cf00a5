/// Subscribe messages, on SQLite.
#pragma once

#include "core/chat/notice.hpp"
#include "persistence/sqlite/handle.hpp"

namespace hongyan {

/// The writer's statements about them.
struct sqlite_notice_statements {
  explicit sqlite_notice_statements(const sqlite_connection& db);
  sqlite_statement grants, put_grant, note, due, postpone, find, drop, drop_all;

  /// As of change_transaction. Answers SQLite's code.
  int put_notices(std::int64_t conversation, std::int64_t seq, const user_id& sender, const mentions& whom,
                  wall_time now, wall_time due_at);
};

inline constexpr std::string_view sqlite_grants_sql =
    "SELECT template_id, grants, one_sided, told_at_ms FROM push_grant WHERE user_id = ?1";
inline push_grant read_grant(const sqlite_statement::execution& row) {
  return {.template_id = std::string(row.text(0)),
          .grants = static_cast<std::int32_t>(row.integer(1)),
          .one_sided = static_cast<std::int32_t>(row.integer(2)),
          .told_at = from_ms(row.integer(3))};
}

} // namespace hongyan
