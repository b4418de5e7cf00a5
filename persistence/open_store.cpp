#include "persistence/postgres_store.hpp"
#include "persistence/sqlite_store.hpp"
#include "persistence/store.hpp"

#include <algorithm>
#include <array>

namespace hongyan {

namespace {

constexpr std::string_view sqlite_scheme = "sqlite:";
constexpr std::string_view mask = "***";

bool is_postgres(std::string_view url) {
  return url.starts_with("postgresql://") || url.starts_with("postgres://");
}

/// Masks the values of a URI's parameters that are secrets.
void mask_parameters(std::string& url) {
  static constexpr std::array<std::string_view, 2> secrets{"password=", "sslpassword="};
  for (auto at = url.find('?'); at != std::string::npos; at = url.find('&', at + 1)) {
    const std::string_view parameter = std::string_view(url).substr(at + 1);
    const auto* secret =
        std::ranges::find_if(secrets, [&](auto name) { return parameter.starts_with(name); });
    if (secret == secrets.end()) continue;
    const auto value = at + 1 + secret->size();
    url.replace(value, std::min(url.find('&', value), url.size()) - value, mask);
  }
}

} // namespace

std::string redacted(const std::string& url) {
  std::string text = url;
  const auto scheme = text.find("://");
  if (scheme == std::string::npos || text.starts_with(sqlite_scheme)) return text;
  mask_parameters(text);
  // user:password@host. A password that should have been percent-encoded may have any character in it, so all
  // up to the last @ goes; that takes too much only where a parameter's value has an @.
  const auto colon = text.find(':', scheme + 3);
  const auto at = text.rfind('@');
  if (colon != std::string::npos && at != std::string::npos && colon < at)
    text.replace(colon + 1, at - colon - 1, mask);
  return text;
}

result<std::unique_ptr<store>> open_store(const std::string& url) {
  if (url.starts_with(sqlite_scheme) && url.size() > sqlite_scheme.size())
    return open_sqlite_store(url.substr(sqlite_scheme.size()));
  if (is_postgres(url)) return open_postgres_store(url);
  return error{errc::malformed, "the database URL \"" + redacted(url) +
                                    "\" is neither sqlite:PATH nor postgresql://USER@HOST:PORT/NAME"};
}

} // namespace hongyan
