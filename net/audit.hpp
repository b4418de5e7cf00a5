/// What operators do is kept, with why (contract, section 9).
#pragma once

#include "net/handlers.hpp"

namespace hongyan {

/// Notes a request of an API key's before it is carried out, where its route says so. Answers why it is not
/// to be: the reason is malformed, or it cannot be noted now.
asio::awaitable<std::optional<reply>> note_request(edge& at, const route& row, const routed_request& request);

} // namespace hongyan
