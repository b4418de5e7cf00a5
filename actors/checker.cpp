#include "actors/checker.hpp"

#include "actors/followed_post.hpp"
#include "core/tools/random.hpp"
#include "core/tools/wall_time.hpp"
#include "core/wire/check.hpp"

#include <spdlog/spdlog.h>
#include <utility>

namespace hongyan {

namespace {

constexpr std::size_t id_digits = 24;

error refused(std::string reason) {
  std::string detail = "it was refused by a check of its content";
  if (reason.empty())
    reason = "content";
  else
    detail += ": " + reason;
  return {.code = errc::refused_content, .detail = std::move(detail), .reason = std::move(reason)};
}

std::string line_of(const user_id& from, const peer_or_group& to) {
  return from.text() + (to.is_group() ? " group " : " user ") + to.id.text();
}

check_question question_of(const new_message& m) {
  return {.from = m.from,
          .to = m.to,
          .kind = m.kind,
          .content = m.content,
          .ext = m.ext,
          .names = names_in(m),
          .traced = m.traced};
}

/// Nothing: nobody is asked about it.
std::optional<check_question> question_of(const change& what) {
  if (const auto* end = std::get_if<end_stream>(&what.action); end != nullptr && !end->is_back_ends)
    return check_question{.from = end->from, .to = end->to, .content = end->content, .ext = end->ext};
  if (what.user() == nullptr) return {};
  const auto name = [&](std::optional<peer_or_group> to, const std::string& text) {
    return check_question{.event = "name", .from = *what.by, .to = std::move(to), .content = text};
  };
  if (const auto* edit = std::get_if<edit_message>(&what.action))
    return check_question{.event = "edit", .from = *what.by, .to = edit->in, .content = edit->content};
  if (const auto* made = std::get_if<create_group>(&what.action)) return name({}, made->name);
  if (const auto* group = std::get_if<update_group>(&what.action); group != nullptr && group->name)
    return name(peer_or_group::group(group->group), *group->name);
  if (const auto* profile = std::get_if<update_profile>(&what.action); profile != nullptr && profile->name)
    return name({}, *profile->name);
  return {};
}

// What is answered to a probe of what would be stored, or done; all else is refused anyway, or was stored
// before.
bool would_be_stored(const append_answer& answer) {
  return !answer.failure && answer.outcome.status == append_status::unchecked;
}
bool would_be_stored(const change_answer& answer) {
  return answer.failure && answer.failure->code == errc::refused_content;
}

/// Names cannot be taken back: they are looked at before, whenever texts are.
bool is_name(const check_question& question) { return question.event == "name"; }

void mark(change& what, const content_verdict& verdict) {
  if (auto* edit = std::get_if<edit_message>(&what.action))
    edit->judged = verdict;
  else if (auto* end = std::get_if<end_stream>(&what.action))
    end->judged = verdict;
}

void replace(change& what, std::string content) {
  if (auto* edit = std::get_if<edit_message>(&what.action))
    edit->content = std::move(content);
  else if (auto* end = std::get_if<end_stream>(&what.action))
    end->content = std::move(content);
  else if (auto* made = std::get_if<create_group>(&what.action))
    made->name = std::move(content);
  else if (auto* group = std::get_if<update_group>(&what.action))
    group->name = std::move(content);
  else if (auto* profile = std::get_if<update_profile>(&what.action))
    profile->name = std::move(content);
}

} // namespace

checker::checker(caf::actor_config& config, const checker_env& env, persistence_actor persistence,
                 asker_actor asker, std::shared_ptr<webhooks::poster> posts, wechat_actor wechat,
                 moderator_actor moderator)
    : pinned(config)
    , env_(env)
    , persistence_(std::move(persistence))
    , asker_(std::move(asker))
    , posts_(std::move(posts))
    , wechat_(std::move(wechat))
    , moderator_(std::move(moderator)) {}

checker::behavior_type checker::make_behavior() {
  return {
      [this](append_atom, new_message& m) { return append(std::move(m)); },
      [this](read_atom, read_mark& m) {
        auto answer_to = make_response_promise<read_answer>();
        answer_to.delegate(persistence_, read_atom::value, std::move(m));
        return answer_to;
      },
      [this](change_atom, change& what) { return change_it(std::move(what)); },
      [](flush_atom) {},
      [](tick_atom) {},
  };
}

void checker::on_exit() {
  lines_.clear();
  persistence_ = nullptr;
  asker_ = nullptr;
  wechat_ = nullptr;
  moderator_ = nullptr;
}

// ---- lines ----

void checker::in_line(const std::string& line, std::function<void()> work) {
  auto& waiting = lines_[line];
  waiting.push_back(std::move(work));
  if (waiting.size() == 1) begin(line);
}

void checker::next(const std::string& line) {
  const auto found = lines_.find(line);
  if (found == lines_.end()) return; // we end
  found->second.pop_front();
  if (found->second.empty())
    lines_.erase(found);
  else
    begin(line);
}

/// One after the other, however deep it was called: what fails at once would else begin the next inside
/// itself.
void checker::begin(const std::string& line) {
  ready_.push_back(line);
  if (ready_.size() > 1) return;
  for (; !ready_.empty(); ready_.pop_front()) {
    const auto found = lines_.find(ready_.front());
    if (found == lines_.end()) continue;
    const auto work = found->second.front(); // it may be over, and out of its line, before it returns
    work();
  }
}

// ---- messages ----

bool checker::checks_before(const check_question& question) const {
  return is_name(question) ? env_.rules.text != content_rules::when::off
                           : env_.rules.checks_before(question.kind);
}

/// What is said of a name could not be taken back with it.
bool checker::is_checked_later(const check_question& question) const {
  return !is_name(question) && env_.rules.checks_after(question.kind);
}

void checker::append_on(new_message&& m, append_promise answer_to) {
  const bool is_later =
      !m.by_back_end && m.kind != message_kind::text_stream && env_.rules.checks_after(m.kind);
  if (!is_later) {
    answer_to.delegate(persistence_, append_atom::value, std::move(m));
    return;
  }
  m.judged = std::make_shared<const content_verdict>();
  request(persistence_, caf::infinite, append_atom::value, std::move(m))
      .then(
          [this, answer_to](append_answer& answer) mutable {
            answer_to.deliver(std::move(answer));
            send(moderator_, flush_atom::value);
          },
          [answer_to](const caf::error&) mutable {
            answer_to.deliver(append_answer{.failure = shutting_down()});
          });
}

/// A stream is asked about at its end, when it says something.
checker::append_promise checker::append(new_message&& m) {
  auto answer_to = make_response_promise<append_answer>();
  const bool is_asked_about = !env_.url.empty() || env_.rules.checks_before(m.kind);
  if (m.by_back_end || m.kind == message_kind::text_stream || !is_asked_about) {
    append_on(std::move(m), answer_to);
    return answer_to;
  }
  auto line = line_of(m.from, m.to);
  auto shared = std::make_shared<new_message>(std::move(m));
  in_line(line, [this, line, shared, answer_to] {
    probe(line, append_atom::value, *shared, answer_to,
          [this, line, shared, answer_to] { judge(line, shared, answer_to); });
  });
  return answer_to;
}

/// What it probes was admitted as one write, which the probe must not give back.
template <class Answer, class Atom, class What>
void checker::probe(const std::string& line, Atom atom, const What& what,
                    caf::typed_response_promise<Answer> answer_to, std::function<void()> judge_it) {
  auto asks = what;
  asks.is_probe = true;
  env_.admitted.appends.take(1);
  request(persistence_, caf::infinite, atom, std::move(asks))
      .then(
          [this, line, answer_to, judge_it](Answer& answer) mutable {
            if (would_be_stored(answer)) return judge_it();
            env_.admitted.appends.give(1);
            answer_to.deliver(std::move(answer));
            next(line);
          },
          [this, line, answer_to](const caf::error&) mutable {
            env_.admitted.appends.give(1);
            answer_to.deliver(Answer{.failure = shutting_down()});
            next(line);
          });
}

void checker::judge(const std::string& line, std::shared_ptr<new_message> m, append_promise answer_to) {
  ask_all(question_of(*m), [this, line, m, answer_to](result<check_verdict> verdict,
                                                      std::optional<content_verdict> content) mutable {
    if (!verdict) {
      env_.admitted.appends.give(1);
      answer_to.deliver(append_answer{.failure = verdict.error()});
      return next(line);
    }
    if (verdict->what == check_verdict::action::replace)
      m->first_content = std::exchange(m->content, std::move(verdict->content));
    if (content) m->judged = std::make_shared<const content_verdict>(*content);
    append_on(std::move(*m), answer_to);
    next(line);
  });
}

// ---- changes ----

checker::change_promise checker::change_it(change&& what) {
  auto answer_to = make_response_promise<change_answer>();
  auto question = question_of(what);
  if (!question || (env_.url.empty() && !checks_before(*question))) {
    if (question && is_checked_later(*question)) mark(what, {});
    answer_to.delegate(persistence_, change_atom::value, std::move(what));
    return answer_to;
  }
  auto line = question->to ? line_of(question->from, *question->to) : question->from.text();
  auto shared = std::make_shared<change>(std::move(what));
  in_line(line, [this, line, question = *std::move(question), shared, answer_to] {
    const auto judge_it = [this, line, question, shared, answer_to] {
      judge(line, question, shared, answer_to);
    };
    if (std::holds_alternative<end_stream>(shared->action))
      judge_it();
    else
      probe(line, change_atom::value, *shared, answer_to, judge_it);
  });
  return answer_to;
}

/// Of a stream everybody has read what it said: when that is denied at its end it is taken back.
void checker::judge(const std::string& line, const check_question& question, std::shared_ptr<change> what,
                    change_promise answer_to) {
  const bool is_later = is_checked_later(question);
  ask_all(question, [this, line, what, answer_to, is_later](result<check_verdict> verdict,
                                                            std::optional<content_verdict> content) mutable {
    const auto* stream = std::get_if<end_stream>(&what->action);
    if (!verdict && stream != nullptr) {
      request(persistence_, caf::infinite, change_atom::value,
              change{.by = {}, .action = recall_by_id{stream->message_id}})
          .then([answer_to, why = verdict.error()](
                    const change_answer&) mutable { answer_to.deliver(change_answer{.failure = why}); },
                [answer_to](const caf::error&) mutable {
                  answer_to.deliver(change_answer{.failure = shutting_down()});
                });
    } else if (!verdict) {
      env_.admitted.appends.give(1);
      answer_to.deliver(change_answer{.failure = verdict.error()});
    } else {
      if (verdict->what == check_verdict::action::replace) replace(*what, std::move(verdict->content));
      if (content || is_later) mark(*what, content.value_or(content_verdict{}));
      answer_to.delegate(persistence_, change_atom::value, std::move(*what));
    }
    next(line);
  });
}

// ---- asking ----

result<check_verdict> checker::failed(std::string_view why) {
  env_.figures.checks.Add({{"by", "before_send"}, {"outcome", "failed"}}).Increment();
  spdlog::warn("event=before_send_failed action={} reason=\"{}\"", env_.denies_on_failure ? "deny" : "allow",
               why);
  if (env_.denies_on_failure) return refused("unavailable");
  return check_verdict{};
}

result<check_verdict> checker::verdict_of(const webhooks::posted& answer, const check_question& question) {
  if (!answer.trouble.empty()) return failed(answer.trouble);
  auto verdict = parse_verdict(answer.body, question, env_.bounds);
  if (!verdict) return failed(verdict.error().detail);
  static constexpr std::array outcomes{"allow", "deny", "replace"};
  env_.figures.checks
      .Add({{"by", "before_send"}, {"outcome", outcomes[static_cast<std::size_t>(verdict->what)]}})
      .Increment();
  if (verdict->what == check_verdict::action::deny) return refused(std::move(verdict->reason));
  return verdict;
}

void checker::ask_all(check_question question, when_allowed then) {
  const auto look = [this, question, then](check_verdict verdict) {
    const auto& content = verdict.what == check_verdict::action::replace ? verdict.content : question.content;
    check_content(question, content, [verdict, then](result<std::optional<content_verdict>> checked) {
      if (!checked) return then(checked.error(), {});
      then(verdict, *checked);
    });
  };
  if (env_.url.empty()) return look({});
  ask(std::move(question), [look, then](result<check_verdict> verdict) {
    if (!verdict) return then(verdict.error(), {});
    look(*std::move(verdict));
  });
}

void checker::check_content(const check_question& question, const std::string& content, when_checked then) {
  if (!checks_before(question)) return then(std::optional<content_verdict>());
  auto text = is_name(question) ? content : text_in(question.kind, content, question.names);
  const auto words = env_.words.get();
  if (!words->empty()) {
    const bool is_there = words->is_in(text);
    env_.figures.checks.Add({{"by", "words"}, {"outcome", is_there ? "deny" : "allow"}}).Increment();
    if (is_there) return then(refused(""));
  }
  if (wechat_ == nullptr || text.empty()) return then(content_of({.is_unknown = true}));
  constexpr int scene_of_names = 1, scene_of_messages = 2;
  request(wechat_, caf::infinite, query_atom::value,
          content_question{.user = question.from,
                           .scene = is_name(question) ? scene_of_names : scene_of_messages,
                           .text = std::move(text)})
      .then([this, then](const content_answer& answer) { then(content_of(answer)); },
            [then](const caf::error&) { then(shutting_down()); });
}

/// Of a user whom WeChat does not know only our own list has been asked.
result<std::optional<content_verdict>> checker::content_of(const content_answer& answer) const {
  if (answer.is_unknown && env_.words.get()->empty()) return std::optional<content_verdict>();
  if (answer.is_unknown) return std::optional(passed_by_words);
  if (!env_.rules.refuses(answer.verdict)) return std::optional(answer.verdict);
  return refused(answer.verdict.what == judgement::failed ? "unavailable" : "");
}

void checker::ask(check_question question, when_judged then) {
  const auto secrets = env_.secrets.get();
  const auto ours = secrets->find(env_.secret);
  if (asked_ >= env_.concurrency) return then(failed("more are asked at once than before_send.concurrency"));
  if (ours == secrets->end()) return then(failed("its secret is gone"));
  ++asked_;
  auto what = webhooks::signed_post(env_.url, ours->second, "chk_" + random_name(id_digits), wall_now(),
                                    encode_check(question));
  std::optional<span_begun> begun;
  if (question.traced) begun = begin_post(*question.traced, what);
  request(asker_, caf::infinite, post_atom::value, std::move(what))
      .then(
          [this, question = std::move(question), then, begun](const webhooks::posted& answer) {
            --asked_;
            if (begun) end_post(env_.figures.spans, *begun, "before_send", answer);
            then(verdict_of(answer, question));
          },
          [this, then](const caf::error&) {
            --asked_;
            then(shutting_down());
          });
  posts_->wake();
}

} // namespace hongyan
