/// UTF-8, checked as it comes.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string_view>

namespace hongyan {

/// Checks a text that arrives in pieces (RFC 3629: no overlong forms, no surrogates, nothing above U+10FFFF).
class utf8_checker {
public:
  /// False when the text cannot become valid any more, whatever follows.
  bool feed(std::string_view piece);
  /// True when the text may end here.
  bool complete() const { return missing_ == 0; }
  /// Characters begun so far (Unicode code points).
  std::size_t characters() const { return characters_; }

private:
  std::size_t characters_ = 0;
  std::uint8_t missing_ = 0;      ///< continuation bytes still to come
  std::uint8_t next_low_ = 0x80;  ///< least value of the next one
  std::uint8_t next_high_ = 0xBF; ///< greatest value of the next one
};

/// Unicode characters of `text`, which must be valid UTF-8.
std::size_t count_characters(std::string_view text);
/// Where, so many characters on from `at`, the next one begins; or the end. Likewise.
std::size_t skip_characters(std::string_view text, std::size_t at, std::size_t characters);

} // namespace hongyan
