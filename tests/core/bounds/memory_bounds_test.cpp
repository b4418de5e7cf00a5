#include "core/bounds/memory_bounds.hpp"

#include <catch2/catch.hpp>
#include <map>
#include <string>

using namespace hongyan;

TEST_CASE("the bounds are the limits' worst cases", "[memory_bounds]") {
  limits small;
  small.connections = 10;
  small.memory = 12'345;
  small.message_bytes = 500;
  small.body_bytes = 200;
  small.content_chars = 10;
  small.object_bytes = 50;
  small.ext_bytes = 7;
  small.name_chars = 2;
  small.backlog = 3;
  small.deliveries = 4;
  small.history = 2;
  small.searches = 3;
  std::map<std::string, std::size_t, std::less<>> bounds;
  for (const auto& [what, bytes] : memory_bounds(small, false)) bounds.emplace(what, bytes);

  const std::size_t message = 60 + 7 + 24 + 512;
  CHECK(bounds["clients"] == 12'345);
  CHECK(bounds["writes"] == 3 * 500);
  CHECK(bounds["deliveries"] == 4 * message);
  CHECK(bounds["reads"] == (2 + 3) * 500);
  CHECK(bounds["rates"] == 800'000'000);
  CHECK(bounds.size() == 5);

  const auto of_node = memory_bounds(small, true);
  REQUIRE(of_node.size() == 6);
  CHECK(of_node.back().what == "cluster");
  CHECK(of_node.back().bytes == 256ULL * ((4 << 20) + (10 << 20) + 131'072 + 10 * 256) + 35'000 * message);
}
