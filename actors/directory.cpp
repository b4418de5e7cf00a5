#include "actors/directory.hpp"

#include <spdlog/spdlog.h>

namespace hongyan {

caf::behavior directory(caf::event_based_actor* self, std::shared_ptr<node_directory> nodes,
                        const node_row& own, const caf::actor& cluster, flow* admitted) {
  self->set_exit_handler([self, nodes, own](const caf::exit_msg& e) {
    nodes->leave(own);
    self->quit(e.reason);
  });
  self->send(self, tick_atom::value);
  return {[self, nodes, own, cluster, admitted, fault = std::string(), failures = 0](tick_atom) mutable {
    self->delayed_send(self, directory_interval, tick_atom::value);
    auto found = nodes->beat(own);
    const auto now_is = found ? std::string() : found.error().detail;
    if (now_is != std::exchange(fault, now_is) && !found)
      spdlog::error("event=cluster_directory reason=\"{}\"", now_is);
    failures = found ? 0 : failures + 1;
    if (found || failures == directory_failures_max) admitted->set_cluster_fault(now_is);
    // Without a database nobody new is found; those who are linked stay.
    if (found) self->send(cluster, nodes_atom::value, *std::move(found));
  }};
}

} // namespace hongyan
