/// What v1 clients read: each reading command, answered from the store as the JSON of its result.
#pragma once

#include "actors/messages.hpp"

namespace hongyan {

/// Blocks while it reads. `epoch` is the store's now. Errors: not_found, forbidden, malformed, unavailable.
/// Unless `presence_is_public`, presence and profiles are told of those only with whom the user has a
/// conversation. Of watch_users the answer says who may be watched: not who has blocked the user.
v1_answer read_for(message_reader& reader, const user_id& user, const v1::command& what,
                   const std::string& epoch, bool presence_is_public = true);

} // namespace hongyan
