#include "core/chat/user_id.hpp"

#include <algorithm>
#include <charconv>

namespace hongyan {

namespace {

bool is_digit(char c) { return c >= '0' && c <= '9'; }

bool is_accepted(char c) {
  return (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') || is_digit(c) || c == '_' || c == '-' ||
         c == '.' || c == ':' || c == '@';
}

} // namespace

result<user_id> user_id::parse(std::string_view text) {
  if (text.empty() || text.size() > length_max || !std::ranges::all_of(text, is_accepted))
    return error{errc::malformed, "a user id is " + std::string(accepted)};
  user_id id;
  id.text_ = text;
  return id;
}

result<user_id> user_id::from_number(std::uint64_t number) {
  if (number > number_max)
    return error{errc::malformed, "a user id given as a number is at most 9007199254740991 (2^53 - 1)"};
  user_id id;
  id.text_ = std::to_string(number);
  return id;
}

bool user_id::is_number() const {
  if (text_.empty() || text_.size() > 16 || !std::ranges::all_of(text_, is_digit)) return false;
  if (text_.size() > 1 && text_.front() == '0') return false;
  std::uint64_t number = 0;
  std::from_chars(text_.data(), text_.data() + text_.size(), number);
  return number <= number_max;
}

} // namespace hongyan
