#include "actors/login.hpp"

#include <memory>
#include <spdlog/spdlog.h>

namespace hongyan {

namespace {

error not_now(std::chrono::milliseconds retry_after) {
  error e{errc::unavailable, "WeChat cannot be asked just now; call wx.login and try again in a moment"};
  e.retry_after = retry_after;
  return e;
}

result<std::string> ask_wechat(login_env& env, auth::wechat_client& wechat, const login_question& question) {
  if (steady_now() > question.until) return not_now(retry_after);
  if (const auto wait = env.breaker.refuses(steady_now())) return not_now(*wait);
  auto openid = wechat.openid_of(question.code, env.keys.get()->wechat_secret);
  if (!openid && openid.error().code == errc::unavailable) {
    env.breaker.failed(steady_now());
    spdlog::warn("event=wechat_failed reason=\"{}\"", openid.error().detail);
    return not_now(retry_after);
  }
  env.breaker.succeeded();
  return openid;
}

} // namespace

login_actor::behavior_type login(login_actor::pointer, login_env* env) {
  auto wechat = std::make_shared<auth::wechat_client>(env->wechat);
  return {
      [env, wechat](login_atom, const login_question& question) -> login_answer {
        const lease taken(env->admitted.login_slots, 1);
        const auto openid = ask_wechat(*env, *wechat, question);
        const auto outcome = openid ? "ok" : row_of(openid.error().code).name;
        env->figures.logins.Add({{"outcome", std::string(outcome)}}).Increment();
        if (!openid) return {.failure = openid.error()};
        return {.identity = env->wechat.identities() + *openid};
      },
  };
}

} // namespace hongyan
