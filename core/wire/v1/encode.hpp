/// v1, outwards: values to JSON texts. Pure; each text is what the golden files in tests/golden show.
#pragma once

#include "core/bounds/limits.hpp"
#include "core/chat/change.hpp"
#include "core/chat/query.hpp"
#include "core/errors.hpp"

#include <chrono>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace hongyan::v1 {

// Pieces.

/// `{"id":1,"conversationId":"1","seq":1,...}`
std::string encode_message(const message& m);

// Notifications, each a whole JSON-RPC text.

struct hello_facts {
  user_id user;
  std::string session_id;
  std::string node;
  std::string epoch;
  std::chrono::seconds heartbeat{};
  wall_time now{};
  std::chrono::seconds recall_window{};
  std::chrono::seconds edit_window{};
  std::size_t file_bytes = 0;                ///< of one file; 0: there is no file store
  std::span<const std::string> file_types{}; ///< that may be uploaded
  std::optional<wall_time> expires{};        ///< of the token; nothing: there is none
};
std::string session_notification(const hello_facts& facts, const limits& limits);
std::string message_notification(const message& m);
/// `messages`, for clients that asked for it: without members that are null or false, `content` aside.
/// `texts`: of each message its JSON, as terse_message() makes it.
std::string messages_notification(std::span<const std::string> texts);
std::string terse_message(const message& m);
std::string reaction_notification(const reaction& r);
/// What was added to a message that streams, behind `offset` Unicode characters; at 0 it is all there is.
std::string stream_notification(std::int64_t conversation, std::int64_t seq, std::size_t offset,
                                std::string_view delta);
std::string read_notification(std::int64_t conversation, const user_id& user, std::int64_t seq);
std::string typing_notification(std::int64_t conversation, const user_id& user);
std::string presence_notification(const user_id& user, bool online);
// To the user's other sessions: `conversation`, `profile`.
std::string own_notification(const own_settings& settings);
std::string own_notification(const profile& p);
/// Without `reconnect_after` the client should not come back by itself.
std::string closing_notification(close_code code, std::string_view reason,
                                 std::optional<std::chrono::milliseconds> reconnect_after);

// Results: the value of `result`, without its envelope. HTTP answers with them too.

std::string send_result(const message& m, bool duplicate);
std::string history_result(const history_page& page);
/// Of message.get.
std::string messages_result(const std::vector<message>& messages);
/// Of message.edit.
std::string message_result(const message& m);
std::string search_result(const search_page& page);
std::string list_result(const conversation_page& page);
std::string sync_result(const sync_page& page, std::string_view epoch, bool reset);
std::string presence_result(const std::vector<user_id>& online);
std::string profiles_result(const std::vector<profile>& profiles);
/// Of GET /v1/users/{id}: `{"userId":"1","name":…,"avatar":…}`
std::string profile_result(const profile& p);
std::string blocks_result(const std::vector<user_id>& users);
/// Of each template, with 0 too.
std::string grants_result(const std::vector<std::string>& templates, const std::vector<push_grant>& granted);
std::string group_result(const group_info& group);
std::string groups_result(const std::vector<group_info>& groups, std::string_view cursor);
std::string members_result(const std::vector<group_member>& members, std::string_view cursor);
std::string ping_result(wall_time now, const std::vector<std::pair<std::int64_t, std::int64_t>>& positions);
/// Of session.refresh, and a part of what POST /v1/tokens answers.
std::string refresh_result(wall_time expires_at);
/// With `user`, also of POST /v1/login/wechat.
std::string token_result(std::string_view token, wall_time expires_at, const user_id* user = nullptr);
inline constexpr std::string_view empty_result = "{}";

// Envelopes.

/// The answer to the request with this id (its JSON text).
std::string answer(std::string_view id, std::string_view result);
/// The error answer: the code by the table of core/errors.hpp, a sentence, and data where there is some.
std::string failure(std::string_view id, const error& why);

} // namespace hongyan::v1
