/// Sessions as others see them.
#pragma once

#include "core/chat/message.hpp"

#include <cstdint>
#include <optional>
#include <string>

namespace hongyan {

/// A session, as the registry lists it.
struct session_facts {
  std::string id{};     ///< empty for a classic one
  std::string device{}; ///< may be empty
  bool is_v1 = false;
  bool takes_many =
      false; ///< new messages may come to it together, in one `messages`; known to its own node only
  wall_time since{};
  // Of its token, known to the session's own node only:
  std::optional<wall_time> expires{};
  std::optional<std::int64_t> issued_us{}; ///< see auth::claims
  std::string address{};                   ///< whence it came, as limits an address count it; likewise
  std::string node{};                      ///< where it is; in the registry's answers only
};

} // namespace hongyan
