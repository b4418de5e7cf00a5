/// What HTTP requests bring: query parameters, bodies. Errors: errc::malformed, naming the parameter and what
/// is accepted.
#pragma once

#include "core/chat/user_id.hpp"
#include "core/tools/trace_context.hpp"
#include "core/wire/target.hpp"
#include "net/request_reader.hpp"

#include <boost/json/object.hpp>
#include <cstdint>
#include <optional>
#include <string_view>

namespace hongyan {

/// Of what trace it is a part, as its header `traceparent` says. Nothing: of none.
std::optional<trace_context> parent_of(const http_request& request);

/// A user id that must be given.
result<user_id> user_parameter(const target& to, std::string_view name);

/// A whole number from `lowest` to `highest`, when it is given.
result<std::optional<std::int64_t>> number_parameter(const target& to, std::string_view name,
                                                     std::int64_t highest, std::int64_t lowest = 1);

struct routed_request;
/// The request's body, which must be a JSON object.
result<boost::json::object> body_object(const routed_request& request);

} // namespace hongyan
