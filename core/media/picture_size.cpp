#include "core/media/picture_size.hpp"

#include <algorithm>

namespace hongyan::media {

namespace {

using namespace std::string_view_literals;

/// As much as tells PNG, GIF and every kind of WebP.
constexpr std::size_t header_bytes = 30;

std::uint32_t byte(std::string_view bytes, std::size_t at) { return static_cast<std::uint8_t>(bytes[at]); }

std::uint32_t big_16(std::string_view b, std::size_t at) { return byte(b, at) << 8 | byte(b, at + 1); }
std::uint32_t big_32(std::string_view b, std::size_t at) { return big_16(b, at) << 16 | big_16(b, at + 2); }
std::uint32_t little_16(std::string_view b, std::size_t at) { return byte(b, at) | byte(b, at + 1) << 8; }
std::uint32_t little_24(std::string_view b, std::size_t at) {
  return little_16(b, at) | byte(b, at + 2) << 16;
}

} // namespace

void picture_header::feed(std::string_view piece) {
  while (format_ != format::done && !piece.empty()) {
    if (skip_ > 0) {
      const auto skipped = std::min<std::uint64_t>(skip_, piece.size());
      piece.remove_prefix(skipped);
      skip_ -= skipped;
      continue;
    }
    // A little at a time, so that what is skipped next is not copied first.
    const auto some = piece.substr(0, header_bytes);
    kept_ += some;
    piece.remove_prefix(some.size());
    if (format_ == format::unknown) begin();
    if (format_ == format::jpeg) walk_jpeg();
  }
  if (format_ == format::done) kept_ = {};
}

/// By the signatures, as in file_type.cpp; a JPEG has its size somewhere behind.
void picture_header::begin() {
  const std::string_view b = kept_;
  if (b.size() >= 3 && b.starts_with("\xFF\xD8\xFF")) {
    kept_.erase(0, 2);
    format_ = format::jpeg;
    return;
  }
  if (b.size() < header_bytes) { // GIF's may be the whole file
    if (b.size() >= 10 && b.starts_with("GIF8")) found(little_16(b, 6), little_16(b, 8));
    return;
  }
  format_ = format::done;
  if (b.starts_with("\x89PNG\r\n\x1A\n") && b.substr(12, 4) == "IHDR") {
    found(big_32(b, 16), big_32(b, 20));
  } else if (b.starts_with("GIF8")) {
    found(little_16(b, 6), little_16(b, 8));
  } else if (b.starts_with("RIFF") && b.substr(8, 4) == "WEBP") {
    // RFC 9649: extended, lossless, lossy.
    if (const auto form = b.substr(12, 4); form == "VP8X") {
      found(little_24(b, 24) + 1, little_24(b, 27) + 1);
    } else if (form == "VP8L" && byte(b, 20) == 0x2F) {
      const auto bits = little_24(b, 21) | byte(b, 24) << 24;
      found((bits & 0x3FFF) + 1, (bits >> 14 & 0x3FFF) + 1);
    } else if (form == "VP8 " && b.substr(23, 3) == "\x9D\x01\x2A"sv) {
      found(little_16(b, 26) & 0x3FFF, little_16(b, 28) & 0x3FFF);
    }
  }
}

/// From segment to segment (ITU T.81, B.1.1) until a frame begins, whose header has the size. What is no
/// segment ends the walk, as does the first scan.
void picture_header::walk_jpeg() {
  while (format_ == format::jpeg) {
    std::string_view b = kept_;
    const auto marker_at = std::min(b.size(), b.find_first_not_of('\xFF')); // any number of fill bytes
    if (marker_at == b.size()) {
      kept_.assign(std::min<std::size_t>(b.size(), 1), '\xFF');
      return;
    }
    if (marker_at == 0) return found(0, 0);
    b.remove_prefix(marker_at);
    const auto marker = byte(b, 0);
    if (marker == 0xD9 || marker == 0xDA) return found(0, 0);
    if (marker == 0x01 || (marker >= 0xD0 && marker <= 0xD8)) { // stand alone
      kept_.erase(0, marker_at + 1);
      continue;
    }
    // SOF0 to SOF15 but DHT, JPG and DAC, which lie among them.
    const bool is_frame =
        marker >= 0xC0 && marker <= 0xCF && marker != 0xC4 && marker != 0xC8 && marker != 0xCC;
    if (b.size() < (is_frame ? 8u : 3u)) return; // more is to come
    const auto length = big_16(b, 1);
    if (is_frame) return found(big_16(b, 6), big_16(b, 4));
    if (length < 2) return found(0, 0);
    const std::size_t segment = marker_at + 1 + length, held = std::min(segment, kept_.size());
    kept_.erase(0, held);
    skip_ = segment - held;
  }
}

/// Zero: there is none to be found.
void picture_header::found(std::uint32_t width, std::uint32_t height) {
  format_ = format::done;
  if (width > 0 && height > 0) size_ = {width, height};
}

} // namespace hongyan::media
