/// What the clients of a `verify` run did and saw, as events: what the checker judges, and the lines of a
/// history file. Knows no server and no socket.
#pragma once

#include "core/errors.hpp"

#include <cstdint>
#include <istream>
#include <string>
#include <string_view>
#include <vector>

namespace hongyan::bench {

enum class event_kind : std::uint8_t {
  members,    ///< said once, before all else: `users` are those who may read and send in `conversation`
  connect,    ///< `client` asks `node` for a socket, which will be `session`
  session,    ///< it is open; `epoch` is the server's
  send,       ///< `client` sends `client_msg_id` with content `body`, for the first time or again
  ok,         ///< answered: it is stored, as `seq`
  fail,       ///< answered: not stored, by this sending; `text` says why
  unknown,    ///< not answered, or in a way that leaves it open
  entry,      ///< `session` was shown an entry of a log, `how`
  sync_begin, ///< `client` asks for all that it missed; `text`: its positions
  reset,      ///< the answer called the client's positions void: another epoch
  sync_end,   ///< it has come, all pages of it
  read_begin, ///< asks for the history of `conversation`
  read_end,   ///< all entries from `seq` (1: all there are) to the newest have come
  read_fail,  ///< refused or lost; `text` says why
  closed,     ///< the socket is over; `text` says how
  healed,     ///< no more faults: what follows is what the run ends with
  mark,       ///< `text` happened: somebody killed a node, say. For people only
};

/// How an entry came.
enum class shown : std::uint8_t { none, live, by_sync, by_read };

/// One event. What does not belong to its kind is empty or 0.
struct event {
  event_kind kind = event_kind::mark;
  std::int64_t at = 0;        ///< nanoseconds of a monotonic clock that all events of a run share
  std::int64_t wall_ms = 0;   ///< milliseconds since 1970; for people, and not read back
  std::string client{};       ///< a user
  std::uint64_t session = 0;  ///< one socket of one client; different in the whole run
  std::string node{};         ///< HOST:PORT of the server
  std::string conversation{}; ///< the run's own name for it
  std::string epoch{};        ///< the server's
  std::int64_t seq = 0;
  std::string from{}; ///< of an entry: its sender
  std::string client_msg_id{};
  std::uint64_t body = 0; ///< body_hash() of the content
  shown how = shown::none;
  std::vector<std::string> users{};
  std::string text{}; ///< in an entry: its kind, when it is the log's own and nobody sent it
};

/// FNV-1a, 64 bits: enough to tell contents apart that nobody forges.
std::uint64_t body_hash(std::string_view content);

/// One JSON object without a line end.
std::string to_line(const event& e);

/// Reads what to_line() writes. Errors: errc::malformed.
result<event> read_line(std::string_view line);

/// Appends the events of a file. Errors: errc::malformed with `name` and the line; a last line that was cut
/// short is left out.
result<void> read_history(std::istream& file, const std::string& name, std::vector<event>& into);

} // namespace hongyan::bench
