/// The MODERATOR: has checked what was sent and waits for it, and takes back what may not stay (contract,
/// section 8). Every node has one; what waits is in the database, and one of them at a time takes it up.
#pragma once

#include "actors/interfaces.hpp"
#include "actors/shard.hpp"
#include "core/chat/word_list.hpp"
#include "core/metrics.hpp"
#include "core/tools/current.hpp"

#include <functional>

namespace hongyan {

/// What it needs. Outlives it.
struct moderator_env {
  content_rules rules;
  const current<word_list>& words;
  /// Where WeChat can fetch a file of this id and MIME type.
  std::function<std::string(const std::string& id, const std::string& mime)> media_url;
  flow& admitted;
  metrics& figures;
};

class moderator final : public pinned<moderator_actor::base> {
public:
  /// `wechat` null: nobody is asked but our own list.
  moderator(caf::actor_config& config, const moderator_env& env, persistence_actor persistence,
            wechat_actor wechat);

  behavior_type make_behavior() override;
  void on_exit() override;

private:
  void look();
  void judge(waiting_check&& check);
  void ask(content_question question, waiting_check&& check);
  void answered(const waiting_check& check, const content_answer& answer);
  void say(const waiting_check& check, const content_verdict& verdict);
  void store(change_action what);
  void done();

  const moderator_env& env_;
  persistence_actor persistence_;
  wechat_actor wechat_;
  std::size_t under_way_ = 0; ///< checks, or 1 while it is looked for some
  bool is_more_ = false;      ///< perhaps some are due
};

} // namespace hongyan
