/// What a client wants of a file: conditions and a range (RFC 9110, sections 13 and 14). Pure.
#pragma once

#include "core/errors.hpp"

#include <cstdint>
#include <optional>
#include <string_view>

namespace hongyan {

/// Bytes `first` to `last`, both included.
struct byte_range {
  std::uint64_t first = 0;
  std::uint64_t last = 0;

  std::uint64_t size() const { return last - first + 1; }
  bool operator==(const byte_range&) const = default;
};

/// The one range that a Range header asks for, of `size` bytes. Nothing: the whole is to be sent, since there
/// is no such header, it is none that we understand, or it names several ranges. Errors: bad_range.
result<std::optional<byte_range>> parse_range(std::string_view header, std::uint64_t size);

/// Does If-None-Match name this entity tag? `*` does.
bool none_match_names(std::string_view header, std::string_view etag);

/// Does the Range header hold, as If-Range has it? A date never does: we send none.
bool if_range_holds(std::string_view header, std::string_view etag);

} // namespace hongyan
