#include "core/tools/trace_log.hpp"

#include <catch2/catch.hpp>

#include <thread>

using namespace hongyan;
using what = trace_event::what;

namespace {

constexpr std::size_t plenty = 1 << 20;

} // namespace

TEST_CASE("what became of a message is told by its seq, or its id") {
  trace_log log;
  log.set_memory(plenty);
  log.note(what::committed, 7, 10, 12);
  log.note(what::announced, 7, 10, 12, "", "", 3);
  log.note(what::taken, 7, 11, 11, "li4", "0123456789abcdef");
  log.note(what::taken, 0, 501, 501, "zhang3");
  log.note(what::read, 7, 0, 11, "li4");
  const auto found = log.find(7, 11, 501, 20);
  REQUIRE(found.events.size() == 5);
  CHECK(found.events[0].of == what::committed);
  CHECK(found.events[1].count == 3);
  CHECK(found.events[2].session == "0123456789abcdef");
  CHECK(found.events[3].session.empty());
  CHECK(found.events[4].user == "li4");
  CHECK(found.taken == 2);
  CHECK(found.first_taken == found.events[2].at);
  CHECK(found.last_taken == found.events[3].at);
  CHECK(log.find(7, 12, 502, 20).events.size() == 2);
  CHECK(log.find(8, 11, 9, 20).events.empty());
}

TEST_CASE("of many sockets some are listed, and all are counted") {
  trace_log log;
  log.set_memory(plenty);
  for (int i = 0; i < 500; ++i) log.note(what::taken, 7, 1, 1, "u" + std::to_string(i), "s");
  const auto found = log.find(7, 1, 0, 20);
  CHECK(found.events.size() == 20);
  CHECK(found.events.back().user == "u19");
  CHECK(found.taken == 500);
}

TEST_CASE("the newest fit, whatever is written") {
  trace_log log;
  CHECK(log.find(1, 1, 1, 20).events.empty());
  log.note(what::committed, 1, 1, 1); // without memory
  CHECK(log.find(1, 1, 1, 20).events.empty());
  log.set_memory(8 * 96 * 4);
  for (int i = 1; i <= 9; ++i)
    log.note(what::committed, 1, i, i, std::string(100, 'u'), std::string(40, 's'));
  std::size_t kept = 0;
  for (int i = 1; i <= 9; ++i) kept += log.find(1, i, 0, 20).events.size();
  CHECK(kept == 4);
  const auto newest = log.find(1, 9, 0, 20).events;
  REQUIRE(newest.size() == 1);
  CHECK(newest[0].user == std::string(42, 'u'));
  CHECK(newest[0].session == std::string(16, 's'));
}

TEST_CASE("threads write at once, and one looks meanwhile") {
  trace_log log;
  log.set_memory(plenty);
  std::vector<std::thread> threads;
  for (int t = 0; t < 4; ++t)
    threads.emplace_back([&log, t] {
      for (int i = 1; i <= 500; ++i) log.note(what::taken, t + 1, i, i, "u", "s");
    });
  for (int i = 0; i < 50; ++i) CHECK(log.find(1, 1, 0, 20).events.size() <= 1);
  for (auto& one : threads) one.join();
  for (int t = 1; t <= 4; ++t) CHECK(log.find(t, 500, 0, 20).taken == 1);
}
