/// What the configured limits add up to: the memory that the server's own queues and buffers can come to
/// hold.
#pragma once

#include "core/bounds/limits.hpp"

#include <cstddef>
#include <string_view>
#include <vector>

namespace hongyan {

struct memory_bound {
  std::string_view what; ///< as in logs and metrics
  std::size_t bytes;
};

/// A row for each kind of thing that is bounded. What is kept for clients has one budget, `limits.memory`;
/// the other rows are queues between the server's own parts, each at its worst: every place taken, by the
/// largest that fits.
std::vector<memory_bound> memory_bounds(const limits& of, bool is_cluster);

} // namespace hongyan
