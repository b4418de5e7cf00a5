#include "core/cluster/basp_frames.hpp"

#include <algorithm>

namespace hongyan::cluster {

namespace {

constexpr std::size_t length_at = 4;
constexpr std::size_t length_end = 8;

} // namespace

bool basp_frames::feed(std::string_view bytes) {
  while (!bytes.empty()) {
    if (position_ == header_bytes) {
      const auto some = std::min<std::size_t>(length_, bytes.size());
      bytes.remove_prefix(some);
      length_ -= static_cast<std::uint32_t>(some);
      if (length_ == 0) position_ = 0;
      continue;
    }
    if (position_ >= length_at && position_ < length_end)
      length_ = length_ << 8 | static_cast<unsigned char>(bytes.front());
    bytes.remove_prefix(1);
    ++position_;
    if (position_ == length_end && length_ > frame_bytes) return false;
    if (position_ == header_bytes && length_ == 0) position_ = 0;
  }
  return true;
}

} // namespace hongyan::cluster
