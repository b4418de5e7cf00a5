/// What a file is called: as its sender says, made harmless. Pure.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>

namespace hongyan::media {

inline constexpr std::size_t file_name_bytes = 255; ///< as file systems have it

/// The last segment of a path of any system, without control characters, characters that turn the direction
/// of writing (`exe.gpj` would look like a picture), what is no UTF-8, and blanks and dots around it; cut to
/// file_name_bytes between two characters. "file", when nothing is left.
std::string clean_file_name(std::string_view name);

/// The value of Content-Disposition (RFC 6266): for clients that know UTF-8, and for those that do not.
std::string content_disposition(bool is_inline, std::string_view clean_name);

} // namespace hongyan::media
