#include "core/bounds/place_table.hpp"

#include <catch2/catch.hpp>

using namespace hongyan;

TEST_CASE("a key has so many places, and each comes back", "[place_table]") {
  place_table table(2);
  auto one = table.take("a");
  {
    auto two = table.take("a");
    CHECK(two);
    CHECK_FALSE(table.take("a"));
    CHECK(table.take("b"));
    const auto moved = std::move(*two);
    CHECK_FALSE(table.take("a"));
  }
  CHECK(one);
  CHECK(table.take("a"));
}
