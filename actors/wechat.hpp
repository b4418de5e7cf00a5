/// WECHAT: whoever asks WeChat's server about what users say, within its limits, and has it tell those who
/// are away, with the access token that all nodes share.
#pragma once

#include "actors/interfaces.hpp"
#include "actors/shard.hpp"
#include "auth/key_files.hpp"
#include "auth/wechat.hpp"
#include "core/metrics.hpp"
#include "core/tools/circuit_breaker.hpp"
#include "core/tools/current.hpp"

#include <functional>
#include <string>
#include <vector>

namespace hongyan {

/// What it needs. Outlives it.
struct wechat_env {
  const auth::wechat_settings& settings;
  const current<auth::key_ring>& keys;
  flow& admitted;
  metrics& figures;
};

class wechat_caller final : public pinned<wechat_actor::base> {
public:
  /// `posts` is the asker's: see there.
  wechat_caller(caf::actor_config& config, const wechat_env& env, shard& home, persistence_actor persistence,
                asker_actor asker, std::shared_ptr<webhooks::poster> posts);

  behavior_type make_behavior() override;
  void on_exit() override;

private:
  using answer_promise = caf::typed_response_promise<content_answer>;
  /// A question under way: a text goes in pieces, one after the other.
  struct call {
    content_question question;
    std::string openid{};
    std::vector<std::string_view> pieces{}; ///< of the question's text
    std::size_t next = 0;                   ///< of the pieces
    content_verdict worst{.what = judgement::pass, .by = judged_by::wechat, .label = {}};
    answer_promise answer_to;
  };
  using call_ptr = std::shared_ptr<call>;
  /// Told the token; a fault: there is none.
  using when_known = std::function<void(const wechat::answer<std::string>&)>;

  /// One post with the access token; with another one again when WeChat takes it for old.
  struct exchange {
    std::function<webhooks::post(const std::string& token)> make;
    std::function<std::optional<wechat::fault>(const webhooks::posted&)> take; ///< or why not
    std::function<void(const wechat::fault&)> fail;
    bool has_renewed = false;
  };
  using exchange_ptr = std::shared_ptr<exchange>;
  using notice_promise = caf::typed_response_promise<notice_answer>;

  answer_promise begin(content_question&& question);
  notice_promise send_notice(notice_question&& question);
  void ask(const call_ptr& of);
  void run(const exchange_ptr& what);
  void answered(const exchange_ptr& what, const std::string& token, const webhooks::posted& answer);
  void judged(const call_ptr& of, const content_verdict& verdict);
  void finish(const call_ptr& of, content_answer answer);
  void finish(notice_promise answer_to, notice_answer answer);
  void fail(const call_ptr& of, const wechat::fault& why);
  void with_token(when_known then);
  void told_token(const wechat::answer<wechat::access_token>& answer);
  void send_post(webhooks::post what, std::function<void(const webhooks::posted&)> then);

  const wechat_env& env_;
  shard& home_;
  persistence_actor persistence_;
  asker_actor asker_;
  std::shared_ptr<webhooks::poster> posts_;
  circuit_breaker breaker_;
  std::size_t under_way_ = 0;
  std::string token_;
  steady_time token_until_{};
  std::vector<when_known> waiting_; ///< for a token that is on its way
};

} // namespace hongyan
