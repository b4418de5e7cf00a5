/// Pieces of texts as protocols spell them: ASCII, whatever the locale.
#pragma once

#include <algorithm>
#include <string>
#include <string_view>

namespace hongyan {

constexpr char to_lower(char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c; }

/// A letter, a digit, _ or -: what ids and tokens of others are made of.
constexpr bool is_id_character(char c) {
  return (c >= '0' && c <= '9') || (to_lower(c) >= 'a' && to_lower(c) <= 'z') || c == '_' || c == '-';
}

/// Whether both are the same but for upper and lower case.
inline bool same_word(std::string_view a, std::string_view b) {
  return std::ranges::equal(a, b, {}, to_lower, to_lower);
}

/// Without the spaces and tabs around it.
inline std::string_view trimmed(std::string_view text) {
  const auto begin = std::min(text.size(), text.find_first_not_of(" \t"));
  return text.substr(begin, text.find_last_not_of(" \t") + 1 - begin);
}

/// Of a hexadecimal digit; -1: it is none.
constexpr int hex_value(char c) {
  if (c >= '0' && c <= '9') return c - '0';
  const char l = to_lower(c);
  return l >= 'a' && l <= 'f' ? l - 'a' + 10 : -1;
}

/// Two lower-case digits a byte.
inline std::string hexadecimal(std::string_view bytes) {
  constexpr std::string_view digits = "0123456789abcdef";
  std::string out;
  for (const char c : bytes) {
    const auto byte = static_cast<unsigned char>(c);
    out += digits[byte >> 4];
    out += digits[byte & 15];
  }
  return out;
}

} // namespace hongyan
