#include "bench/contents.hpp"

#include <charconv>

namespace hongyan::bench {

void contents::append(std::string& out, std::uint64_t number, std::size_t bytes) const {
  const auto begin = out.size();
  out += tag_;
  char digits[20];
  const auto end = std::to_chars(std::begin(digits), std::end(digits), number).ptr;
  out.append(digits, end);
  out += '-';
  if (out.size() - begin < bytes) out.append(bytes - (out.size() - begin), 'x');
}

std::optional<std::uint64_t> contents::number_of(std::string_view content) const {
  if (!content.starts_with(tag_)) return {};
  content.remove_prefix(tag_.size());
  std::uint64_t number = 0;
  const auto [end, ec] = std::from_chars(content.data(), content.data() + content.size(), number);
  if (ec != std::errc()) return {};
  return number;
}

} // namespace hongyan::bench
