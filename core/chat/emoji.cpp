#include "core/chat/emoji.hpp"

#include <algorithm>
#include <array>
#include <cstdint>

namespace hongyan {

namespace {

struct range {
  char32_t first, last;
};

/// They show something by themselves.
constexpr std::array shown{
    range{0xA9, 0xA9},       range{0xAE, 0xAE},       range{0x203C, 0x203C},   range{0x2049, 0x2049},
    range{0x2122, 0x2122},   range{0x2139, 0x2139},   range{0x2194, 0x2199},   range{0x21A9, 0x21AA},
    range{0x231A, 0x231B},   range{0x2328, 0x2328},   range{0x23CF, 0x23CF},   range{0x23E9, 0x23F3},
    range{0x23F8, 0x23FA},   range{0x24C2, 0x24C2},   range{0x25AA, 0x25AB},   range{0x25B6, 0x25B6},
    range{0x25C0, 0x25C0},   range{0x25FB, 0x25FE},   range{0x2600, 0x27BF},   range{0x2934, 0x2935},
    range{0x2B05, 0x2B07},   range{0x2B1B, 0x2B1C},   range{0x2B50, 0x2B50},   range{0x2B55, 0x2B55},
    range{0x3030, 0x3030},   range{0x303D, 0x303D},   range{0x3297, 0x3297},   range{0x3299, 0x3299},
    range{0x1F004, 0x1F004}, range{0x1F0CF, 0x1F0CF}, range{0x1F170, 0x1F171}, range{0x1F17E, 0x1F17F},
    range{0x1F18E, 0x1F18E}, range{0x1F191, 0x1F19A}, range{0x1F1E6, 0x1F1FF}, range{0x1F201, 0x1F202},
    range{0x1F21A, 0x1F21A}, range{0x1F22F, 0x1F22F}, range{0x1F232, 0x1F23A}, range{0x1F250, 0x1F251},
    range{0x1F300, 0x1F64F}, range{0x1F680, 0x1F6FF}, range{0x1F7E0, 0x1F7F0}, range{0x1F90C, 0x1FAFF},
};
/// They join and vary what is before them: ZWJ, a keycap's frame, VS16, the tags of a flag. A digit, # or *
/// is an emoji with that frame alone.
constexpr char32_t zwj = 0x200D, keycap = 0x20E3, vs16 = 0xFE0F;
constexpr range tags{0xE0020, 0xE007F};
constexpr std::string_view keys = "0123456789#*";

/// Takes the first character off valid UTF-8.
char32_t next(std::string_view& text) {
  const auto lead = static_cast<std::uint8_t>(text.front());
  const std::size_t size = lead < 0x80 ? 1 : lead < 0xE0 ? 2 : lead < 0xF0 ? 3 : 4;
  char32_t c = size == 1 ? lead : lead & (0xFF >> (size + 1));
  for (std::size_t i = 1; i < size && i < text.size(); ++i)
    c = c << 6 | (static_cast<std::uint8_t>(text[i]) & 0x3F);
  text.remove_prefix(std::min(size, text.size()));
  return c;
}

bool is_shown(char32_t c) {
  return std::ranges::any_of(shown, [c](range r) { return c >= r.first && c <= r.last; });
}

} // namespace

bool is_emoji(std::string_view text) {
  if (text.empty() || text.size() > emoji_bytes_max) return false;
  bool is_key = false; // what is open is a digit without its frame
  bool any = false;
  while (!text.empty()) {
    const char32_t c = next(text);
    if (is_key && c != vs16 && c != keycap) return false;
    if (c == keycap) {
      if (!is_key) return false;
      is_key = false;
      any = true;
    } else if (c < 0x80 && keys.find(static_cast<char>(c)) != std::string_view::npos) {
      is_key = true;
    } else if (is_shown(c)) {
      any = true;
    } else if ((c != zwj && c != vs16 && (c < tags.first || c > tags.last)) || (!any && !is_key)) {
      return false;
    }
  }
  return any && !is_key;
}

} // namespace hongyan
