#include "core/wire/origin.hpp"

#include "core/tools/ascii.hpp"

#include <algorithm>

namespace hongyan {

namespace {

/// host[:port] of an http or https origin; empty when it is none.
std::string_view authority_of(std::string_view origin) {
  for (std::string_view scheme : {"http://", "https://"})
    if (origin.size() > scheme.size() && same_word(origin.substr(0, scheme.size()), scheme))
      return origin.substr(scheme.size());
  return {};
}

std::string_view without_port(std::string_view authority) {
  const auto colon = authority.rfind(':');
  const auto bracket = authority.rfind(']');
  if (colon == std::string_view::npos || (bracket != std::string_view::npos && colon < bracket))
    return authority;
  return authority.substr(0, colon);
}

/// `authority` without a port that the scheme implies: browsers leave it out, other clients may not.
std::string_view normal(std::string_view authority) {
  for (std::string_view port : {":80", ":443"})
    if (authority.ends_with(port) && without_port(authority).size() + port.size() == authority.size())
      return authority.substr(0, authority.size() - port.size());
  return authority;
}

std::string_view without_brackets(std::string_view host) {
  return host.starts_with('[') && host.ends_with(']') ? host.substr(1, host.size() - 2) : host;
}

} // namespace

bool is_loopback_host(std::string_view host) {
  return same_word(host, "localhost") || host == "::1" ||
         (host.starts_with("127.") && host.find_first_not_of("0123456789.") == std::string_view::npos);
}

bool is_loopback_authority(std::string_view authority) {
  return is_loopback_host(without_brackets(without_port(authority)));
}

bool is_loopback_origin(std::string_view origin) { return is_loopback_authority(authority_of(origin)); }

bool is_origin(std::string_view text) {
  const auto authority = authority_of(text);
  return !authority.empty() && authority.find_first_of("/?#@ \t*,") == std::string_view::npos;
}

bool is_wechat_origin(std::string_view origin) {
  return same_word(origin, "https://servicewechat.com") || origin.starts_with("weapp://");
}

bool is_listed(const origin_policy& policy, std::string_view origin) {
  return (policy.wechat && is_wechat_origin(origin)) ||
         std::ranges::any_of(policy.allowed, [&](const auto& o) { return same_word(o, origin); });
}

bool is_allowed(const origin_policy& policy, std::string_view origin, std::string_view host) {
  if (origin.empty() || is_listed(policy, origin)) return true;
  const auto authority = authority_of(origin);
  if (authority.empty() || !same_word(normal(authority), normal(host))) return false;
  return !policy.loopback_only || is_loopback_origin(origin);
}

} // namespace hongyan
