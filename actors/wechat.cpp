#include "actors/wechat.hpp"

#include "wechat/notice.hpp"

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

wechat::fault ended() { return {wechat::failure::away, shutting_down().detail}; }

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
  return {
      [this](query_atom, content_question& question) { return begin(std::move(question)); },
      [this](post_atom, notice_question& question) { return send_notice(std::move(question)); },
  };
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
  change leave{.action = ask_for_leave{of->question.user, env_.settings.identities(),
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
  const auto make = [this, of](const std::string& token) {
    const auto& q = of->question;
    const auto& url = env_.settings.base_url;
    return q.media ? wechat::ask_about_media(url, token, of->openid, *q.media, q.text)
                   : wechat::ask_about_text(url, token, of->openid, q.scene, of->pieces[of->next]);
  };
  const auto take = [this, of](const webhooks::posted& answer) -> std::optional<wechat::fault> {
    if (of->question.media) {
      const auto trace = wechat::parse_trace(answer);
      if (const auto* why = std::get_if<wechat::fault>(&trace)) return *why;
      finish(of, {.trace_id = std::get<std::string>(trace)});
      return {};
    }
    const auto verdict = wechat::parse_text_verdict(answer);
    if (const auto* why = std::get_if<wechat::fault>(&verdict)) return *why;
    judged(of, std::get<content_verdict>(verdict));
    return {};
  };
  run(std::make_shared<exchange>(
      exchange{make, take, [this, of](const wechat::fault& why) { fail(of, why); }}));
}

void wechat_caller::run(const exchange_ptr& what) {
  if (breaker_.refuses(home_.now()))
    return what->fail({wechat::failure::away, "WeChat has not answered lately"});
  with_token([this, what](const wechat::answer<std::string>& token) {
    if (const auto* why = std::get_if<wechat::fault>(&token)) return what->fail(*why);
    const auto& good = std::get<std::string>(token);
    send_post(what->make(good),
              [this, what, good](const webhooks::posted& answer) { answered(what, good, answer); });
  });
}

void wechat_caller::answered(const exchange_ptr& what, const std::string& token,
                             const webhooks::posted& answer) {
  const auto why = what->take(answer);
  if (why && why->what == wechat::failure::away)
    breaker_.failed(home_.now());
  else
    breaker_.succeeded();
  if (!why) return;
  if (why->what != wechat::failure::token || std::exchange(what->has_renewed, true)) return what->fail(*why);
  if (token_ == token) token_.clear(); // else another question has renewed it meanwhile
  run(what);
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

wechat_caller::notice_promise wechat_caller::send_notice(notice_question&& question) {
  auto answer_to = make_response_promise<notice_answer>();
  const auto body = std::make_shared<const std::string>(wechat::encode_notice(question.of, question.what));
  ++under_way_;
  if (under_way_ > calls_max) {
    finish(answer_to, notice_answer::later);
    return answer_to;
  }
  const auto make = [this, body](const std::string& token) {
    return wechat::send_subscribe_message(env_.settings.base_url, token, *body);
  };
  const auto take = [this, answer_to](const webhooks::posted& answer) {
    auto why = wechat::parse_sent(answer);
    if (!why) finish(answer_to, notice_answer::sent);
    return why;
  };
  const auto fail = [this, answer_to](const wechat::fault& why) {
    using enum wechat::failure;
    if (why.what == used_up) return finish(answer_to, notice_answer::used_up);
    spdlog::warn("event=wechat_notice_failed reason=\"{}\"", why.why);
    finish(answer_to, why.what == malformed ? notice_answer::refused : notice_answer::later);
  };
  run(std::make_shared<exchange>(exchange{make, take, fail}));
  return answer_to;
}

void wechat_caller::finish(notice_promise answer_to, notice_answer answer) {
  --under_way_;
  answer_to.deliver(answer);
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
