/// A shard: one thread with its event loop, as actors see it. A pinned actor runs on its shard and nowhere
/// else, so that it may touch the shard's sockets and timers without a lock.
#pragma once

#include "core/tools/timer_wheel.hpp"

#include <caf/all.hpp>
#include <utility>

namespace hongyan {

/// What CAF needs to run actors here, plus time. Implemented over Asio in net/, by hand in tests.
class shard : public caf::execution_unit {
public:
  virtual steady_time now() const = 0;
  /// Only on the shard's thread.
  timer_wheel& timers() { return timers_; }

private:
  timer_wheel timers_;
};

/// Pins an actor class to the execution unit it is spawned on. Without it CAF runs an actor on the execution
/// unit of whoever woke it; CAF's own brokers pin themselves to the multiplexer in the same way.
template <class Base>
class pinned : public Base {
public:
  explicit pinned(caf::actor_config& config) : Base(config), unit_(config.host) {}

  using Base::enqueue;
  void enqueue(caf::mailbox_element_ptr element, caf::execution_unit*) override {
    Base::enqueue(std::move(element), unit_);
  }
  /// Whoever gives the turn, the actor's context is its unit: it also sends from timers and socket handlers,
  /// after the turn.
  caf::resumable::resume_result resume(caf::execution_unit*, std::size_t messages_max) override {
    return Base::resume(unit_, messages_max);
  }

private:
  caf::execution_unit* unit_;
};

/// Spawns an actor class derived from pinned<...> on `unit`.
template <class Actor, class... Args>
auto spawn_on(caf::actor_system& system, caf::execution_unit& unit, Args&&... args) {
  caf::actor_config config{&unit};
  return system.spawn_class<Actor, caf::no_spawn_options>(config, std::forward<Args>(args)...);
}

} // namespace hongyan
