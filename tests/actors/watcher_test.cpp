#include "actors/watcher.hpp"

#include "tests/support/actor_fixture.hpp"

#include <catch2/catch.hpp>
#include <csignal>
#include <stdexcept>

using namespace hongyan;
using namespace hongyan::test;

namespace {

volatile std::sig_atomic_t terms = 0;

caf::behavior fragile(caf::event_based_actor*, const char* fault) {
  return {[fault](caf::ok_atom) { throw std::runtime_error(fault); }};
}

/// Counts what would end the process.
struct watcher_fixture : actor_fixture {
  watcher_fixture() { terms = 0; }
  ~watcher_fixture() {
    caf::anon_send_exit(watcher, caf::exit_reason::user_shutdown);
    watcher = nullptr;
    run();
    end(first, second);
    std::signal(SIGTERM, before);
  }

  void (*before)(int) = std::signal(SIGTERM, [](int) { terms = terms + 1; });
  caf::actor first = system.spawn(fragile, "planted");
  caf::actor second = system.spawn(fragile, "planted");
  caf::actor watcher = system.spawn(watch, std::vector<caf::actor>{first, second}, &admitted);
};

} // namespace

TEST_CASE_METHOD(watcher_fixture, "a vital actor that throws ends the server, which says so", "[watcher]") {
  run();
  CHECK(admitted.dead_actor().empty());
  CHECK(terms == 0);
  self->send(second, caf::ok_atom::value);
  run();
  CHECK_FALSE(admitted.dead_actor().empty());
  CHECK(terms == 1);
}

TEST_CASE_METHOD(watcher_fixture, "ends that come after the watcher's own are nobody's fault", "[watcher]") {
  run();
  caf::anon_send_exit(watcher, caf::exit_reason::user_shutdown);
  run();
  caf::anon_send_exit(first, caf::exit_reason::user_shutdown);
  run();
  CHECK(admitted.dead_actor().empty());
  CHECK(terms == 0);
}
