#include "core/tools/random.hpp"

#include <random>
#include <string_view>

namespace hongyan {

std::uint64_t random_number() {
  static thread_local std::random_device device;
  return (std::uint64_t{device()} << 32U) | device();
}

std::string random_name(std::size_t digits) {
  constexpr std::string_view hex = "0123456789abcdef";
  std::string name;
  for (std::uint64_t bits = 0; name.size() < digits; bits >>= 4U) {
    if (name.size() % 16 == 0) bits = random_number();
    name += hex[bits & 15U];
  }
  return name;
}

} // namespace hongyan
