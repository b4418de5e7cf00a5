#include "core/bounds/fair_queue.hpp"

#include <catch2/catch.hpp>
#include <vector>

using namespace hongyan;

namespace {

std::vector<std::string> all_of(fair_queue<std::string>& q) {
  std::vector<std::string> order;
  while (auto next = q.pop()) order.push_back(*next);
  return order;
}

} // namespace

TEST_CASE("lines take turns, each in its own order", "[fair_queue]") {
  fair_queue<std::string> q(1);
  for (int i = 0; i < 3; ++i) q.push("a", 1, "a" + std::to_string(i));
  for (int i = 0; i < 2; ++i) q.push("b", 1, "b" + std::to_string(i));
  CHECK(q.size() == 5);
  CHECK(q.waiting("a") == 3);
  CHECK(q.waiting("c") == 0);
  CHECK(all_of(q) == std::vector<std::string>{"a0", "b0", "a1", "b1", "a2"});
  CHECK(q.empty());
}

TEST_CASE("who asks for what costs much waits behind themselves", "[fair_queue]") {
  fair_queue<std::string> q(10);
  for (int i = 0; i < 3; ++i) q.push("greedy", 100, "G");
  for (int i = 0; i < 30; ++i) q.push("other", 1, "o");
  const auto order = all_of(q);
  // 10 a turn: the first costly one is let through only when the other has had as much as it costs, or nobody
  // waits.
  CHECK(std::vector<std::string>(order.begin(), order.begin() + 30) == std::vector<std::string>(30, "o"));
  CHECK(order.size() == 33);
}

TEST_CASE("a line alone is served whatever it costs", "[fair_queue]") {
  fair_queue<std::string> q(1);
  q.push("a", 1'000'000, "x");
  q.push("a", 1, "y");
  CHECK(all_of(q) == std::vector<std::string>{"x", "y"});
}

TEST_CASE("a newcomer waits for one turn of each other line at most", "[fair_queue]") {
  fair_queue<std::string> q(4);
  for (int i = 0; i < 100; ++i) q.push("a", 1, "a");
  CHECK(*q.pop() == "a");
  q.push("b", 1, "b");
  std::size_t before = 0;
  while (*q.pop() != "b") ++before;
  CHECK(before <= 4);
}

TEST_CASE("an idle line saves nothing up", "[fair_queue]") {
  fair_queue<std::string> q(2);
  q.push("a", 1, "a");
  CHECK(*q.pop() == "a");
  for (int i = 0; i < 4; ++i) q.push("a", 1, "a");
  for (int i = 0; i < 4; ++i) q.push("b", 1, "b");
  CHECK(all_of(q) == std::vector<std::string>{"a", "a", "b", "b", "a", "a", "b", "b"});
}

TEST_CASE("what cost more than was said is charged afterwards", "[fair_queue]") {
  fair_queue<std::string> q(10);
  for (int i = 0; i < 3; ++i) q.push("greedy", 1, "G");
  CHECK(*q.pop() == "G");
  q.charge("greedy", 100);
  for (int i = 0; i < 90; ++i) q.push("other", 1, "o");
  const auto order = all_of(q);
  CHECK(std::vector<std::string>(order.begin(), order.begin() + 90) == std::vector<std::string>(90, "o"));
  CHECK(order.size() == 92);
}

TEST_CASE("a debt is bounded, and gone with the line", "[fair_queue]") {
  fair_queue<std::string> q(1);
  q.charge("nobody", 1'000'000);
  for (int i = 0; i < 2; ++i) q.push("greedy", 1, "G");
  CHECK(*q.pop() == "G");
  q.charge("greedy", 1'000'000);
  for (int i = 0; i < 100; ++i) q.push("other", 1, "o");
  std::size_t others = 0;
  while (*q.pop() != "G") ++others;
  CHECK(others == 65); // 64 turns of debt, and the one that it needs
  while (q.pop()) {
  }
  q.push("greedy", 1, "G");
  q.push("other", 1, "o");
  CHECK(all_of(q) == std::vector<std::string>{"G", "o"});
}
