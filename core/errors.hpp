/// What can go wrong, and THE table of how each edge says so. Errors are values; exceptions are not used
/// for flow and cross no actor and no handler.
#pragma once

#include <boost/system/result.hpp>

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace hongyan {

enum class errc : std::uint8_t {
  // the client's faults
  not_json,           ///< a JSON-RPC message that is no JSON, or too deep
  not_a_request,      ///< JSON, but no JSON-RPC request
  no_such_method,     ///< of JSON-RPC
  malformed,          ///< the request cannot be read, or a value in it is not accepted
  unauthorized,       ///< no token or key, or none that is good
  forbidden,          ///< understood, and refused
  not_found,          ///< no such path; not there, or not theirs: the same answer
  method_not_allowed, ///< the path exists, the method does not
  timeout,            ///< the request did not arrive whole in time
  conflict,           ///< the clientMsgId is taken by another message
  too_large,          ///< a body, a content or a frame over its limit
  refused_content,    ///< a content check, or the business, does not want it said
  unsupported_type,   ///< a file of a type that may not be uploaded
  bad_range,          ///< no byte of what was asked for is there
  upgrade_required,   ///< a socket path without a WebSocket upgrade
  header_too_large,   ///< the request's header over its limit
  rate_limited,       ///< too many at once
  // ours
  internal,        ///< a fault of ours; details go to the log only
  unavailable,     ///< cannot be done now; nothing was stored
  store_full,      ///< no room for another file
  outcome_unknown, ///< the connection to the database broke in the commit: stored or not, nobody knows yet
};

/// An error, and a sentence for the person who has to do something about it.
struct error {
  errc code = errc::internal;
  std::string detail{};
  std::string param{};                         ///< the parameter that is at fault, when there is one
  std::chrono::milliseconds retry_after{1000}; ///< where its row says retry_later, and of internal
  /// For programs: of forbidden "blocked", "banned", "muted" or "role"; of refused_content whatever the check
  /// says.
  std::string reason{};
  std::optional<std::string> until{};  ///< of a ban, RFC 3339; empty: until it is lifted
  std::optional<std::size_t> offset{}; ///< of a stream's conflict: where it ends
};

/// For whom this server can do no more.
inline error shutting_down() { return {errc::unavailable, "the server is shutting down"}; }

/// When the client may come again: what the error says; where it says nothing of its own (1 s), spread over
/// 0.5 to 1.5 s, so that those who were refused together do not come back together.
std::chrono::milliseconds spread_retry(const error& e);

template <class T>
using result = boost::system::result<T, error>;

/// Needed by result<T>::value(); we check before we take, so reaching it is a bug of ours.
[[noreturn]] void throw_exception_from_error(const error& e, const boost::source_location& where);

/// Of what one would do in the conversation with who has blocked one.
error blocked_by_peer();

/// RFC 6455 section 7.4 and the contract's own 4xxx.
enum class close_code : std::uint16_t {
  left = 1000,          ///< the client closed
  going_away = 1001,    ///< the server drains
  protocol = 1002,      ///< the peer broke RFC 6455
  unsupported = 1003,   ///< a binary frame
  lost = 1006,          ///< never sent: the socket ended without a close
  bad_utf8 = 1007,      ///< a text message that is not UTF-8
  too_large = 1009,     ///< a message over its limit
  internal = 1011,      ///< a fault of ours
  token_expired = 4001, ///< the token's time is over
  kicked = 4003,        ///< ended by /close
  too_slow = 4008,      ///< a message took too long to arrive whole, or the peer does not read
  replaced = 4009,      ///< a newer session of the same device
  idle = 4010,          ///< nothing heard for too long
  flooding = 4029,      ///< too many control frames
};

/// A row of the table.
struct error_row {
  errc code;
  std::string_view name; ///< stable: part of the problem's `type`, and of log lines
  unsigned http_status;
  int rpc_code;             ///< JSON-RPC 2.0, section 5.1, and the contract's own
  std::string_view title;   ///< the problem's `title`
  bool retry_later = false; ///< answered with Retry-After, or data.retryAfterMs
};

/// The row of `code`; every code has one.
const error_row& row_of(errc code);

} // namespace hongyan
