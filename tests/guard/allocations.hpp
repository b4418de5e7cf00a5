/// Counts this program's calls of operator new.
#pragma once

#include <atomic>
#include <cstddef>

namespace hongyan::test {

/// So far, on all threads. What C libraries take by malloc() is not in it.
extern std::atomic<std::size_t> allocations;

} // namespace hongyan::test
