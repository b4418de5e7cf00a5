#include "actors/moderator.hpp"

#include "core/chat/file.hpp"
#include "core/tools/wall_time.hpp"
#include "core/wire/check.hpp"
#include "core/wire/json.hpp"

#include <boost/json/object.hpp>
#include <utility>

namespace hongyan {

namespace {

constexpr std::size_t checks_at_once = 32;
constexpr std::chrono::milliseconds check_look_interval{500};
/// A verdict on a picture or voice comes within 30 minutes (WeChat).
constexpr std::chrono::minutes verdict_limit{35};
/// Who cannot be asked now is asked again for so long, which is over the end of a minute's quota; after that
/// nobody could say.
constexpr std::chrono::seconds check_patience{90};

/// What WeChat is to fetch; nothing: it looks at none of that.
std::optional<content_question> media_question(const message& m, const moderator_env& env) {
  const auto content = parse_json(m.content);
  const auto* fields = content ? content->if_object() : nullptr;
  const auto* id = fields != nullptr ? text_of(*fields, "fileId") : nullptr;
  const auto* mime = fields != nullptr ? text_of(*fields, "mime") : nullptr;
  if (id == nullptr || mime == nullptr || !is_file_id(*id)) return {};
  const auto kind = wechat::checkable(*mime);
  if (!kind) return {};
  return content_question{
      .user = m.from, .text = env.media_url(std::string(*id), std::string(*mime)), .media = kind};
}

} // namespace

moderator::moderator(caf::actor_config& config, const moderator_env& env, persistence_actor persistence,
                     wechat_actor wechat)
    : pinned(config)
    , env_(env)
    , persistence_(std::move(persistence))
    , wechat_(std::move(wechat)) {}

moderator::behavior_type moderator::make_behavior() {
  return {
      [this](flush_atom) {
        is_more_ = true;
        look();
      },
      [this](tick_atom) {
        is_more_ = true;
        look();
        delayed_send(this, check_look_interval, tick_atom::value);
      },
  };
}

void moderator::on_exit() {
  persistence_ = nullptr;
  wechat_ = nullptr;
}

/// Takes some up, when the ones before are done with.
void moderator::look() {
  if (under_way_ > 0 || !env_.admitted.database_up()) return;
  is_more_ = false;
  under_way_ = 1;
  env_.admitted.appends.take(1);
  request(persistence_, caf::infinite, change_atom::value, change{.action = take_checks{checks_at_once}})
      .then(
          [this](change_answer& answer) {
            if (answer.is_more) is_more_ = true;
            under_way_ += answer.checks.size();
            for (auto& check : answer.checks) judge(std::move(check));
            done();
          },
          [this](const caf::error&) { done(); });
}

void moderator::judge(waiting_check&& check) {
  const message& m = check.what;
  if (is_checked_as_media(m.kind)) {
    if (!check.trace_id.empty()) // its verdict should have come long ago
      return say(check, {.what = judgement::failed, .by = judged_by::wechat, .label = {}});
    auto question = media_question(m, env_);
    if (!question || wechat_ == nullptr) return say(check, nobody_asked);
    return ask(*std::move(question), std::move(check));
  }
  auto text = text_in(m.kind, m.content, names_in(m));
  const auto words = env_.words.get();
  if (words->is_in(text)) return say(check, {.what = judgement::risky, .by = judged_by::words, .label = {}});
  if (wechat_ == nullptr || text.empty()) return say(check, words->empty() ? nobody_asked : passed_by_words);
  ask({.user = m.from, .text = std::move(text)}, std::move(check));
}

void moderator::ask(content_question question, waiting_check&& check) {
  const auto of = std::make_shared<const waiting_check>(std::move(check));
  request(wechat_, caf::infinite, query_atom::value, std::move(question))
      .then([this, of](const content_answer& answer) { answered(*of, answer); },
            [this](const caf::error&) { done(); });
}

void moderator::answered(const waiting_check& check, const content_answer& answer) {
  if (answer.is_unknown)
    return say(check, env_.words.get()->empty() || is_checked_as_media(check.what.kind) ? nobody_asked
                                                                                        : passed_by_words);
  if (!answer.trace_id.empty()) return store(expect_verdict{check.what.id, answer.trace_id, verdict_limit});
  if (answer.is_for_later && wall_now() - check.what.created_at < check_patience)
    return done(); // due again by itself
  say(check, answer.verdict);
}

void moderator::say(const waiting_check& check, const content_verdict& verdict) {
  if (verdict.by == judged_by::words)
    env_.figures.checks
        .Add({{"by", "words"}, {"outcome", verdict.what == judgement::risky ? "deny" : "allow"}})
        .Increment();
  store(put_verdict{check.what.id, check.what.edits, verdict, env_.rules.refuses(verdict)});
}

void moderator::store(change_action what) {
  env_.admitted.appends.take(1);
  request(persistence_, caf::infinite, change_atom::value, change{.action = std::move(what)})
      .then([this](const change_answer&) { done(); }, [this](const caf::error&) { done(); });
}

void moderator::done() {
  if (--under_way_ == 0 && is_more_) look();
}

} // namespace hongyan
