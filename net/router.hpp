/// Which endpoint a path is, and which methods it takes; pure.
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace hongyan {

enum class endpoint : std::uint8_t {
  index,
  health,
  ready,
  metrics,
  push,
  get_message,
  get_online_user,
  close,
  classic_socket,
  v1_socket,
  v1_messages,
  v1_conversations,
  v1_read,
  v1_search,
  v1_groups,
  v1_group,
  v1_members,
  v1_member,
  v1_user,
  v1_user_sessions,
  v1_online,
  v1_tokens,
  v1_wechat_login,
};

/// Whom an endpoint is for.
enum class route_access : std::uint8_t {
  callers,  ///< who may is for the handler to say: it depends on what is asked
  anyone,   ///< nobody's token is looked at
  back_ends ///< API keys with the scope admin
};

/// A row of the table of paths.
struct route {
  endpoint to;
  std::string_view path;    ///< `{}` stands for one segment
  std::string_view methods; ///< those it takes, as in the Allow header, without HEAD and OPTIONS
  bool get_changes = false; ///< a GET with effects: the rule about Origin applies, and there is no HEAD
  route_access is_for = route_access::callers;
};

/// A path that was found, with what stands at its `{}`.
struct found_route {
  const route* row;
  std::array<std::string_view, 2> segments{};
};

/// Nothing: there is no such path. The segments are views into `path`.
std::optional<found_route> find_route(std::string_view path);

/// Does the row take this method? GET also takes HEAD, unless it changes something.
bool takes(const route& r, std::string_view method);

/// Whether the rule about Origin applies.
bool changes_state(const route& r, std::string_view method);

/// For the Allow header.
std::string allowed_methods(const route& r);

} // namespace hongyan
