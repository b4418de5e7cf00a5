/// What v1 clients read: each reading command, answered from the store as the JSON of its result.
#pragma once

#include "actors/messages.hpp"

namespace hongyan {

/// Blocks while it reads. `epoch` is the store's now. Errors: not_found, malformed, unavailable.
v1_answer read_for(message_reader& reader, const user_id& user, const v1::command& what,
                   const std::string& epoch);

} // namespace hongyan
