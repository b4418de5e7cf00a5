#include "core/media/file_name.hpp"

#include "core/tools/text.hpp"

#include <algorithm>
#include <cstdint>

namespace hongyan::media {

namespace {

/// C0 and C1 controls, the line and paragraph separators, and all that changes the direction: Unicode's
/// Bidi_Control, and the deprecated U+206A to U+206F.
bool is_harmful(char32_t c) {
  return c < 0x20 || (c >= 0x7F && c < 0xA0) || c == 0x061C || (c >= 0x200E && c <= 0x200F) ||
         (c >= 0x2028 && c <= 0x202E) || (c >= 0x2066 && c <= 0x206F) || c == 0xFEFF;
}

/// The character that `text` begins with, and how many bytes it has; of what is no UTF-8 one byte, harmful.
char32_t first_character(std::string_view text, std::size_t& bytes) {
  utf8_checker checked;
  bytes = 0;
  while (bytes < text.size() && checked.feed(text.substr(bytes, 1)))
    if (++bytes; checked.complete()) break;
  if (bytes == 0 || !checked.complete()) {
    bytes = 1;
    return 0;
  }
  const auto lead = static_cast<std::uint8_t>(text[0]);
  char32_t c = bytes == 1 ? lead : lead & (0xFFu >> (bytes + 1));
  for (std::size_t i = 1; i < bytes; ++i) c = c << 6 | (static_cast<std::uint8_t>(text[i]) & 0x3Fu);
  return c;
}

void append_percent(std::string& out, char byte) {
  constexpr std::string_view digits = "0123456789ABCDEF";
  const auto value = static_cast<std::uint8_t>(byte);
  ((out += '%') += digits[value >> 4]) += digits[value & 15];
}

/// RFC 8187's attr-char.
bool is_plain(char c) {
  return (c >= '0' && c <= '9') || (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') ||
         std::string_view("!#$&+-.^_`|~").find(c) != std::string_view::npos;
}

} // namespace

std::string clean_file_name(std::string_view name) {
  name.remove_prefix(name.find_last_of("/\\") + 1); // npos + 1 is 0
  std::string out;
  while (!name.empty()) {
    std::size_t bytes = 0;
    const auto c = first_character(name, bytes);
    if (!is_harmful(c)) {
      if (out.size() + bytes > file_name_bytes) break;
      out += name.substr(0, bytes);
    }
    name.remove_prefix(bytes);
  }
  constexpr std::string_view around = " .";
  out.erase(out.find_last_not_of(around) + 1);
  out.erase(0, std::min(out.size(), out.find_first_not_of(around)));
  return out.empty() ? "file" : out;
}

std::string content_disposition(bool is_inline, std::string_view clean_name) {
  std::string plain, extended;
  bool differs = false;
  for (const char c : clean_name) {
    // Of a quoted string that old clients read, nothing that would need an escape.
    const bool fits = c >= 0x20 && c < 0x7F && c != '"' && c != '\\' && c != '%';
    differs |= !fits;
    plain += fits ? c : '_';
    if (is_plain(c)) {
      extended += c;
    } else {
      append_percent(extended, c);
    }
  }
  std::string out = is_inline ? "inline; filename=\"" : "attachment; filename=\"";
  out.append(plain).append("\"");
  if (differs) out.append("; filename*=UTF-8''").append(extended);
  return out;
}

} // namespace hongyan::media
