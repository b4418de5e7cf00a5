/// Notices when an actor that the server cannot do without ends by a fault: a handler that threw. What it had
/// to do is never done then, and nobody else would say so.
#pragma once

#include "core/bounds/flow.hpp"

#include <caf/all.hpp>
#include <vector>

namespace hongyan {

/// Scheduled. When one of them ends before this actor does, says so in the log and to /readyz, and asks the
/// process to drain and end (SIGTERM): whoever supervises it starts it anew, which mends what a half-dead
/// server cannot.
caf::behavior watch(caf::event_based_actor* self, const std::vector<caf::actor>& vital, flow* admitted);

} // namespace hongyan
