#include "net/router.hpp"

namespace hongyan {

namespace {

constexpr std::array routes{
    route{endpoint::index, "/", "GET"},
    route{endpoint::health, "/healthz", "GET"},
    route{endpoint::ready, "/readyz", "GET"},
    route{endpoint::metrics, "/metrics", "GET"},
    route{endpoint::push, "/push", "POST", true},
    route{endpoint::get_message, "/getMessage", "GET"},
    route{endpoint::get_online_user, "/getOnlineUser", "GET"},
    route{endpoint::close, "/close", "GET", true},
    route{endpoint::socket, socket_prefix, "GET", true},
};

bool also_head(const route& r) { return r.method == "GET" && !r.changes_state; }

} // namespace

const route* find_route(std::string_view path) {
  for (const auto& r : routes) {
    const bool matches =
        r.to == endpoint::socket
            ? path.starts_with(r.path) && path.find('/', r.path.size()) == std::string_view::npos
            : path == r.path;
    if (matches) return &r;
  }
  return nullptr;
}

bool takes(const route& r, std::string_view method) {
  return method == r.method || (method == "HEAD" && also_head(r));
}

std::string allowed_methods(const route& r) {
  return std::string(r.method) + (also_head(r) ? ", HEAD, OPTIONS" : ", OPTIONS");
}

} // namespace hongyan
