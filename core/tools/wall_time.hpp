/// Wall time: as it is stored, and as people and clients read it.
#pragma once

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace hongyan {

/// Wall-clock time as it is stored and shown; never used to order anything or to time anything out.
using wall_time = std::chrono::sys_time<std::chrono::milliseconds>;

/// As it is stored, and told to other nodes: milliseconds since 1970.
inline std::int64_t to_ms(wall_time time) { return time.time_since_epoch().count(); }
inline wall_time from_ms(std::int64_t ms) { return wall_time(std::chrono::milliseconds(ms)); }

/// Now, in milliseconds. For display and storage only.
wall_time wall_now();

/// Appends `2026-11-22T18:48:39.123`: local time of the process (TZ), without offset.
void append_local_time(std::string& out, wall_time t);

/// Appends `2026-11-22T10:48:39.123Z` (RFC 3339).
void append_utc_time(std::string& out, wall_time t);

/// A time as append_utc_time() writes it. Nothing: it is something else, or no time.
std::optional<wall_time> parse_utc_time(std::string_view text);

} // namespace hongyan
