/// A user's name in the system: 1-64 characters of A-Z a-z 0-9 _ - . : @ (contract, "Terms").
#pragma once

#include "core/errors.hpp"

#include <compare>
#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <string_view>

namespace hongyan {

class user_id {
public:
  static constexpr std::size_t length_max = 64;
  /// Numbers above it are not exact in a client's JavaScript (2^53 - 1).
  static constexpr std::uint64_t number_max = 9007199254740991;
  /// For messages to people: what is accepted.
  static constexpr std::string_view accepted = "1 to 64 characters of A-Z a-z 0-9 _ - . : @";

  user_id() = default;

  /// errc::malformed when `text` is not an id.
  static result<user_id> parse(std::string_view text);
  /// The id that a JSON number stands for; errc::malformed above number_max.
  static result<user_id> from_number(std::uint64_t number);

  const std::string& text() const { return text_; }

  /// True for a plain decimal integer up to number_max without leading zeros: the classic contract
  /// writes such ids as JSON numbers, as the tutorial's `Long` does.
  bool is_number() const;

  auto operator<=>(const user_id&) const = default;

private:
  std::string text_;
};

} // namespace hongyan

template <>
struct std::hash<hongyan::user_id> {
  std::size_t operator()(const hongyan::user_id& id) const noexcept {
    return std::hash<std::string>{}(id.text());
  }
};
