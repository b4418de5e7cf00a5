/// A clock that is set forward and back changes the times that are shown, and nothing else.
#include "persistence/changes.hpp"
#include "persistence/views.hpp"
#include "tests/persistence/store_fixtures.hpp"

#include <array>

using namespace hongyan;
using namespace hongyan::testing;
using namespace std::chrono_literals;

namespace {

/// Years as the calendar has them on average; by an hour back, a day and ten years forward, and back again.
constexpr std::array<std::chrono::milliseconds, 7> steps{0h, -1h, 24h, 87'660h, -87'660h, -24h, 1ms};

constexpr wall_time start = wall_time(1'764'000'000'000ms);

} // namespace

STORE_TEST("whatever the clock does, seqs are dense, ids ascend, and a repeat is a repeat") {
  TestType database;
  auto store = opened(database.url);
  auto writer = store->make_writer();
  auto reader = store->make_reader();
  wall_time now = start;
  std::int64_t seq = 0, id = 0;
  std::vector<wall_time> shown;
  for (int round = 0; round < 5; ++round) {
    for (const auto step : steps) {
      now += step;
      const std::string name = std::to_string(++seq);
      const auto done = append(*writer, {chat("1", "2", name, name)}, now);
      REQUIRE(done[0].status == append_status::stored);
      REQUIRE(done[0].seq == seq);
      REQUIRE(done[0].id > id);
      id = done[0].id;
      shown.push_back(now);
      const auto again = append(*writer, {chat("1", "2", name, name)}, now - 48h);
      REQUIRE(again[0].status == append_status::duplicate);
      REQUIRE(again[0].seq == seq);
      REQUIRE(again[0].created_at == now);
    }
  }

  const log_range all{.conversation_id = append(*writer, {chat("1", "2", "0", "1")})[0].conversation_id,
                      .after_seq = 0,
                      .before_seq = seq + 1,
                      .limit = 1000};
  const auto log = reader->log(std::span(&all, 1)).value();
  REQUIRE(log.size() == shown.size());
  for (std::size_t i = 0; i < log.size(); ++i) {
    CHECK(log[i].seq == static_cast<std::int64_t>(i + 1));
    CHECK(log[i].created_at == shown[i]);
  }
  const auto newest = latest(*reader, {.user = user("2"), .limit = 3});
  CHECK(contents(newest) ==
        std::vector{std::to_string(seq - 2), std::to_string(seq - 1), std::to_string(seq)});
}

STORE_TEST("a resume asks by seq: a message of an earlier time than the one before it comes all the same") {
  TestType database;
  auto store = opened(database.url);
  auto writer = store->make_writer();
  auto reader = store->make_reader();
  const auto first = append(*writer, {chat("1", "2", "a")}, start + 24h)[0];
  append(*writer, {chat("1", "2", "b")}, start);

  const auto page =
      hongyan::sync(*reader, {.user = user("2"), .positions = {{first.conversation_id, 1}}}).value();
  REQUIRE(page.conversations.size() == 1);
  CHECK(page.conversations[0].unread == 2);
  CHECK(contents(page.conversations[0].messages) == std::vector<std::string>{"b"});
}

STORE_TEST(
    "the conversation list is by the time shown: a clock that was ahead keeps one on top until it is said in "
    "again") {
  TestType database;
  auto store = opened(database.url);
  auto writer = store->make_writer();
  auto reader = store->make_reader();
  const auto list = [&] {
    std::string names;
    for (const auto& c : list_conversations(*reader, {.user = user("me")}).value().conversations)
      names += c.of.with.id.text();
    return names;
  };
  append(*writer, {chat("a", "me", "1")}, start + 24h);
  append(*writer, {chat("b", "me", "2")}, start);
  CHECK(list() == "ab");
  append(*writer, {chat("a", "me", "3")}, start + 1s);
  append(*writer, {chat("b", "me", "4")}, start + 2s);
  CHECK(list() == "ba");
}

STORE_TEST(
    "a recall's window is around the time shown: what a clock stamped that was ahead is not recallable for "
    "longer") {
  TestType database;
  auto store = opened(database.url);
  auto writer = store->make_writer();
  append(*writer, {chat("1", "2", "ahead")}, start + 1h);
  append(*writer, {chat("1", "2", "behind")}, start - 1h);
  append(*writer, {chat("1", "2", "right")}, start);
  const auto recall = [&](std::int64_t seq, wall_time now) {
    return apply(*writer, {user("1"), recall_message{.in = user("2"), .seq = seq, .window = 120s}}, now);
  };
  CHECK(failure(recall(2, start)).code == errc::forbidden);
  CHECK(recall(3, start + 120s).has_value());
  CHECK(failure(recall(1, start)).code == errc::forbidden);
  CHECK(failure(recall(1, start + 1h + 121s)).code == errc::forbidden);
  CHECK(recall(1, start + 1h + 120s).has_value());
}
