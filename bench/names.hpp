/// What tells a run apart from all others on the same server.
#pragma once

#include <cstdint>
#include <string>

namespace hongyan::bench {

/// Marks the contents of a run's messages: `hyb-` and 8 random digits, `-` at the end.
std::string run_tag();

/// The id of a run's first user, random and of nine digits: earlier runs' windows stay out of this one's.
std::uint64_t first_user();

} // namespace hongyan::bench
