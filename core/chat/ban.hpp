/// Who may not speak for a while (contract, section 8): a banned user reads, marks read, leaves groups and
/// blocks, and nothing else.
#pragma once

#include "core/chat/message.hpp"

#include <optional>
#include <string>

namespace hongyan {

struct ban {
  user_id user;
  std::string reason{}; ///< for the business; the user is not told
  wall_time since{};
  std::optional<wall_time> until{}; ///< null: until it is lifted

  bool is_over(wall_time now) const { return until && *until <= now; }
};

/// In force at once.
inline constexpr std::size_t bans_max = 100'000;

} // namespace hongyan
