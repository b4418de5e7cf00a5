/// What an edge (an HTTP handler, a v1 session) decides around a question to persistence or history: whether
/// it may be asked now, and what a stranger is told of the answer. Any thread.
#pragma once

#include "core/flow.hpp"
#include "core/metrics.hpp"
#include "persistence/store.hpp"

#include <optional>

namespace hongyan {

/// Takes one credit of `admitted.appends` for a write, or says why not.
std::optional<error> admit_write(flow& admitted, metrics& figures);
/// May this user send another message now? Errors: rate_limited.
result<void> admit_send(flow& admitted, metrics& figures, const user_id& from, rate_limit::time now);
/// May this user ask for something else now? Errors: rate_limited.
result<void> admit_request(flow& admitted, metrics& figures, const user_id& by, rate_limit::time now);
/// May this address open another WebSocket now? Errors: rate_limited.
result<void> admit_handshake(flow& admitted, metrics& figures, const std::string& address,
                             rate_limit::time now);
/// May this address try another token, key or code, after those that were not good? Errors: rate_limited.
result<void> admit_login(flow& admitted, metrics& figures, const std::string& address, rate_limit::time now);
/// Takes one credit of `admitted.logins` for a code of wx.login, or says why not.
std::optional<error> admit_code(flow& admitted, metrics& figures);
/// Takes one credit of `admitted.history` for a read, or says why not.
std::optional<error> admit_read(flow& admitted, metrics& figures);
/// Counts a read's answer, which may be large, as long as HTTP is writing it.
lease until_written(flow& admitted);

/// Why the database failed is for the log and /readyz; a stranger is told what to do. Other errors stay as
/// they are.
error for_strangers(const error& e);

/// Why a message was not stored; nothing when it was, now or before.
std::optional<error> refusal_of(append_status status);

} // namespace hongyan
