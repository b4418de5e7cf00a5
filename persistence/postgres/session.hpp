/// Opening a session: a server that keeps our promises, with our schema, settings and prepared statements.
#pragma once

#include "core/errors.hpp"
#include "persistence/postgres/handle.hpp"
#include "persistence/postgres/hosts.hpp"
#include "persistence/store.hpp"

#include <chrono>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace hongyan::postgres {

/// Long enough for a disk that stalls; short enough that senders, who wait for it, do not give up first.
inline constexpr std::chrono::milliseconds write_limit{5000};
/// /readyz waits for it.
inline constexpr std::chrono::milliseconds check_limit{2000};

/// Attempts at a transaction that loses races against other nodes; more are for a hostile client that races
/// on purpose.
inline constexpr int attempts_max = 4;

struct named_statement {
  const char* name;
  std::string sql;
};

/// A session, and with whom.
struct opened_session {
  pg_connection connection;
  server_identity with;
};

/// A database that `hongyan migrate` has begun to fill is none for a server before that is at its end.
enum class session_use : std::uint8_t { server, migration };

/// Connects to the primary, migrates a schema that is older, and prepares the statements.
pg_outcome<opened_session> open_session(hosts& to, std::span<const named_statement> statements,
                                        session_use use = session_use::server);

/// As open_session(), for those who read and who can wait: answered at once when another one has just failed
/// to connect, and only once the writer has committed on this primary (hosts.hpp).
pg_outcome<pg_connection> open_to_read(hosts& to, std::span<const named_statement> statements);

/// The name of the database's history: see message_writer::epoch(). Given here when there is none, or when it
/// was given elsewhere.
pg_outcome<void> find_epoch(pg_connection& connection, std::string& epoch);

/// Gives the database another epoch when it still has `epoch`; takes over what another node gave it.
pg_outcome<void> renew_epoch(pg_connection& connection, std::string& epoch);

/// Rows for message_search.
class message_index {
public:
  /// `tokens`: index_text() of the message; empty: there is nothing to find.
  void add(std::int64_t id, std::int64_t conversation, std::string tokens);
  pg_outcome<void> store(pg_connection& connection, std::chrono::milliseconds limit) const;

private:
  std::vector<std::int64_t> ids_, conversations_;
  std::vector<std::string> tokens_;
};

inline error unavailable(const pg_error& why) { return {errc::unavailable, why.text}; }

/// Another attempt may go well: a unique index (another node stored the same), a serialization failure, a
/// deadlock.
bool is_race(std::string_view state);

} // namespace hongyan::postgres
