#include "core/tools/circuit_breaker.hpp"

#include <catch2/catch.hpp>

using namespace hongyan;
using namespace std::chrono_literals;

TEST_CASE("a breaker opens after failures in a row, and tries one call after each pause",
          "[circuit_breaker]") {
  circuit_breaker breaker(3, 10s);
  const circuit_breaker::time start{1000s};
  breaker.failed(start);
  breaker.failed(start);
  CHECK_FALSE(breaker.refuses(start));
  breaker.succeeded(); // not in a row
  breaker.failed(start);
  breaker.failed(start);
  CHECK_FALSE(breaker.refuses(start));
  breaker.failed(start);
  CHECK(breaker.refuses(start) == 10s);
  CHECK(breaker.refuses(start + 9999ms) == 1ms);

  CHECK_FALSE(breaker.refuses(start + 10s)); // one tries
  CHECK(breaker.refuses(start + 10s) == 10s);
  breaker.failed(start + 13s);
  CHECK(breaker.refuses(start + 20s) == 3s);

  CHECK_FALSE(breaker.refuses(start + 23s));
  breaker.succeeded();
  CHECK_FALSE(breaker.refuses(start + 23s));
  CHECK_FALSE(breaker.refuses(start + 23s));
}
