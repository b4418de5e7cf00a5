/// What an edge (an HTTP handler, a v1 session) decides around a question to persistence or history: whether
/// it may be asked now, and what a stranger is told of the answer. Any thread.
#pragma once

#include "core/bounds/flow.hpp"
#include "core/metrics.hpp"
#include "persistence/store.hpp"

#include <optional>

namespace hongyan {

/// Takes one credit of `admitted.appends` for a write, or says why not.
std::optional<error> admit_write(flow& admitted, metrics& figures);
/// May this user send another message, of so many bytes of content, now? Errors: rate_limited.
result<void> admit_send(flow& admitted, metrics& figures, const user_id& from, std::size_t content_bytes,
                        rate_limit::time now);
/// May this user add so many bytes to a message that they are writing? Errors: rate_limited.
result<void> admit_contents(flow& admitted, metrics& figures, const user_id& from, std::size_t content_bytes,
                            rate_limit::time now);
/// May this user ask for something else now, which costs so much (v1::cost_of())? Errors: rate_limited.
result<void> admit_request(flow& admitted, metrics& figures, const user_id& by, rate_limit::time now,
                           std::size_t cost = 1);
/// May this address open another WebSocket now? Errors: rate_limited.
result<void> admit_handshake(flow& admitted, metrics& figures, const std::string& address,
                             rate_limit::time now);
/// May this address try another code of wx.login? Errors: rate_limited.
result<void> admit_login(flow& admitted, metrics& figures, const std::string& address, rate_limit::time now);
/// A token or key was not good: may this address be told so now? Errors: rate_limited.
result<void> admit_bad_token(flow& admitted, metrics& figures, const std::string& address,
                             rate_limit::time now);
/// May this user send another file now? Errors: rate_limited.
result<place_table::place> admit_upload(flow& admitted, metrics& figures, const user_id& by);
/// May so much more of this user's files be stored today? Errors: rate_limited.
result<void> admit_file_bytes(flow& admitted, metrics& figures, const user_id& by, std::size_t bytes,
                              rate_limit::time now);
/// Takes one credit of `admitted.logins` for a code of wx.login, or says why not.
std::optional<error> admit_code(flow& admitted, metrics& figures);
/// Takes one credit for a read, of `admitted.searches` for a search and else of `admitted.history`, or says
/// why not.
std::optional<error> admit_read(flow& admitted, metrics& figures, bool is_search = false);

/// What a stranger is told of a read that failed.
error public_read_error(const error& e);

/// Why the database failed is for the log and /readyz; a stranger is told what to do. Other errors stay as
/// they are.
error public_error(const error& e);

/// Why a message was not stored; nothing when it was, now or before.
std::optional<error> refusal_of(append_status status);

} // namespace hongyan
