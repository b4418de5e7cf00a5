/// Who is online on this node, and the fan-out of committed messages to their sessions.
/// Invariant: a session is listed from before its client's upgrade is answered until it ends or is kicked.
#pragma once

#include "actors/interfaces.hpp"
#include "actors/shard.hpp"
#include "core/metrics.hpp"

#include <unordered_map>
#include <vector>

namespace hongyan {

/// Pinned: it works in microseconds, and on a shard it needs no wake-up of CAF's scheduler.
class registry final : public pinned<registry_actor::base> {
public:
  registry(caf::actor_config& config, flow& admitted, metrics& figures);

  behavior_type make_behavior() override;

private:
  struct presence {
    std::vector<session_actor> sessions; ///< never empty
    wall_time since;                     ///< of the first of them
  };

  void bind(const user_id& user, const session_actor& s);
  void unbind(const user_id& user, const session_actor& s);
  void deliver(const committed_batch& batch);
  std::size_t kick(const user_id& user);
  online_ptr online() const;
  void drain();
  void count_users();

  std::unordered_map<user_id, presence> users_;
  flow& flow_;
  metrics& figures_;
  bool draining_ = false;
};

} // namespace hongyan
