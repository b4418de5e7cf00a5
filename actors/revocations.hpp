/// The revocations actor: reads whose tokens were revoked and who was banned, by whichever node, so that this
/// one knows within a second also of what no link told it.
#pragma once

#include "actors/interfaces.hpp"
#include "auth/revocations.hpp"
#include "core/bounds/ban_table.hpp"

#include <chrono>
#include <memory>

namespace hongyan {

/// How often it looks; the promise is that live sockets end within 5 s.
inline constexpr std::chrono::seconds revocations_interval{1};

/// Detached. What it finds is noted in `known` and `bans`, which outlive it, and whose tokens are good no
/// more told to the registry. While the database is away what is known stays.
revocations_actor::behavior_type revocations(revocations_actor::pointer self,
                                             std::shared_ptr<message_reader> reader, registry_actor registry,
                                             auth::revocations* known, ban_table* bans);

} // namespace hongyan
