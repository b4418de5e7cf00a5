/// Base64 for URLs, without padding (RFC 4648 section 5), as JWT and JWK use it.
#pragma once

#include <optional>
#include <string>
#include <string_view>

namespace hongyan::auth {

std::string base64url(std::string_view bytes);

/// Nothing: a character that is none of Base64's, padding, or bits left over. One text for one value: no
/// token can be spelled in two ways.
std::optional<std::string> from_base64url(std::string_view text);

/// The same of a text in the usual alphabet, with `+` and `/`, its padding taken off by the caller; `-` and
/// `_` are taken as well.
std::optional<std::string> from_base64(std::string_view text);

} // namespace hongyan::auth
