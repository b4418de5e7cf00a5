#include "config/values.hpp"

#include <algorithm>

namespace hongyan {

error bad(const std::string& where, const std::string& what, const std::string& accepted) {
  auto detail = where + ": " + what + "; accepted: " + accepted;
  // What was given is in it, which may be anything; it stays one line of the log.
  std::ranges::replace_if(
      detail, [](unsigned char c) { return c < 0x20 || c == 0x7F; }, '?');
  return {errc::malformed, std::move(detail)};
}

std::optional<std::string> scalar_text(const toml::node& node) {
  if (const auto* s = node.as_string()) return s->get();
  if (const auto* i = node.as_integer()) return std::to_string(i->get());
  if (const auto* b = node.as_boolean()) return b->get() ? "true" : "false";
  return {};
}

} // namespace hongyan
