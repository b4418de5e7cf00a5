#include "net/router.hpp"

namespace hongyan {

namespace {

constexpr std::array routes{
    route{endpoint::index, "/", "GET", false, route_access::anyone},
    route{endpoint::health, "/healthz", "GET", false, route_access::anyone},
    route{endpoint::ready, "/readyz", "GET", false, route_access::anyone},
    route{endpoint::metrics, "/metrics", "GET"},
    route{endpoint::push, "/push", "POST"},
    route{endpoint::get_message, "/getMessage", "GET"},
    route{endpoint::get_online_user, "/getOnlineUser", "GET", false, route_access::back_ends},
    route{endpoint::close, "/close", "GET", true, route_access::back_ends},
    route{endpoint::classic_socket, "/imserver/{}", "GET", true},
    route{endpoint::v1_socket, "/v1/connect", "GET", true},
    route{endpoint::v1_messages, "/v1/messages", "GET, POST"},
    route{endpoint::v1_conversations, "/v1/conversations", "GET"},
    route{endpoint::v1_read, "/v1/conversations/read", "POST"},
    route{endpoint::v1_search, "/v1/search", "GET"},
    route{endpoint::v1_groups, "/v1/groups", "POST"},
    route{endpoint::v1_group, "/v1/groups/{}", "GET, PATCH, DELETE"},
    route{endpoint::v1_members, "/v1/groups/{}/members", "GET"},
    route{endpoint::v1_member, "/v1/groups/{}/members/{}", "PUT, DELETE"},
    route{endpoint::v1_user, "/v1/users/{}", "GET, PUT"},
    route{endpoint::v1_user_sessions, "/v1/users/{}/sessions", "GET, DELETE"},
    route{endpoint::v1_online, "/v1/online", "GET", false, route_access::back_ends},
    route{endpoint::v1_tokens, "/v1/tokens", "POST", false, route_access::back_ends},
    route{endpoint::v1_wechat_login, "/v1/login/wechat", "POST", false, route_access::anyone},
};

/// Takes the first segment off a path that is walked from the left.
std::string_view take_segment(std::string_view& rest) {
  const auto slash = rest.find('/');
  const auto segment = rest.substr(0, slash);
  rest.remove_prefix(slash == std::string_view::npos ? rest.size() : slash);
  return segment;
}

std::optional<found_route> match(const route& r, std::string_view path) {
  found_route found{&r};
  auto pattern = r.path;
  for (std::size_t count = 0; !pattern.empty() && !path.empty();) {
    if (pattern.front() != '/' || path.front() != '/') return {};
    pattern.remove_prefix(1);
    path.remove_prefix(1);
    const auto wanted = take_segment(pattern), segment = take_segment(path);
    if (wanted == "{}") {
      found.segments[count++] = segment;
    } else if (wanted != segment) {
      return {};
    }
  }
  if (!pattern.empty() || !path.empty()) return {};
  return found;
}

bool lists(std::string_view methods, std::string_view method) {
  for (;;) {
    const auto comma = methods.find(", ");
    if (methods.substr(0, comma) == method) return true;
    if (comma == std::string_view::npos) return false;
    methods.remove_prefix(comma + 2);
  }
}

bool also_head(const route& r) { return lists(r.methods, "GET") && !r.get_changes; }

} // namespace

std::optional<found_route> find_route(std::string_view path) {
  for (const auto& r : routes)
    if (auto found = match(r, path)) return found;
  return {};
}

bool takes(const route& r, std::string_view method) {
  return lists(r.methods, method) || (method == "HEAD" && also_head(r));
}

bool changes_state(const route& r, std::string_view method) {
  return r.get_changes || (method != "GET" && method != "HEAD");
}

std::string allowed_methods(const route& r) {
  return std::string(r.methods) + (also_head(r) ? ", HEAD, OPTIONS" : ", OPTIONS");
}

} // namespace hongyan
