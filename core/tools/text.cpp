#include "core/tools/text.hpp"

#include <algorithm>
#include <cstring>

namespace hongyan {

bool utf8_checker::feed(std::string_view piece) {
  const char* at = piece.data();
  const char* const end = at + piece.size();
  while (at != end) {
    if (missing_ == 0) {
      // Chat is mostly ASCII markup around the text: take it eight bytes a step.
      std::uint64_t eight = 0;
      while (end - at >= 8 && (std::memcpy(&eight, at, 8), (eight & 0x8080808080808080u) == 0)) {
        at += 8;
        characters_ += 8;
      }
      if (at == end) break;
    }
    const auto byte = static_cast<std::uint8_t>(*at++);
    if (missing_ > 0) {
      if (byte < next_low_ || byte > next_high_) return false;
      next_low_ = 0x80;
      next_high_ = 0xBF;
      --missing_;
      continue;
    }
    ++characters_;
    if (byte < 0x80) continue;
    if (byte < 0xC2) return false; // a continuation byte, or an overlong form of ASCII
    if (byte < 0xE0) {
      missing_ = 1;
    } else if (byte < 0xF0) {
      missing_ = 2;
      if (byte == 0xE0) next_low_ = 0xA0;  // overlong below
      if (byte == 0xED) next_high_ = 0x9F; // surrogates above
    } else if (byte < 0xF5) {
      missing_ = 3;
      if (byte == 0xF0) next_low_ = 0x90;  // overlong below
      if (byte == 0xF4) next_high_ = 0x8F; // above U+10FFFF
    } else {
      return false;
    }
  }
  return true;
}

namespace {

bool begins_character(char c) { return (static_cast<unsigned char>(c) & 0xC0) != 0x80; }

} // namespace

std::size_t count_characters(std::string_view text) {
  return static_cast<std::size_t>(std::ranges::count_if(text, begins_character));
}

std::size_t skip_characters(std::string_view text, std::size_t at, std::size_t characters) {
  for (; at < text.size(); ++at)
    if (begins_character(text[at]) && characters-- == 0) break;
  return at;
}

} // namespace hongyan
