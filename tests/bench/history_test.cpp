#include "bench/history.hpp"

#include <catch2/catch.hpp>
#include <sstream>

using namespace hongyan;
using namespace hongyan::bench;

TEST_CASE("an event comes back from its line as it was", "[bench][history]") {
  const event e{.kind = event_kind::entry,
                .at = 12'345'678'901,
                .client = "100000001",
                .session = 7,
                .node = "127.0.0.1:8080",
                .conversation = "g1",
                .epoch = "53955c7c7d25e10e",
                .seq = 9,
                .from = "100000002",
                .client_msg_id = "m\"4",
                .body = body_hash("你好"),
                .how = shown::by_sync,
                .users = {"a", "b"},
                .text = "group"};
  const auto line = to_line(e);
  CAPTURE(line);
  const auto back = read_line(line);
  REQUIRE(back.has_value());
  CHECK(to_line(*back) == line);
  CHECK(back->body == e.body);
  CHECK(back->client_msg_id == e.client_msg_id);
  CHECK(back->users == e.users);
  CHECK(line.find("\n") == std::string::npos);
}

TEST_CASE("a history that cannot be read is refused with the line", "[bench][history]") {
  const auto good = to_line({.kind = event_kind::healed, .at = 1});
  std::vector<event> events;
  SECTION("a line that is none") {
    std::istringstream file(good + "\n{\"event\":\"flew\"}\n" + good + "\n");
    const auto read = read_history(file, "run.jsonl", events);
    REQUIRE_FALSE(read.has_value());
    CHECK(read.error().detail == "run.jsonl, line 2: no event that is known: 'flew'");
  }
  SECTION("a last line that was cut off is left out") {
    std::istringstream file(good + "\n" + good + "\n" + good.substr(0, 9));
    CHECK(read_history(file, "run.jsonl", events).has_value());
    CHECK(events.size() == 2);
  }
}
