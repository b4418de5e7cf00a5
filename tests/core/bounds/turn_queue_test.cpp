#include "core/bounds/turn_queue.hpp"

#include <catch2/catch.hpp>
#include <functional>
#include <utility>

using namespace hongyan;

namespace {

struct note final : turn_queue::waiter {
  explicit note(std::function<void()> w) : what(std::move(w)) {}
  void run() override { what(); }
  std::function<void()> what;
};

struct fixture {
  void wait(const char* key, const char* name) {
    queue.wait(key, std::make_unique<note>([this, name] { ran += name; }));
  }
  std::string round() {
    more = queue.next_round();
    return std::exchange(ran, {});
  }
  turn_queue queue{2};
  std::string ran;
  bool more = true;
};

} // namespace

TEST_CASE_METHOD(fixture, "everybody has their turns in each round, and is alone in them", "[turn_queue]") {
  CHECK(queue.take("a"));
  CHECK(queue.take("a"));
  CHECK_FALSE(queue.take("a"));
  CHECK(queue.take("b"));
  CHECK(round() == "");
  CHECK_FALSE(more); // nobody waits: no round need follow
  CHECK(queue.take("a"));
}

TEST_CASE_METHOD(fixture, "who wants more waits behind its own, and holds up nobody", "[turn_queue]") {
  for (const char* name : {"1", "2", "3", "4", "5"}) wait("a", name);
  wait("b", "x");
  CHECK_FALSE(queue.take("a")); // others of it wait already
  CHECK(queue.waiting() == 6);
  auto first = round();
  CHECK((first == "12x" || first == "x12"));
  CHECK(more);
  CHECK(queue.waiting() == 3);
  wait("b", "y"); // a late one is not behind the crowd
  first = round();
  CHECK((first == "34y" || first == "y34"));
  CHECK(round() == "5");
  CHECK(more);
  CHECK(round() == "");
  CHECK_FALSE(more);
  CHECK(queue.waiting() == 0);
}

TEST_CASE_METHOD(fixture, "who has had a turn may ask for the next one in it", "[turn_queue]") {
  int turns = 0;
  std::function<void()> again = [&] {
    if (++turns < 3) queue.wait("a", std::make_unique<note>(again));
  };
  queue.wait("a", std::make_unique<note>(again));
  queue.next_round();
  CHECK(turns == 1); // one a round
  queue.next_round();
  queue.next_round();
  CHECK(turns == 3);
}
