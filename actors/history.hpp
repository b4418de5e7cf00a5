/// The history actor: the one that reads.
#pragma once

#include "actors/interfaces.hpp"

#include <memory>

namespace hongyan {

/// Detached. `reader` is used by this actor alone.
history_actor::behavior_type history(history_actor::pointer self, std::shared_ptr<message_reader> reader);

} // namespace hongyan
