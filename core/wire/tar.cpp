#include "core/wire/tar.hpp"

#include <numeric>

namespace hongyan {

namespace {

/// Where a field begins, and how long it is (POSIX.1-1988, table 10-2).
struct field {
  std::size_t at, length;
};
constexpr field name_field{0, 100}, mode{100, 8}, owner{108, 8}, group{116, 8}, size_field{124, 12},
    mtime{136, 12}, checksum{148, 8}, type{156, 1}, magic{257, 8};
/// What eleven octal digits say at most.
constexpr std::uint64_t octal_max = (std::uint64_t{1} << 33) - 1;

/// Octal digits, and a zero byte behind them.
void put_octal(std::string& header, field to, std::uint64_t value) {
  for (std::size_t at = to.at + to.length - 1; at-- > to.at; value >>= 3)
    header[at] = static_cast<char>('0' + (value & 7));
}

void put_size(std::string& header, std::uint64_t value) {
  if (value <= octal_max) return put_octal(header, size_field, value);
  for (std::size_t at = size_field.at + size_field.length; at-- > size_field.at; value >>= 8)
    header[at] = static_cast<char>(value & 0xFF);
  header[size_field.at] = static_cast<char>(0x80); // it is no text
}

} // namespace

std::string tar_header(std::string_view name, std::uint64_t size, std::chrono::sys_seconds changed) {
  std::string header(tar_block, '\0');
  header.replace(name_field.at, name.size(), name);
  put_octal(header, mode, 0600);
  put_octal(header, owner, 0);
  put_octal(header, group, 0);
  put_size(header, size);
  put_octal(header, mtime, static_cast<std::uint64_t>(changed.time_since_epoch().count()));
  header[type.at] = '0';
  header.replace(magic.at, magic.length,
                 std::string_view("ustar\0"
                                  "00",
                                  magic.length));
  // The sum of all bytes, with spaces in its own place; six digits, a zero byte and a space.
  header.replace(checksum.at, checksum.length, checksum.length, ' ');
  const auto sum =
      std::accumulate(header.begin(), header.end(), std::uint64_t{0},
                      [](std::uint64_t all, char c) { return all + static_cast<unsigned char>(c); });
  put_octal(header, {checksum.at, checksum.length - 1}, sum);
  header[checksum.at + checksum.length - 2] = '\0';
  return header;
}

} // namespace hongyan
