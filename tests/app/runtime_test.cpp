#include "app/runtime.hpp"

#include "net/bridge.hpp"

#include <catch2/catch.hpp>
#include <latch>

using namespace hongyan;
using namespace std::chrono_literals;

namespace {

caf::behavior waits_for(caf::event_based_actor*, std::latch* go) {
  return {[go](caf::ok_atom) { go->wait(); }};
}

steady_time in(std::chrono::milliseconds time) { return std::chrono::steady_clock::now() + time; }

} // namespace

TEST_CASE("actors end, each where it runs, and then the shards", "[runtime]") {
  runtime r(2, false);
  REQUIRE(r.shards().size() == 2);
  std::latch open(0);
  for (const auto& shard : r.shards()) r.spawn_pinned<bridge>(*shard, *shard);
  auto busy = r.spawn_detached(waits_for, &open);
  r.start();
  const auto here = std::this_thread::get_id();
  CHECK(runtime::on_shard(*r.shards()[0], [] { return std::this_thread::get_id(); }) != here);
  CHECK(runtime::on_shard(*r.shards()[0], [] { return std::this_thread::get_id(); }) !=
        runtime::on_shard(*r.shards()[1], [] { return std::this_thread::get_id(); }));
  busy = nullptr;
  CHECK(r.end_actors(in(5s)));
  r.stop_shards();
  r.close_system();
}

TEST_CASE("an actor that does not end is not waited for beyond the deadline", "[runtime]") {
  runtime r(1, false);
  std::latch go(1);
  caf::anon_send(r.spawn_detached(waits_for, &go), caf::ok_atom::value);
  r.start();
  CHECK_FALSE(r.end_actors(in(50ms)));
  go.count_down();
  CHECK(r.end_actors(in(5s)));
  r.stop_shards();
}

TEST_CASE("a runtime that never started goes", "[runtime]") {
  runtime r(1, true);
  CHECK(r.end_actors(in(5s)));
}
