#include "core/bounds/rate_limit.hpp"

#include <catch2/catch.hpp>

using namespace hongyan;
using namespace std::chrono_literals;

TEST_CASE("a bucket gives its burst at once, then what flows in", "[rate_limit]") {
  rate_limit limit({10, 60});
  const rate_limit::time start{1000s};
  for (int i = 0; i < 60; ++i) REQUIRE_FALSE(limit.take("a", start));
  CHECK(limit.take("a", start) == 100ms);
  CHECK(limit.take("a", start + 40ms) == 60ms); // a refusal costs nothing
  CHECK_FALSE(limit.take("b", start));
  CHECK_FALSE(limit.take("a", start + 100ms));
  CHECK(limit.take("a", start + 100ms) == 100ms);
  for (int i = 0; i < 10; ++i) CHECK_FALSE(limit.take("a", start + 1100ms));
  CHECK(limit.take("a", start + 1100ms));
  // Full again, and not more than full.
  for (int i = 0; i < 60; ++i) REQUIRE_FALSE(limit.take("a", start + 1h));
  CHECK(limit.take("a", start + 1h) == 100ms);
}

TEST_CASE("buckets that are full again are forgotten", "[rate_limit]") {
  rate_limit limit({10, 60});
  rate_limit::time now{1000s};
  for (int i = 0; i < 100'000; ++i, now += 1ms) REQUIRE_FALSE(limit.take(std::to_string(i), now));
  CHECK(limit.keys() <= 1024); // a bucket is full again after 100 ms
}

TEST_CASE("without a rate there is no limit", "[rate_limit]") {
  rate_limit limit({0, 60});
  for (int i = 0; i < 10'000; ++i) REQUIRE_FALSE(limit.take("a", rate_limit::time{}));
}

TEST_CASE("what costs much is let in, and paid off before anything else is", "[rate_limit]") {
  rate_limit limit({10, 60});
  const rate_limit::time start{1000s};
  for (int i = 0; i < 59; ++i) REQUIRE_FALSE(limit.take("a", start));
  CHECK_FALSE(limit.take("a", start, 100)); // there was one left
  CHECK(limit.take("a", start) == 10s);     // 99 too many are paid off, and one more
  CHECK(limit.take("a", start + 9900ms) == 100ms);
  CHECK_FALSE(limit.take("a", start + 10s));
  limit.charge("b", start, 160);
  CHECK(limit.take("b", start) == 10100ms);
  rate_limit none({0, 0});
  none.charge("a", start, 1'000'000);
  CHECK_FALSE(none.take("a", start));
}
