#include "actors/notifier.hpp"

#include "core/tools/wall_time.hpp"

#include <algorithm>
#include <utility>

namespace hongyan {

namespace {

constexpr std::size_t notices_at_once = 32;
constexpr std::chrono::seconds notice_look_interval{1};
/// WeChat is asked again for so long after a message was due; later it would surprise its reader.
constexpr std::chrono::minutes notice_patience{10};

} // namespace

notifier::notifier(caf::actor_config& config, const notifier_env& env, persistence_actor persistence,
                   registry_actor registry, wechat_actor wechat)
    : pinned(config)
    , env_(env)
    , persistence_(std::move(persistence))
    , registry_(std::move(registry))
    , wechat_(std::move(wechat)) {}

notifier::behavior_type notifier::make_behavior() {
  return {
      [this](tick_atom) {
        look();
        delayed_send(this, notice_look_interval, tick_atom::value);
      },
  };
}

void notifier::on_exit() {
  persistence_ = nullptr;
  registry_ = nullptr;
  wechat_ = nullptr;
}

/// Takes some up, when the ones before are done with.
void notifier::look() {
  if (under_way_ > 0 || !env_.admitted.database_up()) return;
  is_more_ = false;
  under_way_ = 1;
  env_.admitted.appends.take(1);
  request(persistence_, caf::infinite, change_atom::value,
          change{.action = take_notices{env_.templates, env_.identities, notices_at_once}})
      .then(
          [this](change_answer& answer) {
            is_more_ = answer.is_more;
            if (answer.notices.empty()) return done();
            look_who_is_here(std::move(answer.notices));
          },
          [this](const caf::error&) { done(); });
}

void notifier::look_who_is_here(std::vector<due_notice>&& due) {
  std::vector<user_id> users;
  for (const auto& one : due) users.push_back(one.user);
  const auto all = std::make_shared<std::vector<due_notice>>(std::move(due));
  request(registry_, caf::infinite, online_atom::value, std::move(users))
      .then(
          [this, all](const std::vector<user_id>& here) {
            under_way_ += all->size();
            for (auto& one : *all) {
              const bool is_here = std::ranges::find(here, one.user) != here.end();
              const auto what = std::make_shared<const due_notice>(std::move(one));
              if (!is_here) {
                tell(what);
                continue;
              }
              count("not_wanted");
              settle(what, settle_notice::end::not_wanted);
            }
            done();
          },
          [this](const caf::error&) { done(); });
}

void notifier::tell(const notice_ptr& what) {
  const auto& all = *env_.templates;
  const auto of = std::ranges::find(all, what->template_id, &notice_template::id);
  if (of == all.end()) return done();
  request(wechat_, caf::infinite, post_atom::value, notice_question{*of, *what})
      .then([this, what](notice_answer answer) { told(what, answer); },
            [this](const caf::error&) { done(); });
}

void notifier::told(const notice_ptr& what, notice_answer answer) {
  using enum settle_notice::end;
  switch (answer) {
  case notice_answer::sent:
    count("sent");
    env_.figures.trace.note(trace_event::what::pushed, what->conversation_id, what->what.seq, what->last_seq,
                            what->user.text());
    return settle(what, sent);
  case notice_answer::used_up: count("used_up"); return settle(what, used_up);
  case notice_answer::refused: count("refused"); return settle(what, given_up);
  case notice_answer::later: break;
  }
  count("later");
  if (wall_now() - what->what.created_at > notice_patience) return settle(what, given_up);
  done(); // due again by itself
}

void notifier::settle(const notice_ptr& what, settle_notice::end end) {
  env_.admitted.appends.take(1);
  request(persistence_, caf::infinite, change_atom::value,
          change{.action = settle_notice{what->user, what->conversation_id, what->last_seq, what->template_id,
                                         end}})
      .then([this](const change_answer&) { done(); }, [this](const caf::error&) { done(); });
}

void notifier::count(const char* outcome) { env_.figures.notices.Add({{"outcome", outcome}}).Increment(); }

void notifier::done() {
  if (--under_way_ == 0 && is_more_) look();
}

} // namespace hongyan
