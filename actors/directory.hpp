/// Tells the database that this node is alive, and the cluster actor who else is. Detached, since it blocks.
#pragma once

#include "actors/cluster.hpp"

namespace hongyan {

/// How often. A node is taken for alive for some of these (persistence/store.hpp).
inline constexpr std::chrono::seconds directory_interval{1};
/// With so many failures one after the other the node is not ready: nobody finds it any more. More than the
/// ten seconds for which the row of a process that was killed keeps the name from the one in its place.
inline constexpr int directory_failures_max = 12;

caf::behavior directory(caf::event_based_actor* self, std::shared_ptr<node_directory> nodes,
                        const node_row& own, const caf::actor& cluster, flow* admitted);

} // namespace hongyan
