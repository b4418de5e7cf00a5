/// RETENTION: drops messages that are older than they are to be kept (contract, section 9), a few at a time,
/// so that nobody notices. Every node has one; what one has dropped the others do not find.
#pragma once

#include "actors/interfaces.hpp"
#include "actors/shard.hpp"
#include "core/bounds/flow.hpp"
#include "core/metrics.hpp"

namespace hongyan {

/// What it needs. Outlives it.
struct retention_env {
  std::chrono::days keep; ///< at least 7
  flow& admitted;
  metrics& figures;
};

class retention final : public pinned<retention_actor::base> {
public:
  retention(caf::actor_config& config, const retention_env& env, persistence_actor persistence);

  behavior_type make_behavior() override;
  void on_exit() override;

private:
  void step();
  void done(const dropped_entries& what);

  const retention_env& env_;
  persistence_actor persistence_;
  std::int64_t up_to_ = 0;  ///< conversations that have none any more, in this round
  std::size_t dropped_ = 0; ///< in this round
};

} // namespace hongyan
