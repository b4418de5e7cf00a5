/// What options and tables of the configuration have in common.
#pragma once

#include "core/errors.hpp"

#include <charconv>
#include <optional>
#include <string>
#include <toml++/toml.h>

namespace hongyan {

/// Of the whole text, within these bounds.
template <class T>
bool parse_number(const std::string& text, T low, T high, T& out) {
  T value{};
  const auto [end, ec] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (ec != std::errc() || end != text.data() + text.size() || value < low || value > high) return false;
  out = value;
  return true;
}

template <class T>
std::string range(T low, T high, const char* unit = "") {
  return "a whole number from " + std::to_string(low) + " to " + std::to_string(high) + unit;
}

/// One line that says where, what was wrong and what is accepted; of what was given nothing unprintable.
error bad(const std::string& where, const std::string& what, const std::string& accepted);

/// Of a string, a whole number or a truth value.
std::optional<std::string> scalar_text(const toml::node& node);

} // namespace hongyan
