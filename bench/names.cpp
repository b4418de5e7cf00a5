#include "bench/names.hpp"

#include <random>

namespace hongyan::bench {

std::string run_tag() {
  constexpr unsigned low = 10'000'000;
  std::random_device random;
  return "hyb-" + std::to_string(std::uniform_int_distribution<unsigned>(low, 10 * low - 1)(random)) + "-";
}

std::uint64_t first_user() {
  constexpr unsigned apart = 1'000; // most runs have fewer users
  std::random_device random;
  return std::uint64_t{std::uniform_int_distribution<unsigned>(100'000, 990'000)(random)} * apart;
}

} // namespace hongyan::bench
