#include "actors/watcher.hpp"

#include <csignal>
#include <spdlog/spdlog.h>

namespace hongyan {

caf::behavior watch(caf::event_based_actor* self, const std::vector<caf::actor>& vital, flow* admitted) {
  for (const auto& actor : vital) self->monitor(actor);
  self->set_down_handler([self, admitted](const caf::down_msg& down) {
    const auto reason = self->system().render(down.reason);
    spdlog::critical("event=actor_died id={} reason=\"{}\"", down.source.id(), reason);
    admitted->set_dead_actor(reason);
    std::raise(SIGTERM);
  });
  return {[](caf::ok_atom) {}}; // without any handler the actor would end
}

} // namespace hongyan
