/// What a file is, by its own first bytes, whatever its sender calls it. Pure.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string_view>

namespace hongyan::media {

/// What a message with the file is: its kinds of the same names. Stored by number: never renumber.
enum class file_kind : std::uint8_t { image = 0, voice = 1, video = 2, file = 3 };

std::string_view name_of(file_kind kind);
/// Of a number that was stored; one that a newer release has written is a file like any.
inline file_kind kind_of(std::int64_t number) {
  return number >= 0 && number < 3 ? static_cast<file_kind>(number) : file_kind::file;
}

struct file_type {
  file_kind kind;
  std::string_view mime;
};

/// As many of a file's first bytes as type_of() looks at.
inline constexpr std::size_t signature_bytes = 64;

/// By the signatures of the formats (file(1)'s magic, the WHATWG's MIME sniffing); what has none that is
/// known is a `file` of application/octet-stream. SVG and HTML are texts, and so among those.
file_type type_of(std::string_view first_bytes);

/// A browser may show what type_of() calls so in place: it runs no script of its own (contract, section 6).
bool is_inline(std::string_view mime);

} // namespace hongyan::media
