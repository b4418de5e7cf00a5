/// What is kept for webhooks, on SQLite.
#pragma once

#include "core/chat/event.hpp"
#include "persistence/sqlite/handle.hpp"

namespace hongyan {

/// The writer's statements about it.
struct sqlite_webhook_statements {
  explicit sqlite_webhook_statements(const sqlite_connection& db);
  sqlite_statement take, wishes, put, fail, unfail, wish;
  sqlite_statement forget_reactions, forget_versions, forget_failed;
  sqlite_statement keep, next_id, react;
  sqlite_statement come, go, go_some;

  // Both answer SQLite's code.

  /// Keeps a message as it is, which is about to become of this kind.
  int keep_version(std::int64_t id, message_kind becomes);
  int keep_event(const reaction& r);
};

} // namespace hongyan
