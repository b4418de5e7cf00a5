/// Who is online on this node, and the fan-out of committed messages to their sessions.
/// Invariant: a session is listed from before its client's upgrade is answered until it ends or is kicked.
#pragma once

#include "actors/interfaces.hpp"
#include "actors/shard.hpp"
#include "core/metrics.hpp"

#include <span>
#include <unordered_map>
#include <unordered_set>
#include <vector>

namespace hongyan {

/// Pinned: it works in microseconds, and on a shard it needs no wake-up of CAF's scheduler.
class registry final : public pinned<registry_actor::base> {
public:
  registry(caf::actor_config& config, flow& admitted, metrics& figures);

  behavior_type make_behavior() override;

private:
  struct listed {
    session_actor session;
    session_facts facts;
  };
  struct presence {
    std::vector<listed> sessions; ///< never empty
    wall_time since;              ///< of the first of them
  };

  void bind(const user_id& user, const session_facts& facts, const session_actor& s);
  void unbind(const user_id& user, const session_actor& s);
  void deliver(const committed_batch& batch);
  void deliver_classic(const committed_batch& batch);
  void deliver_v1(const committed_batch& batch);
  void tell_news(std::span<const committed_message> messages, steady_time committed);
  void tell_read(const read_note& note);
  void pass_on(const notice& n);
  void unwatch(const std::vector<user_id>& users, const session_actor& s);
  void tell_watchers(const user_id& user, bool is_online);
  std::vector<user_id> online_of(const std::vector<user_id>& users) const;
  std::size_t kick(const user_id& user);
  online_ptr online() const;
  session_list sessions_of(const user_id& user) const;
  void drain();
  void resync();
  void count_users();

  std::unordered_map<user_id, presence> users_;
  /// Who is told when a user comes or goes. Bounded by what each session may watch.
  std::unordered_map<user_id, std::unordered_set<session_actor>> watchers_;
  std::size_t v1_sessions_ = 0; ///< without any, nothing is encoded for them
  flow& flow_;
  metrics& figures_;
  bool draining_ = false;
};

} // namespace hongyan
