/// The revocations actor: reads whose tokens were revoked, by whichever node, so that this one knows within a
/// second also of what no link told it.
#pragma once

#include "actors/interfaces.hpp"
#include "auth/revocations.hpp"

#include <chrono>
#include <memory>

namespace hongyan {

/// How often it looks; the promise is that live sockets end within 5 s.
inline constexpr std::chrono::seconds revocations_interval{1};

/// Detached. What it finds is noted in `known`, which outlives it, and what was new told to the registry.
/// While the database is away what is known stays.
revocations_actor::behavior_type revocations(revocations_actor::pointer self,
                                             std::shared_ptr<message_reader> reader, registry_actor registry,
                                             auth::revocations* known);

} // namespace hongyan
