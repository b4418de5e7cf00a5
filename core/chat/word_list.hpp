/// Words that may not be said: the operator's own list.
#pragma once

#include "core/errors.hpp"

#include <cstddef>
#include <set>
#include <string>
#include <string_view>
#include <unordered_set>

namespace hongyan {

/// A list; pure. Looking takes time in proportion to the text and to how many different lengths the words
/// have, not to how many words there are.
class word_list {
public:
  /// A word a line; `#` begins a comment line; white space around a word is no part of it. Errors: malformed
  /// (no UTF-8 as far as that matters: a NUL; too many or too long).
  static result<word_list> parse(std::string_view text);

  bool empty() const { return words_.empty(); }
  /// Whether one of them is in it, wherever; ASCII letters in either case.
  bool is_in(std::string_view text) const;

private:
  struct hash {
    using is_transparent = void;
    std::size_t operator()(std::string_view text) const { return std::hash<std::string_view>()(text); }
  };
  std::unordered_set<std::string, hash, std::equal_to<>> words_;
  std::set<std::size_t> lengths_; ///< of the words, in bytes
};

} // namespace hongyan
