#include "core/chat/search_text.hpp"

#include <algorithm>
#include <cstdint>
#include <utility>

namespace hongyan {

namespace {

enum class script : std::uint8_t { none, word, cjk };

/// What follows in a longer word is not looked at; PostgreSQL takes no lexeme of 2 KiB.
constexpr std::size_t word_bytes_max = 128;

bool within(char32_t c, char32_t low, char32_t high) { return c >= low && c <= high; }

/// Unicode 15 blocks. Every letter above Latin-1 that is not of these counts as part of a word, as do marks.
script script_of(char32_t c) {
  if (within(c, 0x3040, 0x30FF) || within(c, 0x3400, 0x4DBF) || within(c, 0x4E00, 0x9FFF) ||
      within(c, 0xAC00, 0xD7A3) || within(c, 0xF900, 0xFAFF) || within(c, 0x20000, 0x3FFFF) || c == 0x3005 ||
      c == 0x3007)
    return c == 0x30FB ? script::none : script::cjk;
  if (within(c, '0', '9') || within(c, 'a', 'z') || within(c, 'A', 'Z')) return script::word;
  // Latin-1's signs, general punctuation, arrows, symbols, CJK punctuation, forms, emoji.
  if (c < 0xC0 || c == 0xD7 || c == 0xF7 || within(c, 0x2000, 0x2BFF) || within(c, 0x3000, 0x303F) ||
      within(c, 0xE000, 0xF8FF) || within(c, 0xFE00, 0xFFFF) || within(c, 0x1F000, 0x1FAFF) || c >= 0xE0000)
    return script::none;
  return script::word;
}

/// Lower case for ASCII, Latin-1, Greek and Cyrillic; full-width forms become ASCII.
char32_t fold(char32_t c) {
  if (within(c, 0xFF01, 0xFF5E)) c -= 0xFEE0;
  if (within(c, 'A', 'Z') || (within(c, 0xC0, 0xDE) && c != 0xD7) || within(c, 0x391, 0x3A9) ||
      within(c, 0x410, 0x42F))
    return c + 0x20;
  if (within(c, 0x400, 0x40F)) return c + 0x50;
  return c;
}

void append_utf8(std::string& out, char32_t c) {
  const auto tail = [&](int shift) { out += static_cast<char>(0x80 | ((c >> shift) & 0x3F)); };
  if (c < 0x80) {
    out += static_cast<char>(c);
  } else if (c < 0x800) {
    out += static_cast<char>(0xC0 | (c >> 6));
    tail(0);
  } else if (c < 0x10000) {
    out += static_cast<char>(0xE0 | (c >> 12));
    tail(6), tail(0);
  } else {
    out += static_cast<char>(0xF0 | (c >> 18));
    tail(12), tail(6), tail(0);
  }
}

/// The next character of valid UTF-8, which is taken off `text`.
char32_t take_character(std::string_view& text) {
  const auto first = static_cast<unsigned char>(text.front());
  const std::size_t length = first < 0x80 ? 1 : first < 0xE0 ? 2 : first < 0xF0 ? 3 : 4;
  char32_t c = length == 1 ? first : first & (0xFFU >> (length + 1));
  for (std::size_t i = 1; i < length && i < text.size(); ++i)
    c = (c << 6) | (static_cast<unsigned char>(text[i]) & 0x3F);
  text.remove_prefix(std::min(length, text.size()));
  return c;
}

/// Calls `word(token)` for each word and `run(characters)` for each run of CJK characters.
template <class Word, class Run>
void cut(std::string_view text, Word word, Run run) {
  std::string letters;
  std::vector<std::string> characters;
  const auto finish = [&] {
    if (!letters.empty()) word(std::exchange(letters, {}));
    if (!characters.empty()) run(std::exchange(characters, {}));
  };
  while (!text.empty()) {
    const auto c = fold(take_character(text));
    const auto in = script_of(c);
    if (in == script::none || (in == script::cjk && !letters.empty()) ||
        (in == script::word && !characters.empty()))
      finish();
    if (in == script::word && letters.size() < word_bytes_max) append_utf8(letters, c);
    if (in == script::cjk) append_utf8(characters.emplace_back(), c);
  }
  finish();
}

template <class T>
void sort_once(std::vector<T>& list) {
  std::ranges::sort(list);
  const auto repeated = std::ranges::unique(list);
  list.erase(repeated.begin(), repeated.end());
}

} // namespace

std::vector<std::string> search_tokens(std::string_view text) {
  std::vector<std::string> tokens;
  cut(
      text, [&](std::string word) { tokens.push_back(std::move(word)); },
      [&](const std::vector<std::string>& run) {
        for (std::size_t i = 0; i + 1 < run.size(); ++i) tokens.push_back(run[i] + run[i + 1]);
        tokens.push_back(run.back());
      });
  sort_once(tokens);
  return tokens;
}

std::vector<search_term> search_terms(std::string_view query) {
  std::vector<search_term> terms;
  cut(
      query,
      [&](std::string word) {
        terms.push_back({std::move(word), true});
      },
      [&](const std::vector<std::string>& run) {
        for (std::size_t i = 0; i + 1 < run.size(); ++i) terms.push_back({run[i] + run[i + 1], false});
        if (run.size() == 1) terms.push_back({run.back(), true});
      });
  sort_once(terms);
  return terms;
}

} // namespace hongyan
