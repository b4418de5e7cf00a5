#include "actors/webhook.hpp"

#include "actors/followed_post.hpp"
#include "persistence/events.hpp"
#include "webhooks/poster.hpp"

#include <map>
#include <spdlog/spdlog.h>

namespace hongyan {

namespace {

using namespace std::chrono_literals;
using clock = std::chrono::steady_clock;

/// How often it looks for new events; a receiver is told so much later at most.
constexpr auto event_look_interval = 100ms;
/// How often one that another node has is asked for.
constexpr auto hold_interval = 2s;
/// How often what is done is stored: after a crash so much is told once more.
constexpr auto store_interval = 250ms;
/// ... or sooner, when so many events are.
constexpr std::size_t store_events = 8;
/// Of one that says nothing new.
constexpr auto renew_interval = 3s;
/// Not heard of by the database for so long, it sends nothing more: another node may by then.
constexpr auto fence_interval = webhook_hold - 5s;
/// How long it waits for answers before it looks whether somebody wants something of it.
constexpr auto poll_limit = 20ms;
/// Of what is in flight when it is to end; and how often it looks for that.
constexpr auto end_limit = 2s;
constexpr auto end_interval = 5ms;
/// How often some of what was kept for events is forgotten.
constexpr auto forget_interval = 5s;

std::string body_of(const event& one) {
  std::string body = "{\"type\":\"";
  body.append(name_of(one.type)).append("\",\"timestamp\":\"");
  append_utc_time(body, one.at);
  return body.append("\",\"data\":").append(one.data) += '}';
}

webhooks::attempt attempt_of(webhooks::posted&& answer) {
  using outcome = webhooks::attempt::outcome;
  const int status = answer.status.value_or(0);
  const bool is_good = status >= 200 && status < 300;
  return {.what = is_good         ? outcome::delivered
                  : status == 410 ? outcome::gone
                                  : outcome::failed,
          .why = std::move(answer.trouble),
          .is_of_receiver = status == 0 || status == 429 || status >= 500,
          .retry_after = answer.retry_after};
}

using done_promise = caf::typed_response_promise<caf::ok_atom>;

struct teller {
  webhook_actor::pointer self;
  webhook_env* env;
  std::shared_ptr<message_reader> reader;
  persistence_actor persistence;
  std::unique_ptr<webhooks::poster> poster{};
  std::optional<webhooks::delivery> work{}; ///< while we have it
  clock::time_point asked_at{};             ///< for it, the last time
  clock::time_point heard_at{};             ///< of the database that we have it
  clock::time_point stored_at{};
  clock::time_point forgotten_at{};
  database_timeline held_on{}; ///< whose ids those are
  std::string stored_notes{};
  std::int64_t stored_position = 0;
  std::uint64_t dropped_before = 0;
  std::size_t answered = 0;                      ///< since it was stored
  std::map<std::int64_t, span_begun> followed{}; ///< of what is in flight
  bool is_asking = false;
  bool is_hurried = false;             ///< somebody wants something of it
  std::vector<done_promise> looked{};  ///< who waits until it has asked
  std::optional<done_promise> ended{}; ///< it is to end
  clock::time_point end_by{};

  template <class Then>
  void ask(change_action action, Then then) {
    is_asking = true;
    env->admitted.appends.take(1);
    self->request(persistence, caf::infinite, change_atom::value,
                  change{.by = {}, .action = std::move(action)})
        .then(
            [this, then](change_answer& answer) mutable {
              is_asking = false;
              then(answer);
            },
            [this](const caf::error&) {
              is_asking = false;
              if (ended) leave(); // persistence has ended before
            });
  }

  database_timeline timeline() const {
    return env->timeline != nullptr ? env->timeline->get() : database_timeline{};
  }

  /// What is in flight is nothing to whoever has it next.
  void begin_anew() {
    followed.clear();
    poster =
        std::make_unique<webhooks::poster>(webhooks::poster_settings{.allow_private = env->allow_private});
  }

  void has_looked() {
    for (auto& one : std::exchange(looked, {})) one.deliver(caf::ok_atom::value);
  }

  void hold() {
    const auto now = clock::now();
    if (is_asking || now - asked_at < hold_interval) return;
    asked_at = now;
    held_on = timeline();
    ask(hold_webhook{env->name, env->holder}, [this, now](change_answer& answer) {
      has_looked();
      if (answer.failure || !answer.webhook) return;
      spdlog::info("event=webhook_held name={} position={}", env->name, answer.webhook->position);
      work.emplace(env->settings, *answer.webhook, wall_now());
      heard_at = now;
      stored_position = answer.webhook->position;
      stored_notes = answer.webhook->notes;
      dropped_before = 0;
    });
  }

  /// Another has it, or the store is not the one that it was.
  void let_go(std::string_view why) {
    spdlog::warn("event=webhook_let_go name={} reason=\"{}\"", env->name, why);
    work.reset();
    begin_anew(); // nothing is in flight without it
    asked_at = {};
    show_no_lag();
  }

  void store() {
    const auto now = clock::now();
    if (is_asking) return;
    const bool is_due = is_hurried || answered >= store_events;
    if (!is_due && now - stored_at < store_interval) return;
    auto notes = work->notes(wall_now());
    const auto position = work->position();
    const bool is_new = position != stored_position || notes != stored_notes;
    if (!is_due && !is_new && now - stored_at < renew_interval) return;
    is_hurried = false;
    answered = 0;
    stored_at = now;
    store_webhook what{.name = env->name, .holder = env->holder, .position = position, .notes = notes};
    what.failed = work->take_failed();
    what.retried = work->take_retried();
    count(what);
    ask(what, [this, now, position, notes, what](change_answer& answer) {
      if (answer.failure && answer.failure->code == errc::conflict) return let_go(answer.failure->detail);
      if (!work) return;
      if (answer.failure || !answer.webhook) return work->put_back(what.failed, what.retried);
      heard_at = now;
      stored_position = position;
      stored_notes = notes;
      std::string_view wishes = answer.webhook->wish;
      while (!wishes.empty()) {
        const auto end = wishes.find('\n');
        if (const auto wanted = webhooks::parse_wish(wishes.substr(0, end))) work->want(*wanted, wall_now());
        is_hurried = true; // nobody else knows of it any more
        wishes.remove_prefix(end == std::string_view::npos ? wishes.size() : end + 1);
      }
    });
  }

  void count(const store_webhook& what) {
    auto& figures = env->figures;
    const prometheus::Labels name{{"webhook", env->name}};
    figures.webhook_lag.Add(name).Set(static_cast<double>(work->lag(wall_now()).count()));
    for (const auto& one : what.failed)
      spdlog::warn("event=webhook_gave_up name={} id={} attempts={} reason=\"{}\"", env->name, one.id,
                   one.attempts, one.why);
    posted("given_up", static_cast<double>(what.failed.size()));
    posted("dropped", static_cast<double>(work->dropped() - dropped_before));
    dropped_before = work->dropped();
  }

  /// Also of none: an alarm sees the first one only where there was a 0 before.
  void posted(const char* outcome, double events) {
    env->figures.webhook_events.Add({{"webhook", env->name}, {"outcome", outcome}}).Increment(events);
  }

  /// Reads on. False: there is nothing new.
  bool load() {
    bool is_new = false;
    if (const auto after = work->wants()) {
      auto page = read_events(*reader, *after);
      if (!page) return false; // the log and /readyz say that of the database already
      if (page->is_set_back) {
        let_go("the store was set back");
        return false;
      }
      is_new = page->up_to > *after;
      work->load(*std::move(page), wall_now());
    }
    if (const auto range = work->wants_again()) {
      auto page = read_events(*reader, range->first);
      if (page) {
        is_new = is_new || page->up_to > range->first;
        work->load_again(*std::move(page));
      }
    }
    return is_new;
  }

  void send() {
    while (auto next = work->next(wall_now())) {
      if (!next->what) {
        auto found = find_events(*reader, std::span(&next->id, 1));
        if (!found) return work->put_off(next->id);
        if (found->empty()) {
          work->lost(next->id, wall_now());
          continue;
        }
        next->what = std::move(found->front());
      }
      if (work->is_too_old(next->id, *next->what, wall_now())) continue;
      post(next->id, *next->what);
    }
  }

  void post(std::int64_t id, const event& what) {
    const auto secrets = env->secrets.get();
    const auto ours = secrets->find(env->name);
    if (ours == secrets->end()) return work->put_off(id); // it is about to end
    auto signed_one =
        webhooks::signed_post(env->url, ours->second, std::to_string(id), wall_now(), body_of(what));
    if (const auto under = env->figures.spans.followed(id)) followed[id] = begin_post(*under, signed_one);
    poster->start(static_cast<std::uint64_t>(id), std::move(signed_one));
  }

  /// False: nothing was answered.
  bool receive() {
    auto answers = poster->poll(poll_limit);
    for (auto& answer : answers) {
      const auto id = static_cast<std::int64_t>(answer.ticket);
      if (auto begun = followed.extract(id))
        end_post(env->figures.spans, begun.mapped(), "webhook " + env->name, answer);
      const auto how = attempt_of(std::move(answer));
      using outcome = webhooks::attempt::outcome;
      posted(how.what == outcome::delivered ? "delivered" : "failed", 1);
      const bool was_failing = work->is_failing(), was_disabled = work->is_disabled();
      work->answered(id, how, wall_now());
      ++answered;
      if (work->is_disabled() && !was_disabled)
        spdlog::warn("event=webhook_disabled name={} reason=\"{}\"", env->name, how.why);
      else if (work->is_failing() != was_failing)
        spdlog::warn("event=webhook_{} name={} reason=\"{}\"", was_failing ? "recovered" : "failing",
                     env->name, how.why);
    }
    return !answers.empty();
  }

  void forget() {
    const auto now = clock::now();
    if (is_asking || now - forgotten_at < forget_interval) return;
    forgotten_at = now;
    ask(forget_events{wall_now() - std::chrono::hours(env->longest_keep.load())}, [](change_answer&) {});
  }

  /// Whoever has it next tells how late it is.
  void show_no_lag() { env->figures.webhook_lag.Add({{"webhook", env->name}}).Set(0); }

  void leave() {
    show_no_lag();
    ended->deliver(caf::ok_atom::value);
    self->quit();
  }

  /// What is in flight is answered, or told again by the next.
  void end() {
    if (is_asking) return;
    if (!work) return leave();
    receive();
    if (poster->in_flight() > 0 && clock::now() < end_by) return;
    store_webhook what{.name = env->name,
                       .holder = env->holder,
                       .position = work->position(),
                       .notes = work->notes(wall_now()),
                       .failed = work->take_failed(),
                       .retried = work->take_retried(),
                       .let_go = true};
    ask(std::move(what), [this](const change_answer&) { leave(); });
  }

  /// Answers how long to rest.
  std::chrono::milliseconds turn() {
    if (ended) {
      end();
      return end_interval;
    }
    if (!work) {
      hold();
      return event_look_interval;
    }
    // A failover may have lost the newest commits, and give their ids anew: its row knows how far it is
    // there.
    if (timeline() != held_on) {
      let_go("the database is another one, or on another timeline");
      return event_look_interval;
    }
    const bool is_new = load();
    if (!work) return event_look_interval;
    if (clock::now() - heard_at < fence_interval) send();
    const bool is_answered = receive();
    if (work) store();
    if (work) forget();
    return is_new || is_answered || poster->in_flight() > 0 ? 0ms : event_look_interval;
  }
};

} // namespace

webhook_actor::behavior_type webhook(webhook_actor::pointer self, webhook_env* env,
                                     std::shared_ptr<message_reader> reader, persistence_actor persistence) {
  const std::shared_ptr<teller> it(new teller{
      .self = self, .env = env, .reader = std::move(reader), .persistence = std::move(persistence)});
  it->begin_anew();
  self->send(self, flush_atom::value);
  return {
      [it](flush_atom) {
        auto pause = std::chrono::milliseconds(event_look_interval);
        try {
          pause = it->turn();
        } catch (const std::exception& e) {
          spdlog::critical("event=uncaught_exception where=webhook what=\"{}\"", e.what());
        }
        if (pause > 0ms)
          it->self->delayed_send(it->self, pause, flush_atom::value);
        else
          it->self->send(it->self, flush_atom::value);
      },
      [it](tick_atom) {
        auto told = it->self->make_response_promise<caf::ok_atom>();
        if (it->work) {
          it->is_hurried = true;
          told.deliver(caf::ok_atom::value);
        } else {
          it->looked.push_back(told);
          it->hold();
        }
        return told;
      },
      [it](drain_atom) {
        it->ended = it->self->make_response_promise<caf::ok_atom>();
        it->end_by = clock::now() + end_limit;
        it->has_looked();
        return *it->ended;
      },
  };
}

} // namespace hongyan
