/// Every limit of the server that a client can meet. Names and defaults are the contract's (section 1,
/// "Limits"); each is a key of the configuration file, `limits.NAME`.
#pragma once

#include <chrono>
#include <cstddef>

namespace hongyan {

struct limits {
  std::size_t content_chars = 4096;   ///< Unicode characters of a text
  std::size_t name_chars = 64;        ///< Unicode characters of userName, targetUserName, clientMsgId
  std::size_t header_bytes = 8'192;   ///< of an HTTP request's line and header
  std::size_t body_bytes = 262'144;   ///< of an HTTP request's body
  std::size_t message_bytes = 65'536; ///< of one WebSocket message
  std::size_t connections = 100'000;  ///< accepted sockets, HTTP and WebSocket together
  std::size_t backlog = 8192;         ///< messages admitted and not answered yet
  std::size_t deliveries = 65'536;    ///< deliveries on their way to sessions
  std::size_t history = 256;          ///< history requests not answered yet
};

/// JSON nested deeper is refused (contract: "32 elsewhere").
inline constexpr std::size_t json_depth_max = 32;

/// The rows a history request may ask for.
inline constexpr std::size_t history_limit_max = 500;

// Deadlines. All run on the monotonic clock.

/// For a request's header, for one message or body to arrive whole, and for a write to make progress
/// (contract).
inline constexpr std::chrono::seconds transfer_deadline{10};
/// For a whole answer to be read: a peer that takes a little now and then holds its memory no longer.
inline constexpr std::chrono::seconds answer_deadline{60};
/// An HTTP connection without a request is closed after it; above nginx's and Tomcat's usual 60-75 s is no
/// use.
inline constexpr std::chrono::seconds keep_alive_deadline{75};
/// A registry or history answer; they take microseconds to milliseconds.
inline constexpr std::chrono::seconds ask_deadline{10};
/// A push: longer than a commit in doubt may take to settle when the database restarts, shorter than the
/// 60 s that wx.request waits.
inline constexpr std::chrono::seconds push_deadline{30};
/// For the peer's half of the closing handshake; Beast's own wait can be for ever.
inline constexpr std::chrono::seconds close_deadline{5};
/// Pings and pongs a peer may send in one second before it is closed with 4029.
inline constexpr unsigned control_frames_per_second_max = 10;

} // namespace hongyan
