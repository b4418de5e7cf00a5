/// The NOTIFIER: has WeChat tell those who are away that somebody wrote to them (contract, section 8). Every
/// node has one; who is to be told is in the database, and one of them at a time takes it up.
#pragma once

#include "actors/interfaces.hpp"
#include "actors/shard.hpp"
#include "core/bounds/flow.hpp"
#include "core/metrics.hpp"

#include <memory>
#include <string>
#include <vector>

namespace hongyan {

/// What it needs. Outlives it.
struct notifier_env {
  std::shared_ptr<const std::vector<notice_template>> templates; ///< one at least
  std::string identities;                                        ///< as of ask_for_leave
  flow& admitted;
  metrics& figures;
};

class notifier final : public pinned<notifier_actor::base> {
public:
  notifier(caf::actor_config& config, const notifier_env& env, persistence_actor persistence,
           registry_actor registry, wechat_actor wechat);

  behavior_type make_behavior() override;
  void on_exit() override;

private:
  using notice_ptr = std::shared_ptr<const due_notice>;

  void look();
  /// Who is here knows, or will.
  void look_who_is_here(std::vector<due_notice>&& due);
  void tell(const notice_ptr& what);
  void told(const notice_ptr& what, notice_answer answer);
  void settle(const notice_ptr& what, settle_notice::end end);
  void count(const char* outcome);
  void done();

  const notifier_env& env_;
  persistence_actor persistence_;
  registry_actor registry_;
  wechat_actor wechat_;
  std::size_t under_way_ = 0; ///< notices, or 1 while it is looked for some
  bool is_more_ = false;      ///< perhaps some are due
};

} // namespace hongyan
