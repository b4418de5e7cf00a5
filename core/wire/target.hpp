/// The target of an HTTP request, taken apart.
#pragma once

#include "core/errors.hpp"

#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace hongyan {

struct target {
  std::string path; ///< percent-decoded
  std::vector<std::pair<std::string, std::string>> query;

  /// The value of a query parameter; nothing when it is absent.
  std::optional<std::string_view> parameter(std::string_view name) const;
};

/// %XX stands for a byte. Errors: errc::malformed, which says `where`: a bad percent-escape, U+0000, text
/// that is not UTF-8.
result<std::string> percent_decoded(std::string_view text, const char* where, bool plus_is_space = false);

/// Takes an origin-form target (`/path?name=value`) apart. A `+` in the query is a space, as forms write it.
/// Errors: errc::malformed: not origin-form, a bad percent-escape, U+0000, text that is not UTF-8, or a
/// parameter that is given twice.
result<target> parse_target(std::string_view text);

} // namespace hongyan
