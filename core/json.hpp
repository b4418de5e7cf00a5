/// JSON in and out, for all who need it.
#pragma once

#include "core/errors.hpp"

#include <boost/json/value.hpp>
#include <string>
#include <string_view>

namespace hongyan {

/// Parses one JSON text (RFC 8259; nothing after it; at most json_depth_max deep; valid UTF-8, no lone
/// surrogates). Errors: errc::malformed, naming the byte where it went wrong.
result<boost::json::value> parse_json(std::string_view text);

/// Appends `text` (valid UTF-8) as a JSON string, quotes included; what needs no escape stays as it is.
void append_json_string(std::string& out, std::string_view text);

} // namespace hongyan
