/// Actors under CAF's test coordinator: every message is a step, and time moves only by hand.
#pragma once

#include "actors/interfaces.hpp"
#include "actors/shard.hpp"
#include "core/metrics.hpp"

#include <caf/scheduler/test_coordinator.hpp>
#include <functional>

namespace hongyan::test {

/// A shard whose turns are the coordinator's and whose clock is ours.
class manual_shard final : public shard {
public:
  manual_shard(caf::actor_system& system, caf::scheduler::test_coordinator& coordinator)
      : coordinator_(coordinator) {
    system_ = &system;
    timers().advance(now_);
  }
  void exec_later(caf::resumable* job) override { coordinator_.jobs.push_back(job); }
  steady_time now() const override { return now_; }

  /// Moves the clock in steps of the wheel's tick.
  void advance(steady_time::duration by) {
    for (const auto until = now_ + by; now_ < until;) {
      now_ += std::min<steady_time::duration>(timer_wheel::tick, until - now_);
      timers().advance(now_);
      coordinator_.run();
    }
  }

  /// Nobody had a turn for so long.
  void stand_still(steady_time::duration by) {
    now_ += by;
    timers().advance(now_);
    coordinator_.run();
  }

private:
  caf::scheduler::test_coordinator& coordinator_;
  steady_time now_ = std::chrono::steady_clock::now(); ///< the history looks at the real one
};

struct test_config : caf::actor_system_config {
  test_config() {
    add_message_types<caf::id_block::hongyan>();
    set("scheduler.policy", caf::atom("testing"));
  }
};

struct actor_fixture {
  test_config config;
  caf::actor_system system{config};
  caf::scheduler::test_coordinator& coordinator =
      dynamic_cast<caf::scheduler::test_coordinator&>(system.scheduler());
  manual_shard home{system, coordinator};
  metrics figures{"test", limits{}};
  flow admitted{100, 100, 100};
  caf::scoped_actor self{system};

  void run() { coordinator.run(); }
  void advance(steady_time::duration by) { home.advance(by); }

  /// Ends actors: a handle that is kept would hang the system's destructor.
  template <class... Handles>
  void end(Handles&... handles) {
    (caf::anon_send_exit(handles, caf::exit_reason::user_shutdown), ...);
    ((handles = nullptr), ...);
    run();
  }
};

inline user_id user(std::string_view text) { return *user_id::parse(text); }

} // namespace hongyan::test
