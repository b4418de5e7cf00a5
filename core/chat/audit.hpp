/// What operators have done (contract, section 9).
#pragma once

#include "core/tools/wall_time.hpp"

#include <cstdint>
#include <string>

namespace hongyan {

struct audit_entry {
  std::int64_t id = 0; ///< ascending
  wall_time at{};
  std::string who{};  ///< the API key's name, or the first digits of its digest
  std::string what{}; ///< the request: method, path, and what its body says
  std::string why{};  ///< as who did it said; may be empty
};

} // namespace hongyan
