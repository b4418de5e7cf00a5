/// ERASER: ends all that is a user's, of whom that was asked for (contract, section 9), a little at a time,
/// so that nobody notices. Every node has one; what one has begun another may go on with.
#pragma once

#include "actors/interfaces.hpp"
#include "actors/shard.hpp"
#include "core/bounds/flow.hpp"

namespace hongyan {

class eraser final : public pinned<eraser_actor::base> {
public:
  eraser(caf::actor_config& config, flow& admitted, persistence_actor persistence);

  behavior_type make_behavior() override;
  void on_exit() override;

private:
  void step();

  flow& admitted_;
  persistence_actor persistence_;
};

} // namespace hongyan
