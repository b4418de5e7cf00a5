/// Whose trace something belongs to, as services tell one another (W3C Trace Context, level 1). Pure.
#pragma once

#include <array>
#include <optional>
#include <string>
#include <string_view>

namespace hongyan {

/// Lower-case hexadecimal digits, as headers and OTLP/JSON have them; never all zero.
using trace_id = std::array<char, 32>;
using span_id = std::array<char, 16>;

struct trace_context {
  trace_id trace{};
  span_id span{};
  bool is_sampled = true; ///< who asks keeps its own spans
};

/// Nothing: it is none, and to be taken as not there.
std::optional<trace_context> parse_traceparent(std::string_view header);
std::string traceparent(const trace_context& of);

/// Thread-safe.
trace_id new_trace_id();
span_id new_span_id();

template <std::size_t N>
std::string_view view_of(const std::array<char, N>& id) {
  return {id.data(), N};
}

} // namespace hongyan
