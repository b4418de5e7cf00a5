/// Names and numbers that nobody can guess and nobody has had before. Thread-safe.
#pragma once

#include <cstdint>
#include <string>

namespace hongyan {

std::uint64_t random_number();

/// So many hexadecimal digits, 4 random bits each.
std::string random_name(std::size_t digits);

} // namespace hongyan
