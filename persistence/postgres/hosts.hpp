/// The hosts of a database's URI, and which of them is its primary. One for all sessions of a store, so that
/// what one of them has found out all of them know. Thread-safe.
///
/// libpq takes the first host that says "read-write", for each connection anew, and would so divide a
/// process among two primaries. Here hosts are tried one by one, the last good one first, and one whose
/// timeline is older than one that is known is passed over (core/cluster/database_timeline.hpp).
#pragma once

#include "core/cluster/database_timeline.hpp"
#include "persistence/postgres/handle.hpp"

#include <chrono>
#include <condition_variable>
#include <functional>
#include <mutex>
#include <optional>
#include <stop_token>
#include <string>
#include <thread>
#include <vector>

namespace hongyan::postgres {

/// A primary as it runs: another one when it was restarted, or had crashed, for what nobody had acknowledged
/// may be shown since.
struct primary {
  database_timeline at;
  std::int64_t started_us = 0; ///< by its clock

  friend bool operator==(const primary&, const primary&) = default;
};

/// What is to be known of a server before it is used.
struct server_identity {
  primary what{};            ///< of a standby the number of the timeline is 0
  bool is_read_only = false; ///< a standby, or one that is told to be
  std::int64_t backend_pid = 0;
};

/// Asks for it. `limit` as in pg_connection::query().
pg_outcome<server_identity> identify(pg_connection& connection, std::chrono::milliseconds limit);

class hosts {
public:
  /// `uri` is one that libpq understands.
  explicit hosts(const std::string& uri);
  ~hosts();
  hosts(const hosts&) = delete;
  hosts& operator=(const hosts&) = delete;

  /// Whoever finds out that its primary is outdated ends its sessions; so it is told to the whole process.
  newest_timeline& timeline() { return newest_; }

  /// Connects to one host after the other until `use` takes one. `use` is given a connection that closes
  /// itself as soon as a newer timeline is known than that of `found`, a primary. Errors: why not, of each
  /// host.
  using attempt = std::function<pg_outcome<void>(pg_connection& connection, const server_identity& found)>;
  pg_outcome<pg_connection> connect(const attempt& use);

  /// A further session with the server of another one.
  pg_outcome<pg_connection> connect_beside(const pg_connection& other);

  /// What connect() has failed with just now, so that many who wait need not all try for long.
  std::optional<pg_error> just_failed() const;
  /// As if connect() had.
  void note_failure(const pg_error& why);

  /// A write at that server has missed its deadline: the others are asked first from now on.
  void put_last(const std::string& where);

  // A primary that was just met may show what it had committed but never acknowledged (it waited for a
  // standby, and was restarted), and nobody else has: shown to a reader, and gone with the next failover. A
  // commit of ours on it says that a standby has all before, too.

  /// A writer will say which primary may be read from; until then, and without one, any may.
  void expect_proofs();
  /// A commit on it came back.
  void prove(const primary& of);
  bool is_proven(const primary& of) const;
  /// Waits a little for that.
  bool wait_for_proof(const primary& of);
  /// Somebody waits: the writer's own session may be older than what they have met.
  bool proof_is_wanted() const;

private:
  struct host {
    pg_connection::settings settings;
    std::string name; ///< as pg_connection::where() says it
  };

  std::vector<host> in_order() const;
  std::chrono::milliseconds limit_of(std::size_t nth, std::size_t of) const;
  void put_first(const std::string& where);
  pg_outcome<pg_connection> try_host(const host& to, std::chrono::milliseconds limit, const attempt& use);
  void look_out(const std::stop_token& stop);

  newest_timeline newest_;
  std::optional<std::chrono::milliseconds> connect_limit_; ///< as the URI says
  mutable std::mutex mutex_;
  std::condition_variable_any changed_;
  std::vector<host> hosts_; ///< in the order in which they are tried
  std::optional<pg_error> failure_;
  std::chrono::steady_clock::time_point failed_at_{};
  bool expects_proofs_ = false;
  std::optional<primary> proven_;
  bool proof_is_wanted_ = false;
  std::jthread lookout_; ///< with several hosts
};

} // namespace hongyan::postgres
