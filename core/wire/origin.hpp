/// Who may come in from a browser (contract, section 4, "Browsers").
#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace hongyan {

struct origin_policy {
  std::vector<std::string> allowed; ///< --allow-origin, as given: scheme://host[:port]
  bool wechat = true;               ///< also WeChat's own origins (under --auth none)
  /// Listening on loopback: then only loopback names are the server's own host, so that a page under a
  /// foreign name which resolves to 127.0.0.1 (DNS rebinding) can neither push nor open a socket. A GET of
  /// such a page carries no Origin and is not told apart: that takes a login.
  bool loopback_only = true;
};

/// True for localhost, 127.x.x.x and ::1 (without brackets).
bool is_loopback_host(std::string_view host);
/// The same of HOST or HOST:PORT, as in a Host header, an IPv6 host in brackets.
bool is_loopback_authority(std::string_view authority);
/// The same of the host in an origin; false when it is none.
bool is_loopback_origin(std::string_view origin);

/// True for `scheme://host[:port]` with http or https, as a browser writes an origin.
bool is_origin(std::string_view text);

/// True for the origins that WeChat gives its mini-programs.
bool is_wechat_origin(std::string_view origin);

/// True when `origin` is listed, not merely the server's own: it may read answers too (CORS).
bool is_listed(const origin_policy& policy, std::string_view origin);

/// May a page of `origin` (empty: no Origin header was sent) open a socket or change state here?
/// `host` is the request's Host header.
bool is_allowed(const origin_policy& policy, std::string_view origin, std::string_view host);

} // namespace hongyan
