#include "core/cluster/basp_frames.hpp"

#include <catch2/catch.hpp>
#include <string>

using namespace hongyan::cluster;

namespace {

std::string frame(std::uint32_t length, std::size_t sent) {
  std::string bytes(basp_frames::header_bytes, '\xff');
  for (std::size_t i = 0; i < 4; ++i) bytes[4 + i] = static_cast<char>(length >> (24 - 8 * i));
  return bytes + std::string(sent, '\xff');
}

} // namespace

TEST_CASE("frames are followed however their bytes come", "[cluster]") {
  const auto good = frame(3, 3) + frame(0, 0) + frame(70'000, 70'000) + frame(0, 0) + frame(1, 1);
  const auto pieces = GENERATE(1, 2, 7, 31, 32, 33, 1'000'000);
  basp_frames frames;
  for (std::size_t i = 0; i < good.size(); i += static_cast<std::size_t>(pieces))
    CHECK(frames.feed(std::string_view(good).substr(i, static_cast<std::size_t>(pieces))));
  CHECK_FALSE(frames.feed(frame(frame_bytes + 1, 0)));
}

TEST_CASE("a frame may be as long as an envelope, and no longer", "[cluster]") {
  CHECK(basp_frames().feed(frame(frame_bytes, 0)));
  CHECK_FALSE(basp_frames().feed(frame(frame_bytes + 1, 0)));
  CHECK_FALSE(basp_frames().feed(frame(0xFFFFFFFF, 0)));
  CHECK_FALSE(basp_frames().feed(frame(0x40000000, 0).substr(0, 8))); // before the rest has come
}
