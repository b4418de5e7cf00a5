/// JSON in and out, for all who need it.
#pragma once

#include "core/bounds/limits.hpp"
#include "core/chat/user_id.hpp"
#include "core/errors.hpp"

#include <boost/json/value.hpp>
#include <string>
#include <string_view>

namespace hongyan {

/// Parses one JSON text (RFC 8259; nothing after it; at most `depth_max` deep; valid UTF-8, no lone
/// surrogates, no key twice in an object); a number without a 64-bit integer is the nearest
/// double, as in JavaScript. Errors: errc::malformed, naming the byte where it went wrong.
result<boost::json::value> parse_json(std::string_view text, std::size_t depth_max = json_depth_max);

/// A member that is a string; null when it is not there, or none.
const boost::json::string* text_of(const boost::json::object& of, std::string_view member);

/// The id that a value is: a string, or a whole number up to user_id::number_max. Errors: malformed.
result<user_id> read_user_id(const boost::json::value& value);

/// Appends `value` without white space; numbers in their shortest exact form.
void append_json(std::string& out, const boost::json::value& value);
void append_json(std::string& out, const boost::json::object& object);

/// Appends `text` (valid UTF-8) as a JSON string, quotes included; what needs no escape stays as it is.
void append_json_string(std::string& out, std::string_view text);
/// The same, by itself. (Not `quoted`: std::quoted, which many headers bring, takes a std::string better.)
inline std::string json_string(std::string_view text) {
  std::string json;
  append_json_string(json, text);
  return json;
}

/// error::until.
inline std::string json_until(const std::string& until) {
  return until.empty() ? "null" : json_string(until);
}

} // namespace hongyan
