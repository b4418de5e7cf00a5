/// Every limit of the server that a client can meet. Names and defaults are the contract's (section 1,
/// "Limits"); each is a key of the configuration file, `limits.NAME`.
#pragma once

#include <chrono>
#include <cstddef>
#include <string>
#include <vector>

namespace hongyan {

struct limits {
  std::size_t content_chars = 4096;   ///< Unicode characters of a text
  std::size_t object_bytes = 8'192;   ///< of the content of every other kind, as JSON without white space
  std::size_t ext_bytes = 1'024;      ///< of `ext`, likewise
  std::size_t name_chars = 64;        ///< Unicode characters of names and clientMsgId
  std::size_t header_bytes = 8'192;   ///< of an HTTP request's line and header
  std::size_t body_bytes = 262'144;   ///< of an HTTP request's body
  std::size_t message_bytes = 65'536; ///< of one WebSocket message
  std::size_t outbox_bytes = 1 << 20; ///< waiting for one slow v1 socket; above it is closed with 4008
  std::size_t connections = 100'000;  ///< accepted sockets, HTTP and WebSocket together
  /// Bytes that the server itself keeps for clients (core/bounds/memory_budget.hpp); 0: a quarter of what the
  /// cgroup or the machine has.
  std::size_t memory = 0;
  std::size_t backlog = 8192;      ///< messages admitted and not answered yet
  std::size_t deliveries = 65'536; ///< deliveries on their way to sessions
  /// Reads that wait or are under way. Many: a storm of clients that come back waits its turn, at some KB
  /// each; one user has a share of it (reads_a_user_max).
  std::size_t history = 16'384;
  std::size_t searches = 256; ///< likewise, searches
  // With --auth token only; API keys have none of these.
  std::size_t sends_per_second = 10;    ///< messages of one user, on average ...
  std::size_t sends_burst = 60;         ///< ... and at once
  std::size_t requests_per_second = 50; ///< all else that one user asks for, over HTTP and sockets
  std::size_t requests_burst = 500;
  std::size_t user_day_bytes = 32 << 20; ///< contents of one user's messages within 24 h
  std::size_t sessions = 8;              ///< live sockets of one user
  std::size_t blocks = 1'000;            ///< users that one has blocked
  std::size_t groups_owned = 200;        ///< groups that one owns
  /// Connections of one address: HTTP, and WebSockets until their session is bound, which is its user's then.
  std::size_t address_sessions = 2'000;
  std::size_t handshakes_per_second = 50; ///< new sockets of one address: many phones are behind one
  std::size_t handshakes_burst = 4'000;
  std::size_t logins_per_second = 1; ///< of one address: codes of wx.login; and beside, bad tokens and keys
  std::size_t logins_burst = 300;
  /// Of subscribe messages, as configured: what users may grant.
  std::vector<std::string> notice_templates{};
};

/// New sockets of all addresses together, a second and at once, with --auth token: what one node can welcome
/// while it serves the others.
inline constexpr std::size_t node_handshakes_per_second = 1'000;
inline constexpr std::size_t node_handshakes_burst = 10'000;

/// Connections beyond limits.connections, and beyond an address's own: GET /healthz and /readyz are answered
/// there, so that a full server is not taken for a dead one, and everything else is refused. A prober comes
/// every few seconds and stays for milliseconds.
inline constexpr std::size_t reserve_connections = 64;
/// TLS handshakes under way, all together and of one address: each holds some 50 KiB and costs up to a
/// millisecond.
inline constexpr std::size_t tls_handshakes_max = 1'024;
inline constexpr std::size_t address_tls_handshakes_max = 128;
/// Of the body of a request without a good token or key: enough for a code of wx.login.
inline constexpr std::size_t stranger_body_bytes = 4'096;

/// Uploads of one user at the same time (contract, section 6).
inline constexpr std::size_t uploads_a_user_max = 4;
/// An upload brings at least so much in each such time (likewise).
inline constexpr std::size_t upload_progress_bytes = 64 * 1024;
inline constexpr std::chrono::seconds upload_progress_time{60};
/// Memory of one upload, its connection's and ours (likewise: at most 256 KiB).
inline constexpr std::size_t upload_memory = 192 * 1024;

/// Codes of wx.login that wait for WeChat's answer: as many as its actors ask about within their deadline.
inline constexpr std::size_t logins_max = 64;

/// JSON nested deeper is refused (contract: "32 elsewhere").
inline constexpr std::size_t json_depth_max = 32;
/// Likewise, in v1 (contract: "JSON depth 8 in v1").
inline constexpr std::size_t v1_json_depth_max = 8;

/// Of one user's, in one reader's line: a client has at most 64 requests in flight (requests_in_flight_max),
/// and a few devices. More of theirs are refused, and nobody else's.
inline constexpr std::size_t reads_a_user_max = 256;
/// The part of `backlog` that one user's writes may take.
inline constexpr std::size_t backlog_shares = 4;
/// A commit that takes longer than this is said so, in the log and by /readyz: a disk that hangs, or a lock.
inline constexpr std::chrono::seconds commit_alarm{3};

/// The rows a history request may ask for; every `limit` of v1 likewise.
inline constexpr std::size_t history_limit_max = 500;
/// `limit` of `sync`: messages over all conversations; and `recent`, messages of a conversation new to the
/// client.
inline constexpr std::size_t sync_limit_max = 500;
inline constexpr std::size_t sync_recent_max = 100;
/// Messages that a client names in `sync` as the newest that it holds (contract, section 3).
inline constexpr std::size_t sync_last_max = 8;

// v1: what one session may have going on, and what one request may name.

/// Sends of one session in flight (contract); beyond: -32029.
inline constexpr std::size_t sends_in_flight_max = 32;
/// Requests of one session in flight, sends among them; beyond: -32029.
inline constexpr std::size_t requests_in_flight_max = 64;
/// Users a session may watch (contract).
inline constexpr std::size_t watched_users_max = 200;
/// `userIds` of user.get (contract), and of block.add and block.remove.
inline constexpr std::size_t user_ids_max = 100;
/// `seqs` of message.get (contract).
inline constexpr std::size_t message_seqs_max = 100;
/// Unicode characters of a `fileId`, of a user's `avatar` (a URL or fileId), of a search's `query`, and of a
/// cursor or an epoch, which are ours and shorter.
inline constexpr std::size_t file_id_chars_max = 128;
inline constexpr std::size_t avatar_chars_max = 512;
inline constexpr std::size_t query_chars_max = 100;
inline constexpr std::size_t token_chars_max = 256;
/// Of a user's token (auth/token.hpp refuses longer ones unread).
inline constexpr std::size_t bearer_token_chars_max = 4096;
/// Bytes of a JSON-RPC id that is a string: it is kept until the answer.
inline constexpr std::size_t rpc_id_bytes_max = 256;

// Deadlines. All run on the monotonic clock.

/// For a request's header, and for a body, a message or a write to make progress (contract).
inline constexpr std::chrono::seconds transfer_deadline{10};
/// For a body or a message to arrive whole, however steadily it drips (contract).
inline constexpr std::chrono::seconds arrival_deadline{60};
/// For a request on one of the reserve_connections.
inline constexpr std::chrono::seconds reserve_deadline{2};
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
/// The client may come again after it, when it was told -32029 or -32053.
inline constexpr std::chrono::milliseconds retry_after{1000};
/// A session's `typing` in one place is passed on at most once in it.
inline constexpr std::chrono::seconds typing_interval{2};
/// Pings and pongs a peer may send in one second before it is closed with 4029.
inline constexpr unsigned control_frames_per_second_max = 10;

} // namespace hongyan
