#include "tests/guard/allocations.hpp"

#include <cstdlib>
#include <new>

namespace hongyan::test {
std::atomic<std::size_t> allocations = 0;
}

// In a file of its own, or GCC would inline one of a pair and warn of a mismatch with the other.
void* operator new(std::size_t bytes) {
  ++hongyan::test::allocations;
  if (void* found = std::malloc(bytes)) return found;
  throw std::bad_alloc();
}
void operator delete(void* at) noexcept { std::free(at); }
void operator delete(void* at, std::size_t) noexcept { std::free(at); }
