/// What webhooks are told, read from the log: each entry is an event, told as it was when it came.
#pragma once

#include "persistence/store.hpp"

namespace hongyan {

/// Ids that one page goes over at most, and so events that it has.
inline constexpr std::int64_t event_page_ids = 1000;

/// The events behind `after`, as far as none is still to come before them; `up_to` is `after` when there are
/// none yet, and may be ahead of the last event. An entry that was changed or taken back meanwhile is told as
/// it was, as long as that is kept. Errors: errc::unavailable.
result<event_page> read_events(message_reader& reader, std::int64_t after);
/// Those of these ids that there are, likewise.
result<std::vector<event>> find_events(message_reader& reader, std::span<const std::int64_t> ids);

} // namespace hongyan
