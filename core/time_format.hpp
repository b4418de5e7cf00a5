/// Wall time as people and clients read it.
#pragma once

#include "core/message.hpp"

#include <optional>
#include <string>
#include <string_view>

namespace hongyan {

/// Now, in milliseconds. For display and storage only.
wall_time wall_now();

/// Appends `2026-11-22T18:48:39.123`: local time of the process (TZ), without offset.
void append_local_time(std::string& out, wall_time t);

/// Appends `2026-11-22T10:48:39.123Z` (RFC 3339).
void append_utc_time(std::string& out, wall_time t);

/// A time as append_utc_time() writes it. Nothing: it is something else, or no time.
std::optional<wall_time> parse_utc_time(std::string_view text);

} // namespace hongyan
