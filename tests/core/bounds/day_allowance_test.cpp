#include "core/bounds/day_allowance.hpp"

#include <catch2/catch.hpp>

using namespace hongyan;
using namespace std::chrono_literals;

TEST_CASE("a day's allowance comes back hour by hour", "[day_allowance]") {
  day_allowance of(100);
  const day_allowance::time start{1'000'000h};
  CHECK_FALSE(of.take("a", 60, start));
  CHECK_FALSE(of.take("a", 40, start + 2h));
  CHECK(of.take("a", 1, start + 2h) == 22h); // when the first hour is a day old
  CHECK(of.take("a", 1, start + 23h + 30min) == 30min);
  CHECK_FALSE(of.take("b", 100, start + 2h));
  CHECK_FALSE(of.take("a", 60, start + 24h));
  CHECK(of.take("a", 1, start + 24h) == 2h);
  CHECK_FALSE(of.take("a", 100, start + 72h));
}

TEST_CASE("what is over the allowance at once is told so, and counts nothing", "[day_allowance]") {
  day_allowance of(100);
  const day_allowance::time start{1'000'000h};
  CHECK(of.take("a", 101, start));
  CHECK_FALSE(of.take("a", 100, start));
}

TEST_CASE("an allowance of nothing is none", "[day_allowance]") {
  day_allowance of(0);
  CHECK_FALSE(of.take("a", 1'000'000'000, day_allowance::time{}));
}

TEST_CASE("an allowance is met on a machine that was started within a day", "[day_allowance]") {
  day_allowance of(100);
  const day_allowance::time start{3h};
  CHECK_FALSE(of.take("a", 100, start));
  CHECK(of.take("a", 1, start) == 24h);
  CHECK(of.take("a", 1, start + 1h) == 23h);
}
