#include "core/wire/http_range.hpp"

#include "core/tools/ascii.hpp"

#include <algorithm>
#include <charconv>
#include <limits>

namespace hongyan {

namespace {

/// Digits and nothing else; what is too large is the largest. Nothing: it is no number.
std::optional<std::uint64_t> number_of(std::string_view text) {
  if (text.empty() || text.find_first_not_of("0123456789") != std::string_view::npos) return {};
  std::uint64_t value = 0;
  const auto [end, ec] = std::from_chars(text.data(), text.data() + text.size(), value);
  return ec == std::errc() ? value : std::numeric_limits<std::uint64_t>::max();
}

} // namespace

result<std::optional<byte_range>> parse_range(std::string_view header, std::uint64_t size) {
  const auto whole = [] { return std::optional<byte_range>(); };
  const auto equals = header.find('=');
  if (equals == std::string_view::npos || !same_word(trimmed(header.substr(0, equals)), "bytes"))
    return whole();
  const auto spec = trimmed(header.substr(equals + 1));
  const auto hyphen = spec.find('-');
  if (hyphen == std::string_view::npos || spec.find(',') != std::string_view::npos) return whole();
  const auto from = trimmed(spec.substr(0, hyphen)), to = trimmed(spec.substr(hyphen + 1));
  const auto first = number_of(from), last = number_of(to);
  if ((!from.empty() && !first) || (!to.empty() && !last) || (!first && !last)) return whole();
  if (first && last && *last < *first) return whole();
  const error none{errc::bad_range,
                   "the file has " + std::to_string(size) + " bytes, and none of that range"};
  if (!first) { // the last so many
    if (*last == 0 || size == 0) return none;
    return std::optional(byte_range{size - std::min(*last, size), size - 1});
  }
  if (*first >= size) return none;
  return std::optional(byte_range{*first, std::min(last.value_or(size - 1), size - 1)});
}

bool none_match_names(std::string_view header, std::string_view etag) {
  if (trimmed(header) == "*") return true;
  while (!header.empty()) {
    const auto comma = std::min(header.find(','), header.size());
    auto tag = trimmed(header.substr(0, comma));
    if (tag.starts_with("W/")) tag.remove_prefix(2); // weakly alike is enough here
    if (tag == etag) return true;
    header.remove_prefix(std::min(comma + 1, header.size()));
  }
  return false;
}

bool if_range_holds(std::string_view header, std::string_view etag) {
  return header.empty() || trimmed(header) == etag;
}

} // namespace hongyan
