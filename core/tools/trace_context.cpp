#include "core/tools/trace_context.hpp"

#include "core/tools/random.hpp"

#include <algorithm>

namespace hongyan {

namespace {

bool is_hex(std::string_view text) {
  return std::ranges::all_of(text,
                             [](char ch) { return (ch >= '0' && ch <= '9') || (ch >= 'a' && ch <= 'f'); });
}

template <std::size_t N>
bool read_id(std::string_view text, std::array<char, N>& id) {
  if (!is_hex(text) || text.find_first_not_of('0') == std::string_view::npos) return false;
  std::ranges::copy(text, id.begin());
  return true;
}

template <std::size_t N>
std::array<char, N> new_id() {
  std::array<char, N> id;
  std::ranges::copy(random_name(N), id.begin());
  return id;
}

} // namespace

std::optional<trace_context> parse_traceparent(std::string_view header) {
  // VERSION "-" TRACE "-" SPAN "-" FLAGS; a later version may say more behind it.
  constexpr std::size_t trace_at = 3, span_at = 36, flags_at = 53, length = 55;
  if (header.size() < length || header[2] != '-' || header[span_at - 1] != '-' || header[flags_at - 1] != '-')
    return {};
  const auto version = header.substr(0, 2), flags = header.substr(flags_at, 2);
  if (!is_hex(version) || version == "ff" || !is_hex(flags)) return {};
  if (header.size() > length && (version == "00" || header[length] != '-')) return {};
  trace_context of;
  if (!read_id(header.substr(trace_at, of.trace.size()), of.trace) ||
      !read_id(header.substr(span_at, of.span.size()), of.span))
    return {};
  of.is_sampled = std::string_view("13579bdf").find(flags[1]) != std::string_view::npos;
  return of;
}

std::string traceparent(const trace_context& of) {
  std::string text = "00-";
  text.append(view_of(of.trace)) += '-';
  return text.append(view_of(of.span)).append(of.is_sampled ? "-01" : "-00");
}

trace_id new_trace_id() { return new_id<std::tuple_size_v<trace_id>>(); }
span_id new_span_id() { return new_id<std::tuple_size_v<span_id>>(); }

} // namespace hongyan
