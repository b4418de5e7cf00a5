/// Deadlines of one shard: a hashed wheel of intrusive timers. Setting, moving and clearing one costs a few
/// pointer writes and no memory, so every connection can afford one. Not thread-safe: a wheel belongs to its
/// shard. Driven by whoever owns the clock, so tests move time by hand.
#pragma once

#include <array>
#include <chrono>
#include <cstddef>

namespace hongyan {

using steady_time = std::chrono::steady_clock::time_point;
inline steady_time steady_now() { return std::chrono::steady_clock::now(); }

class timer_wheel {
public:
  /// How late a timer may fire.
  static constexpr std::chrono::milliseconds tick{50};

  /// Something that waits. Clears itself when destroyed.
  class timer {
  public:
    timer() = default;
    timer(const timer&) = delete;
    timer& operator=(const timer&) = delete;
    virtual ~timer() { clear(); }

    /// Fires once at or after `due` (again: moves it).
    void set(timer_wheel& wheel, steady_time due);
    void clear();
    bool is_set() const { return next_ != nullptr; }

  private:
    friend class timer_wheel;
    /// Called on the shard's thread; the timer is clear by then and may be set again, or destroyed.
    virtual void fired(steady_time now) = 0;

    timer* next_ = nullptr;
    timer* previous_ = nullptr;
    steady_time due_{};
  };

  timer_wheel();
  timer_wheel(const timer_wheel&) = delete;
  timer_wheel& operator=(const timer_wheel&) = delete;

  /// Fires everything that is due. Time must not go back.
  void advance(steady_time now);

private:
  /// 512 slots of 50 ms go once around in 25.6 s; a timer beyond that is looked at once a round.
  static constexpr std::size_t slot_count = 512;

  struct anchor final : timer {
    anchor();
    void fired(steady_time) override {}
  };

  static std::chrono::milliseconds::rep tick_of(steady_time t);
  static void link(timer& before, timer& node);

  std::array<anchor, slot_count> slots_;
  std::chrono::milliseconds::rep tick_now_ = 0;
};

} // namespace hongyan
