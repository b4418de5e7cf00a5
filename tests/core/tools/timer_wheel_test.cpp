#include "core/tools/timer_wheel.hpp"

#include <catch2/catch.hpp>
#include <functional>
#include <memory>
#include <random>
#include <vector>

using namespace hongyan;
using namespace std::chrono_literals;

namespace {

struct probe final : timer_wheel::timer {
  std::vector<steady_time>* log = nullptr;
  std::function<void(steady_time)> then;

private:
  void fired(steady_time now) override {
    if (log) log->push_back(now);
    if (then) then(now);
  }
};

const steady_time start{1000s};

} // namespace

TEST_CASE("a timer fires once, at or up to a tick after it is due, never before", "[timer]") {
  timer_wheel wheel;
  wheel.advance(start);
  std::mt19937 random(7);
  std::uniform_int_distribution<int> delays(0, 120'000);
  for (int round = 0; round < 200; ++round) {
    std::vector<steady_time> fired;
    probe a;
    a.log = &fired;
    const auto begin = start + 200s * round;
    wheel.advance(begin);
    const auto due = begin + std::chrono::milliseconds(delays(random));
    a.set(wheel, due);
    for (auto t = begin; t <= due + 2 * timer_wheel::tick; t += 10ms) wheel.advance(t);
    REQUIRE(fired.size() == 1);
    CHECK(fired[0] >= due);
    CHECK(fired[0] <= due + timer_wheel::tick + 10ms);
  }
}

TEST_CASE("a cleared or moved timer does not fire at its old time", "[timer]") {
  timer_wheel wheel;
  wheel.advance(start);
  std::vector<steady_time> fired;
  probe cleared, moved;
  cleared.log = moved.log = &fired;
  cleared.set(wheel, start + 1s);
  moved.set(wheel, start + 1s);
  cleared.clear();
  moved.set(wheel, start + 30s);
  wheel.advance(start + 29s);
  CHECK(fired.empty());
  wheel.advance(start + 31s);
  CHECK(fired.size() == 1);
}

TEST_CASE("a timer may set itself, clear its neighbours and be destroyed while others fire", "[timer]") {
  timer_wheel wheel;
  wheel.advance(start);
  int again = 0;
  probe repeating;
  repeating.then = [&](steady_time now) {
    if (++again < 3) repeating.set(wheel, now + 1s);
  };
  repeating.set(wheel, start + 1s);

  bool victim_fired = false;
  auto victim = std::make_unique<probe>();
  victim->then = [&](steady_time) { victim_fired = true; };
  auto killers = std::vector<probe>(2);
  for (auto& k : killers) k.then = [&](steady_time) { victim.reset(); };
  // Whatever the order in the slot, one killer is before the victim or the victim has fired before both.
  killers[0].set(wheel, start + 1s);
  victim->set(wheel, start + 1s);
  killers[1].set(wheel, start + 1s);
  for (auto t = start; t < start + 10s; t += 50ms) wheel.advance(t);
  CHECK(again == 3);
  CHECK_FALSE(victim);
}

TEST_CASE("a long pause fires everything that became due in it", "[timer]") {
  timer_wheel wheel;
  wheel.advance(start);
  std::vector<steady_time> fired;
  std::vector<probe> probes(1000);
  for (std::size_t i = 0; i < probes.size(); ++i) {
    probes[i].log = &fired;
    probes[i].set(wheel, start + std::chrono::milliseconds(100 * i));
  }
  wheel.advance(start + 1h);
  CHECK(fired.size() == 1000);
}
