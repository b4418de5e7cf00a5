/// application/problem+json (RFC 9457): how HTTP says that something went wrong.
#pragma once

#include "core/errors.hpp"

#include <string>

namespace hongyan {

/// The body: type, title, status, detail; `reason` where the error has one.
std::string problem_json(const error& e);

} // namespace hongyan
