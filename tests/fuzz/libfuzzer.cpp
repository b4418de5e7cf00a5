// libFuzzer's entry for one target: HONGYAN_FUZZ_TARGET is its name.
#include "tests/fuzz/targets.hpp"

#include <cstdint>

// An exception ends the fuzzer as a crash does, with a reproducer.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* bytes, std::size_t count) {
  hongyan::fuzz::HONGYAN_FUZZ_TARGET({reinterpret_cast<const char*>(bytes), count}); // NOLINT
  return 0;
}
