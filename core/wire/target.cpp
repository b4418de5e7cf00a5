#include "core/wire/target.hpp"

#include "core/tools/ascii.hpp"
#include "core/tools/text.hpp"

#include <algorithm>

namespace hongyan {

namespace {

constexpr const char* request_target = "the request target";

} // namespace

result<std::string> percent_decoded(std::string_view text, const char* where, bool plus_is_space) {
  std::string out;
  out.reserve(text.size());
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (text[i] == '%') {
      const int high = i + 2 < text.size() ? hex_value(text[i + 1]) : -1;
      const int low = i + 2 < text.size() ? hex_value(text[i + 2]) : -1;
      if (high < 0 || low < 0)
        return error{errc::malformed, std::string(where) + " has a % that no two hexadecimal digits follow"};
      out += static_cast<char>(high * 16 + low);
      i += 2;
    } else {
      out += plus_is_space && text[i] == '+' ? ' ' : text[i];
    }
  }
  utf8_checker utf8;
  if (!utf8.feed(out) || !utf8.complete() || out.find('\0') != std::string::npos)
    return error{errc::malformed, std::string(where) + " must be UTF-8 without U+0000"};
  return out;
}

std::optional<std::string_view> target::parameter(std::string_view name) const {
  const auto found = std::ranges::find(query, name, &decltype(query)::value_type::first);
  return found == query.end() ? std::nullopt : std::optional<std::string_view>(found->second);
}

result<target> parse_target(std::string_view text) {
  if (text.empty() || text.front() != '/')
    return error{errc::malformed, "the request target must begin with /"};
  target out;
  const auto question = text.find('?');
  auto path = percent_decoded(text.substr(0, question), request_target);
  if (!path) return path.error();
  out.path = std::move(*path);
  if (question == std::string_view::npos) return out;

  auto rest = text.substr(question + 1);
  while (!rest.empty()) {
    const auto pair = rest.substr(0, rest.find('&'));
    rest.remove_prefix(std::min(rest.size(), pair.size() + 1));
    if (pair.empty()) continue;
    const auto equals = pair.find('=');
    auto name = percent_decoded(pair.substr(0, equals), request_target, true);
    if (!name) return name.error();
    if (out.parameter(*name))
      return error{errc::malformed, "the parameter " + *name + " is given more than once"};
    auto value =
        percent_decoded(equals == std::string_view::npos ? std::string_view() : pair.substr(equals + 1),
                        request_target, true);
    if (!value) return value.error();
    out.query.emplace_back(std::move(*name), std::move(*value));
  }
  return out;
}

} // namespace hongyan
