#include "core/json.hpp"

#include "core/limits.hpp"

#include <boost/json.hpp>

namespace hongyan {

result<boost::json::value> parse_json(std::string_view text) {
  namespace json = boost::json;
  json::parse_options options;
  options.max_depth = json_depth_max;
  json::stream_parser parser({}, options);
  boost::system::error_code ec;
  auto used = parser.write_some(text.data(), text.size(), ec);
  // After the value only white space may follow.
  while (!ec && used < text.size() && std::string_view(" \t\r\n").find(text[used]) != std::string_view::npos)
    ++used;
  if (!ec && used < text.size()) ec = json::error::extra_data;
  if (!ec) parser.finish(ec);
  if (ec)
    return error{errc::malformed, "malformed JSON at byte " + std::to_string(used) + ": " + ec.message()};
  return parser.release();
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
