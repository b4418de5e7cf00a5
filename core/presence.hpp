/// Sessions as others see them.
#pragma once

#include "core/message.hpp"

#include <optional>
#include <string>

namespace hongyan {

/// A session, as the registry lists it.
struct session_facts {
  std::string id{};     ///< empty for a classic one
  std::string device{}; ///< may be empty
  bool is_v1 = false;
  wall_time since{};
  std::optional<wall_time> expires{}; ///< with its token; known to the session's own node only
};

} // namespace hongyan
