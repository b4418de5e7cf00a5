#include "persistence/sqlite/search.hpp"

#include "persistence/append_rules.hpp"

#include <algorithm>

namespace hongyan {

namespace {

/// Tokens are letters and digits only, so the sign stays between the two.
std::string prefix_of(std::int64_t conversation) { return std::to_string(conversation) + '_'; }

} // namespace

std::string indexed_tokens(std::int64_t conversation, std::string_view text) {
  const std::string prefix = prefix_of(conversation);
  std::string all;
  for (const std::string& token : search_tokens(text)) {
    if (!all.empty()) all += ' ';
    all += prefix;
    all += token;
  }
  return all;
}

std::string match_expression(std::span<const std::int64_t> conversations,
                             std::span<const search_term> terms) {
  std::string all;
  for (const std::int64_t conversation : conversations) {
    const std::string prefix = prefix_of(conversation);
    all += all.empty() ? "(" : " OR (";
    bool first = true;
    for (const search_term& term : terms) {
      if (!first) all += " AND ";
      first = false;
      all += '"' + prefix + term.token + '"';
      if (term.prefix) all += '*';
    }
    all += ')';
  }
  return all;
}

bool has_all(const message& m, std::span<const search_term> terms) {
  const auto tokens = search_tokens(searchable_text(m.kind, m.content));
  return std::ranges::all_of(terms, [&](const search_term& term) {
    const auto at = std::ranges::lower_bound(tokens, term.token);
    return at != tokens.end() && (term.prefix ? at->starts_with(term.token) : *at == term.token);
  });
}

} // namespace hongyan
