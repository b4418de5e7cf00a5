/// A PostgreSQL of the test's own: a cluster in a temporary folder, stopped and removed at the end. With
/// PostgreSQL's own settings for durability, so that what the tests say of crashes means something.
///
/// Runs as the user postgres (or nobody) when the tests run as root, which PostgreSQL refuses. Made and used
/// by one thread: the server dies with the thread that started it, should the test crash. Failures throw: a
/// machine without PostgreSQL fails the tests, it does not skip them.
#pragma once

#include <sys/types.h>

#include <string>
#include <vector>

namespace hongyan::testing {

class private_postgres {
public:
  /// Makes the cluster and starts it.
  private_postgres();
  ~private_postgres();
  private_postgres(const private_postgres&) = delete;
  private_postgres& operator=(const private_postgres&) = delete;

  /// The one of this test program, made when it is first asked for, and running.
  static private_postgres& shared();

  /// Starts the server (with further `-c` settings) when it does not run, and waits until it answers.
  void start(const std::vector<std::string>& settings = {});
  /// Stops it in order, ending its sessions, and waits for its end.
  void stop();
  /// Kills the server and all its sessions at once, as a power cut does but for the disk's cache.
  void kill9();
  /// Stops all its processes in their tracks, as a machine that hangs; sockets stay open. And lets them go
  /// on.
  void freeze();
  void thaw();

  int port() const { return port_; }
  /// A database's URI, over TCP; the port can be another one's, such as a proxy's.
  std::string uri(const std::string& database, int port) const;
  std::string uri(const std::string& database) const { return uri(database, port_); }
  /// Makes an empty database and answers its name.
  std::string new_database(const std::string& options = "");

  /// Runs SQL in a session of its own; answers the first row's first value.
  std::string ask(const std::string& database, const std::string& sql) const;

private:
  std::vector<pid_t> children() const;
  void signal_all(int signal);

  std::string folder_;
  std::string programs_; ///< the folder with initdb and postgres
  int port_ = 0;
  pid_t server_ = -1;
  int databases_ = 0;
};

/// An open session, for tests that need a transaction of their own.
class postgres_session {
public:
  explicit postgres_session(const std::string& uri);
  ~postgres_session();
  postgres_session(const postgres_session&) = delete;
  postgres_session& operator=(const postgres_session&) = delete;

  /// The first row's first value, as text; empty when there is none.
  std::string ask(const std::string& sql);

private:
  void* connection_;
};

} // namespace hongyan::testing
