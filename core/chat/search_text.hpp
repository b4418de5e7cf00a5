/// How text is cut for search: the one function that decides what is found, on every store.
///
/// Chinese, Japanese and Korean are cut into overlapping pairs of characters (a run's last character also
/// stands alone, so that single characters are found by prefix); other scripts into words, in lower case.
/// Tokens hold nothing but letters and digits.
#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace hongyan {

/// The tokens to index a text under, each once, sorted.
std::vector<std::string> search_tokens(std::string_view text);

/// What a query asks for: a message matches when for every term it has a token that is the term, or begins
/// with it where `prefix` is set.
struct search_term {
  std::string token;
  bool prefix = false;
  auto operator<=>(const search_term&) const = default;
};

/// Words are found from their beginning on. Empty: the query holds nothing to search for.
std::vector<search_term> search_terms(std::string_view query);

} // namespace hongyan
