/// v1 as a client of the bench writes and reads it: by hand and only as far as it needs, since what a client
/// costs is taken from the server beside it. Relies on the order in which the server writes the members
/// (which the contract shows), and on contents without quotes, as ours are. Pure: bytes to values.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace hongyan::bench {

// Out. `id` of a request: 1, 2, …; 0 is the heartbeat's.

/// A place (contract, section 3) as JSON.
std::string user_place(std::uint64_t user);
std::string group_place(std::string_view group);

std::string call_request(std::uint64_t id, std::string_view method, std::string_view params);
std::string ping_request();
std::string send_request(std::uint64_t id, std::string_view place, std::string_view client_msg_id,
                         std::string_view content);
/// A group of the caller and all of `members`.
std::string create_group_request(std::uint64_t id, std::string_view group,
                                 const std::vector<std::uint64_t>& members);
/// All after the positions: conversation and seq.
std::string sync_request(std::uint64_t id, std::string_view epoch,
                         const std::vector<std::pair<std::int64_t, std::int64_t>>& positions);

// In.

enum class v1_kind : std::uint8_t {
  session,  ///< the first text of a socket
  message,  ///< a notification of a log's entry
  messages, ///< of several, of one conversation
  other,    ///< another notification
  result,   ///< a request was carried out
  failure,  ///< it was not
  unreadable,
};

/// A text from the server; points into it.
struct v1_text {
  v1_kind kind = v1_kind::unreadable;
  std::uint64_t id = 0;    ///< of the request, for a result or a failure
  std::string_view body{}; ///< the parameters, the result or the error
};
v1_text read_text(std::string_view text);

/// An entry of a log; points into the text.
struct v1_message {
  std::int64_t conversation = 0;
  std::int64_t seq = 0;
  std::string_view content{}; ///< empty when it is no string
};
/// The first message in the body of a notification, or of message.send's result.
std::optional<v1_message> read_message(std::string_view body);

/// Puts those of a notification of several into `messages` (emptied first). False: it cannot be read.
bool read_messages(std::string_view body, std::vector<v1_message>& messages);

struct v1_session_facts {
  std::string epoch;
  int heartbeat_seconds = 0;
};
std::optional<v1_session_facts> read_session(std::string_view body);

struct v1_sync_facts {
  bool reset = false;
  bool has_more = false;
};
/// Puts the messages of sync's result into `messages` (emptied first), as they stand in it.
std::optional<v1_sync_facts> read_sync(std::string_view body, std::vector<v1_message>& messages);

/// `code` and `message` of an error, for people.
std::string read_failure(std::string_view body);

} // namespace hongyan::bench
