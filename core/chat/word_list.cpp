#include "core/chat/word_list.hpp"

#include "core/tools/ascii.hpp"

#include <algorithm>

namespace hongyan {

namespace {

constexpr std::size_t words_max = 100'000;
constexpr std::size_t listed_word_bytes_max = 128;

std::string lower(std::string_view text) {
  std::string out(text);
  std::ranges::transform(out, out.begin(), [](char c) { return to_lower(c); });
  return out;
}

} // namespace

result<word_list> word_list::parse(std::string_view text) {
  word_list list;
  std::size_t number = 0;
  while (!text.empty()) {
    ++number;
    const auto end = text.find('\n');
    auto line = text.substr(0, end);
    if (line.ends_with('\r')) line.remove_suffix(1);
    const auto word = trimmed(line);
    text.remove_prefix(end == std::string_view::npos ? text.size() : end + 1);
    if (word.empty() || word.front() == '#') continue;
    const auto wrong = [&](const char* what) {
      return error{errc::malformed, "line " + std::to_string(number) + " " + what};
    };
    if (word.size() > listed_word_bytes_max) return wrong("is too long; a word has at most 128 bytes");
    if (word.find('\0') != std::string_view::npos) return wrong("holds a zero byte; accepted: text in UTF-8");
    if (list.words_.size() == words_max) return wrong("is beyond the 100000 words that a list may have");
    list.lengths_.insert(word.size());
    list.words_.insert(lower(word));
  }
  return list;
}

bool word_list::is_in(std::string_view text) const {
  const std::string lowered = lower(text);
  const std::string_view all = lowered;
  for (std::size_t at = 0; at < all.size(); ++at)
    for (const std::size_t length : lengths_) {
      if (at + length > all.size()) break; // the longer ones do not fit either
      if (words_.contains(all.substr(at, length))) return true;
    }
  return false;
}

} // namespace hongyan
