/// The history actor: the one that reads.
#pragma once

#include "actors/interfaces.hpp"
#include "core/metrics.hpp"

#include <memory>

namespace hongyan {

/// Detached. `reader` is used by this actor alone; `admitted` knows the epoch.
history_actor::behavior_type history(history_actor::pointer self, std::shared_ptr<message_reader> reader,
                                     flow* admitted, metrics* figures);

} // namespace hongyan
