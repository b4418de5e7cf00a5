/// The session of a writer: on the primary that is proved to be the true one, and looked after, so that a
/// store which was set back, or another one, is noticed.
#pragma once

#include "core/chat/newest_commits.hpp"
#include "persistence/postgres/session.hpp"

#include <chrono>
#include <functional>
#include <memory>
#include <string>
#include <vector>

namespace hongyan::postgres {

/// One thread at a time.
class writer_session {
public:
  /// `forget` is called when what the writer knows of conversations may not hold: the server may be another
  /// one, or the store was set back.
  writer_session(std::shared_ptr<hosts> database, std::vector<named_statement> statements,
                 std::function<void()> forget);

  // Errors of all: errc::unavailable, with the reason for a person.

  /// Opens it when it is not open.
  result<void> open();
  /// The same; and sees that the store is the one that it was a second ago.
  result<void> ready();
  /// The same, now.
  result<void> check();

  /// Once open. The same object for as long as this one.
  pg_connection& connection() { return connection_; }

  /// This was committed here, or by another node and delivered: it must stay.
  void note_committed(const held_message& m) { committed_.note(m); }

  /// Nothing was stored. The session goes too, in case the server is the trouble.
  error give_up(const pg_error& why);
  /// Why a write failed.
  std::string explained(const pg_error& why);

  const std::string& epoch() const { return epoch_; }
  const store_watch& watch() const { return watch_; }

private:
  using steady_clock = std::chrono::steady_clock;

  result<void> look_for_pooler(const server_identity& with);
  result<void> prove(const primary& of);
  result<void> look_after(steady_clock::duration interval);

  std::shared_ptr<hosts> hosts_;
  std::vector<named_statement> statements_;
  std::function<void()> forget_;
  pg_connection connection_;
  pg_parameters parameters_;
  newest_commits committed_;
  std::string epoch_;
  bool leaves_live_primary_ = false;     ///< until it has stored on the one after it
  steady_clock::time_point looked_at_{}; ///< when look_after() last answered well
  store_watch watch_;
};

} // namespace hongyan::postgres
