/// The shared store: PostgreSQL 12 or newer, through libpq. Any number of servers and writers may share it.
///
/// A batch is one statement, so one round trip and one transaction; see append_sql in
/// postgres/writer_sql.hpp. seq comes from the conversation's row, locked to the commit, and ids are taken
/// while it is locked.
///
/// What a lost commit became is told by the table append_mark. Each writer object has one row there, with the
/// number of its last batch and what that batch was given, written by the batch's own transaction. settle()
/// tries to give the number away itself: if the row has it already the batch is stored, and the row says as
/// what; if settle() gets it, the batch can never be stored, since its own attempt to write the row would
/// fail.
#pragma once

#include "persistence/store.hpp"

namespace hongyan {

/// Looks at the URI only. Errors as open_store().
result<std::unique_ptr<store>> open_postgres_store(const std::string& uri);

} // namespace hongyan
