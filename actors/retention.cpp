#include "actors/retention.hpp"

#include "core/tools/wall_time.hpp"

#include <spdlog/spdlog.h>

namespace hongyan {

namespace {

/// Between two steps of at most sixteen entries each: of 160 a second, 14 million a day, nobody notices
/// anything.
constexpr std::chrono::milliseconds retention_pause{100};
/// After a round through all conversations, or a failure.
constexpr std::chrono::hours round_pause{1};
constexpr std::chrono::seconds failure_pause{60};

} // namespace

retention::retention(caf::actor_config& config, const retention_env& env, persistence_actor persistence)
    : pinned(config)
    , env_(env)
    , persistence_(std::move(persistence)) {}

retention::behavior_type retention::make_behavior() {
  return {[this](tick_atom) { step(); }};
}

void retention::on_exit() { persistence_ = nullptr; }

void retention::step() {
  if (!env_.admitted.database_up()) {
    delayed_send(this, failure_pause, tick_atom::value);
    return;
  }
  // Without a deadline: nobody waits for it, and persistence answers each, at its own end too.
  env_.admitted.appends.take(1);
  request(persistence_, caf::infinite, change_atom::value,
          change{.action = drop_old{.after = up_to_, .before = wall_now() - env_.keep}})
      .then(
          [this](const change_answer& answer) {
            if (answer.dropped) return done(*answer.dropped);
            spdlog::warn("event=retention_failed reason=\"{}\"",
                         answer.failure ? answer.failure->detail : "");
            delayed_send(this, failure_pause, tick_atom::value);
          },
          [](const caf::error&) {}); // the server stops
}

void retention::done(const dropped_entries& what) {
  env_.figures.messages_expired.Increment(static_cast<double>(what.count));
  dropped_ += what.count;
  up_to_ = what.up_to;
  if (!what.is_end) {
    delayed_send(this, retention_pause, tick_atom::value);
    return;
  }
  if (dropped_ > 0) spdlog::info("event=retention dropped={} days={}", dropped_, env_.keep.count());
  up_to_ = 0;
  dropped_ = 0;
  delayed_send(this, round_pause, tick_atom::value);
}

} // namespace hongyan
