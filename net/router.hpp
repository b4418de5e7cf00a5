/// Which endpoint a path is, and which methods it takes; pure.
#pragma once

#include <array>
#include <cstdint>
#include <string>
#include <string_view>

namespace hongyan {

enum class endpoint : std::uint8_t {
  none, ///< no such path
  index,
  health,
  ready,
  metrics,
  push,
  get_message,
  get_online_user,
  close,
  socket, ///< /imserver/{userId}
};

/// A row of the table of paths.
struct route {
  endpoint to;
  std::string_view path;
  std::string_view method;    ///< the one it takes; GET also takes HEAD, unless it changes something
  bool changes_state = false; ///< the rule about Origin applies
};

/// The row of a path; nullptr when there is none. A socket's path is a prefix.
const route* find_route(std::string_view path);

/// Does the row take this method?
bool takes(const route& r, std::string_view method);

/// For the Allow header.
std::string allowed_methods(const route& r);

/// Behind it comes the user id.
inline constexpr std::string_view socket_prefix = "/imserver/";

} // namespace hongyan
