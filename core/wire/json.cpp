#include "core/wire/json.hpp"

#include <boost/json.hpp>
#include <boost/json/basic_parser_impl.hpp>
#include <charconv>
#include <cmath>
#include <utility>

namespace hongyan {

namespace json = boost::json;

namespace {

using boost::system::error_code;
using json::string_view;

/// Builds the value. json::parser is not used because its doubles are off by a bit now and then, and beyond
/// their range infinite: what is stored untouched must come back as it was.
struct builder {
  static constexpr std::size_t max_object_size = json::object::max_size();
  static constexpr std::size_t max_array_size = json::array::max_size();
  static constexpr std::size_t max_key_size = json::string::max_size();
  static constexpr std::size_t max_string_size = json::string::max_size();

  json::value_stack values;
  std::size_t keys = 0; ///< met so far

  bool on_document_begin(error_code&) { return true; }
  bool on_document_end(error_code&) { return true; }
  bool on_object_begin(error_code&) { return true; }
  bool on_object_end(std::size_t count, error_code&) { return values.push_object(count), true; }
  bool on_array_begin(error_code&) { return true; }
  bool on_array_end(std::size_t count, error_code&) { return values.push_array(count), true; }
  bool on_key_part(string_view part, std::size_t, error_code&) { return values.push_chars(part), true; }
  bool on_key(string_view rest, std::size_t, error_code&) { return ++keys, values.push_key(rest), true; }
  bool on_string_part(string_view part, std::size_t, error_code&) { return values.push_chars(part), true; }
  bool on_string(string_view rest, std::size_t, error_code&) { return values.push_string(rest), true; }
  bool on_number_part(string_view, error_code&) { return true; }
  bool on_int64(std::int64_t number, string_view, error_code&) { return values.push_int64(number), true; }
  bool on_uint64(std::uint64_t number, string_view, error_code&) { return values.push_uint64(number), true; }
  bool on_double(double nearly, string_view text, error_code& ec) {
    double number = nearly; // stays when the text is nearer to 0 than any double
    std::from_chars(text.data(), text.data() + text.size(), number);
    if (!std::isfinite(number)) return ec = json::error::exponent_overflow, false;
    values.push_double(number);
    return true;
  }
  bool on_bool(bool value, error_code&) { return values.push_bool(value), true; }
  bool on_null(error_code&) { return values.push_null(), true; }
  bool on_comment_part(string_view, error_code&) { return true; }
  bool on_comment(string_view, error_code&) { return true; }
};

/// Members of all objects in a value.
std::size_t count_members(const json::value& value) {
  std::size_t count = 0;
  if (const auto* object = value.if_object()) {
    count = object->size();
    for (const auto& member : *object) count += count_members(member.value());
  } else if (const auto* array = value.if_array()) {
    for (const auto& element : *array) count += count_members(element);
  }
  return count;
}

template <class Number>
void append_number(std::string& out, Number number) {
  char text[32];
  out.append(text, std::to_chars(text, text + sizeof text, number).ptr);
}

} // namespace

result<json::value> parse_json(std::string_view text, std::size_t depth_max) {
  json::parse_options options;
  options.max_depth = depth_max;
  json::basic_parser<builder> parser(options);
  parser.handler().values.reset();
  error_code ec;
  auto used = parser.write_some(false, text.data(), text.size(), ec);
  // After the value only white space may follow.
  while (!ec && used < text.size() && std::string_view(" \t\r\n").find(text[used]) != std::string_view::npos)
    ++used;
  if (!ec && used < text.size()) ec = json::error::extra_data;
  if (ec)
    return error{errc::malformed, "malformed JSON at byte " + std::to_string(used) + ": " + ec.message()};
  auto value = parser.handler().values.release();
  // Boost keeps the last of two; who is in between may have looked at the first.
  if (count_members(value) != parser.handler().keys)
    return error{errc::malformed, "malformed JSON: an object has a key twice"};
  return value;
}

void append_json(std::string& out, const json::value& value) {
  switch (value.kind()) {
  case json::kind::null: out += "null"; break;
  case json::kind::bool_: out += value.get_bool() ? "true" : "false"; break;
  case json::kind::int64: append_number(out, value.get_int64()); break;
  case json::kind::uint64: append_number(out, value.get_uint64()); break;
  case json::kind::double_: append_number(out, value.get_double()); break;
  case json::kind::string: append_json_string(out, value.get_string()); break;
  case json::kind::object: append_json(out, value.get_object()); break;
  case json::kind::array:
    out += '[';
    for (const char* comma = ""; const auto& element : value.get_array()) {
      out += std::exchange(comma, ",");
      append_json(out, element);
    }
    out += ']';
  }
}

void append_json(std::string& out, const json::object& object) {
  out += '{';
  for (const char* comma = ""; const auto& [key, value] : object) {
    out += std::exchange(comma, ",");
    append_json_string(out, key);
    out += ':';
    append_json(out, value);
  }
  out += '}';
}

const boost::json::string* text_of(const boost::json::object& of, std::string_view member) {
  const auto* value = of.if_contains(member);
  return value == nullptr ? nullptr : value->if_string();
}

result<user_id> read_user_id(const boost::json::value& value) {
  if (const auto* text = value.if_string()) return user_id::parse(*text);
  if (const auto* number = value.if_int64(); number != nullptr && *number >= 0)
    return user_id::from_number(static_cast<std::uint64_t>(*number));
  if (const auto* number = value.if_uint64()) return user_id::from_number(*number);
  return error{errc::malformed, "it is neither a string nor a whole number"};
}

void append_json_string(std::string& out, std::string_view text) {
  static constexpr char hex[] = "0123456789abcdef";
  out += '"';
  auto plain = text.begin();
  for (auto at = text.begin(); at != text.end(); ++at) {
    const auto byte = static_cast<unsigned char>(*at);
    if (byte >= 0x20 && byte != '"' && byte != '\\') continue;
    out.append(plain, at);
    plain = at + 1;
    switch (byte) {
    case '"': out += "\\\""; break;
    case '\\': out += "\\\\"; break;
    case '\n': out += "\\n"; break;
    case '\r': out += "\\r"; break;
    case '\t': out += "\\t"; break;
    default:
      out += "\\u00";
      out += hex[byte >> 4];
      out += hex[byte & 15];
    }
  }
  out.append(plain, text.end());
  out += '"';
}

} // namespace hongyan
