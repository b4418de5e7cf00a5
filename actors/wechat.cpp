#include "actors/wechat.hpp"

#include <spdlog/spdlog.h>
#include <utility>

namespace hongyan {

namespace {

/// Questions at once. Each takes some tens of milliseconds; beyond is as good as over WeChat's limit.
constexpr std::size_t calls_max = 256;
/// A token is asked for anew so long before its end: for five minutes after that the old one is good, too.
constexpr std::chrono::seconds token_reserve{60};
/// So many without an answer, one after the other: then nobody is asked for a while.
constexpr std::size_t failures_max = 5;
constexpr std::chrono::seconds breaker_pause{5};

/// The harsher of two judgements of pieces of one text.
content_verdict worse(const content_verdict& one, const content_verdict& other) {
  return static_cast<int>(other.what) > static_cast<int>(one.what) ? other : one;
}
static_assert(static_cast<int>(judgement::pass) < static_cast<int>(judgement::review) &&
              static_cast<int>(judgement::review) < static_cast<int>(judgement::risky));

wechat::fault ended() { return {wechat::failure::away, "the server is shutting down"}; }

} // namespace

wechat_caller::wechat_caller(caf::actor_config& config, const wechat_env& env, shard& home,
                             persistence_actor persistence, asker_actor asker,
                             std::shared_ptr<webhooks::poster> posts)
    : pinned(config)
    , env_(env)
    , home_(home)
    , persistence_(std::move(persistence))
    , asker_(std::move(asker))
    , posts_(std::move(posts))
    , breaker_(failures_max, breaker_pause) {}

wechat_caller::behavior_type wechat_caller::make_behavior() {
  return {[this](query_atom, content_question& question) { return begin(std::move(question)); }};
}

void wechat_caller::on_exit() {
  waiting_.clear();
  persistence_ = nullptr;
  asker_ = nullptr;
}

/// Who the user is there, and whether they may be asked about, the database knows.
wechat_caller::answer_promise wechat_caller::begin(content_question&& question) {
  auto answer_to = make_response_promise<content_answer>();
  const auto of = std::make_shared<call>(call{.question = std::move(question), .answer_to = answer_to});
  if (!of->question.media) of->pieces = wechat::pieces_of(of->question.text);
  ++under_way_;
  if (under_way_ > calls_max) {
    fail(of, {wechat::failure::quota, "too much is asked at once"});
    return answer_to;
  }
  change leave{.action = ask_for_leave{of->question.user, env_.identities(),
                                       static_cast<std::int32_t>(of->pieces.size())}};
  env_.admitted.appends.take(1);
  request(persistence_, caf::infinite, change_atom::value, std::move(leave))
      .then(
          [this, of](const change_answer& answer) {
            if (answer.failure) return fail(of, {wechat::failure::away, answer.failure->detail});
            if (!answer.leave || !answer.leave->openid) return finish(of, {.is_unknown = true});
            if (!answer.leave->granted)
              return fail(of, {wechat::failure::quota, "over what is asked within a minute"});
            of->openid = *answer.leave->openid;
            ask(of);
          },
          [this, of](const caf::error&) { fail(of, ended()); });
  return answer_to;
}

void wechat_caller::ask(const call_ptr& of) {
  if (!of->question.media && of->next == of->pieces.size()) return finish(of, {.verdict = of->worst});
  if (breaker_.refuses(home_.now()))
    return fail(of, {wechat::failure::away, "WeChat has not answered lately"});
  with_token([this, of](const wechat::answer<std::string>& token) {
    if (const auto* why = std::get_if<wechat::fault>(&token)) return fail(of, *why);
    post(of, std::get<std::string>(token));
  });
}

void wechat_caller::post(const call_ptr& of, const std::string& token) {
  const auto& q = of->question;
  const auto& url = env_.settings.base_url;
  auto what = q.media ? wechat::ask_about_media(url, token, of->openid, *q.media, q.text)
                      : wechat::ask_about_text(url, token, of->openid, q.scene, of->pieces[of->next]);
  send_post(std::move(what),
            [this, of, token](const webhooks::posted& answer) { answered(of, token, answer); });
}

void wechat_caller::answered(const call_ptr& of, const std::string& token, const webhooks::posted& answer) {
  const auto use = [&](const auto& parsed, auto&& good) {
    const auto* why = std::get_if<wechat::fault>(&parsed);
    if (why == nullptr || why->what != wechat::failure::away)
      breaker_.succeeded();
    else
      breaker_.failed(home_.now());
    if (why == nullptr) return good(std::get<0>(parsed));
    if (why->what != wechat::failure::token || std::exchange(of->has_renewed, true)) return fail(of, *why);
    if (token_ == token) token_.clear(); // else another question has renewed it meanwhile
    ask(of);
  };
  if (of->question.media)
    use(wechat::parse_trace(answer), [&](const std::string& trace) { finish(of, {.trace_id = trace}); });
  else
    use(wechat::parse_text_verdict(answer), [&](const content_verdict& verdict) { judged(of, verdict); });
}

void wechat_caller::judged(const call_ptr& of, const content_verdict& verdict) {
  of->worst = worse(of->worst, verdict);
  if (!of->worst.label) of->worst.label = verdict.label;
  ++of->next;
  if (of->worst.what == judgement::risky) of->next = of->pieces.size(); // it gets no worse
  ask(of);
}

void wechat_caller::finish(const call_ptr& of, content_answer answer) {
  --under_way_;
  if (!answer.is_unknown && answer.trace_id.empty()) {
    static constexpr std::array<const char*, 5> outcomes{"waiting", "allow", "review", "deny", "failed"};
    env_.figures.checks
        .Add({{"by", "wechat"}, {"outcome", outcomes[static_cast<std::size_t>(answer.verdict.what)]}})
        .Increment();
  }
  of->answer_to.deliver(std::move(answer));
}

void wechat_caller::fail(const call_ptr& of, const wechat::fault& why) {
  spdlog::warn("event=wechat_check_failed reason=\"{}\"", why.why);
  finish(of, {.verdict = {.what = judgement::failed, .by = judged_by::wechat, .label = {}},
              .is_for_later = why.what == wechat::failure::quota || why.what == wechat::failure::away,
              .why = why.why});
}

/// One asks for a token; all others wait for that.
void wechat_caller::with_token(when_known then) {
  if (!token_.empty() && home_.now() < token_until_) return then(token_);
  waiting_.push_back(std::move(then));
  if (waiting_.size() > 1) return;
  send_post(
      wechat::ask_for_token(env_.settings.base_url, env_.settings.app_id, env_.keys.get()->wechat_secret),
      [this](const webhooks::posted& answer) { told_token(wechat::parse_token(answer)); });
}

void wechat_caller::told_token(const wechat::answer<wechat::access_token>& answer) {
  wechat::answer<std::string> told;
  if (const auto* why = std::get_if<wechat::fault>(&answer)) {
    breaker_.failed(home_.now());
    told = *why;
  } else {
    const auto& fresh = std::get<wechat::access_token>(answer);
    token_ = fresh.value;
    token_until_ = home_.now() + std::max(fresh.good_for - token_reserve, token_reserve);
    told = token_;
  }
  for (auto& then : std::exchange(waiting_, {})) then(told);
}

void wechat_caller::send_post(webhooks::post what, std::function<void(const webhooks::posted&)> then) {
  request(asker_, caf::infinite, post_atom::value, std::move(what))
      .then([then](const webhooks::posted& answer) { then(answer); },
            [then](const caf::error&) { then({.trouble = ended().why}); });
  posts_->wake();
}

} // namespace hongyan
