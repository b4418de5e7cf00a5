#include "core/wire/tar.hpp"

#include <catch2/catch.hpp>

namespace hongyan {

namespace {

using std::chrono::seconds;
using std::chrono::sys_seconds;

TEST_CASE("a tar header says name, size and time in octal, and the sum of its bytes") {
  const auto header = tar_header("files/ab/abcd", 1000, sys_seconds(seconds(1'700'000'000)));
  REQUIRE(header.size() == tar_block);
  CHECK(header.substr(0, 14) == std::string("files/ab/abcd\0", 14));
  CHECK(header.substr(100, 8) == std::string("0000600\0", 8));
  CHECK(header.substr(124, 12) == std::string("00000001750\0", 12));
  CHECK(header.substr(136, 12) == std::string("14524770400\0", 12));
  CHECK(header[156] == '0');
  CHECK(header.substr(257, 8) == std::string("ustar\00000", 8));
  auto blank = header;
  blank.replace(148, 8, 8, ' ');
  int sum = 0;
  for (const char c : blank) sum += static_cast<unsigned char>(c);
  CHECK(std::stoi(header.substr(148, 6), nullptr, 8) == sum);
  CHECK(header.substr(154, 2) == std::string("\0 ", 2));
}

TEST_CASE("a size that eleven octal digits cannot say is written in base 256") {
  CHECK(tar_header("x", (std::uint64_t{1} << 33) - 1, {}).substr(124, 12) ==
        std::string("77777777777\0", 12));
  CHECK(tar_header("x", std::uint64_t{1} << 33, {}).substr(124, 12) ==
        std::string("\x80\0\0\0\0\0\0\x02\0\0\0\0", 12));
}

TEST_CASE("what stands in a tar stream is filled up to whole blocks") {
  CHECK(tar_padding(0) == 0);
  CHECK(tar_padding(1) == 511);
  CHECK(tar_padding(512) == 0);
  CHECK(tar_length(1) == 1024);
  CHECK(tar_length(1024) == 1536);
}

} // namespace

} // namespace hongyan
