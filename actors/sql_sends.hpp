/// The SQL sends actor: sends what back ends have written in transactions of their own (contract, section 8).
#pragma once

#include "actors/interfaces.hpp"
#include "core/metrics.hpp"

#include <memory>

namespace hongyan {

/// Detached: it waits for the database. At most some messages at once are under way, one of a sender and
/// conversation, so that they are stored in the order written, and take turns with what users send.
sql_sends_actor::behavior_type sql_sends(sql_sends_actor::pointer self, std::shared_ptr<send_queue> queue,
                                         persistence_actor persistence, flow* admitted, metrics* figures,
                                         const limits* bounds);

} // namespace hongyan
