/// Query parameters of HTTP requests. Errors: errc::malformed, naming the parameter and what is accepted.
#pragma once

#include "core/target.hpp"
#include "core/user_id.hpp"

#include <cstdint>
#include <optional>
#include <string_view>

namespace hongyan {

/// A user id that must be given.
result<user_id> user_parameter(const target& to, std::string_view name);

/// A whole number from `lowest` to `highest`, when it is given.
result<std::optional<std::int64_t>> number_parameter(const target& to, std::string_view name,
                                                     std::int64_t highest, std::int64_t lowest = 1);

} // namespace hongyan
