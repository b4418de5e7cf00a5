#include "actors/log_doubt.hpp"

#include "tests/support/actor_fixture.hpp"

#include <catch2/catch.hpp>

using namespace hongyan;
using hongyan::test::user;
using namespace std::chrono_literals;

namespace {

/// A doubt, and the two clocks it is asked by.
struct doubted {
  log_doubt of;
  steady_time now{1h};
  wall_time at{1000h};
  std::vector<user_id> online{user("1"), user("2")};
  cluster::delivery_order order;

  std::optional<log_doubt::question> next() {
    return of.next(now, at, [this] { return online; });
  }
  void pass(std::chrono::milliseconds time) {
    now += time;
    at += time;
  }
  /// Whether a round was asked for, and nothing was found.
  bool round() {
    const auto asked = next();
    if (asked) of.looked_at({}, order, now);
    return asked.has_value();
  }
};

} // namespace

TEST_CASE("without a doubt nothing is asked", "[cluster]") {
  doubted d;
  CHECK_FALSE(d.next());
}

TEST_CASE("a doubt asks for all who are online, until it is over", "[cluster]") {
  doubted d;
  d.of.raise(d.at, d.now);
  const auto asked = d.next();
  REQUIRE(asked);
  CHECK(asked->users == std::vector{user("1"), user("2")});
  CHECK(asked->ranges.empty());
  CHECK(asked->since == d.at - log_doubt::reach);
  CHECK_FALSE(d.next()); // one question at a time
  d.of.looked_at({}, d.order, d.now);
  CHECK_FALSE(d.next()); // and a pause between rounds
  int rounds = 1;
  for (d.pass(log_doubt::between_rounds); d.round(); d.pass(log_doubt::between_rounds)) ++rounds;
  CHECK(rounds == 11); // the last one begins when the doubt has ended
  d.pass(1h);
  CHECK_FALSE(d.next());
}

TEST_CASE("who are many are asked about some at a time", "[cluster]") {
  doubted d;
  d.online.clear();
  for (std::size_t i = 0; i < log_doubt::users_a_question + 1; ++i)
    d.online.push_back(user(std::to_string(i)));
  d.of.raise(d.at, d.now);
  CHECK(d.next()->users.size() == log_doubt::users_a_question);
  d.of.looked_at({}, d.order, d.now);
  CHECK(d.next()->users.size() == 1); // without a pause
}

TEST_CASE("what is new in the log is asked for before others are", "[cluster]") {
  doubted d;
  std::vector<committed_message> out;
  for (const std::int64_t conversation : {1, 2}) {
    message m;
    m.conversation_id = conversation;
    m.seq = 5;
    d.order.offer({std::make_shared<const message>(m), {}}, d.now, out);
  }
  d.of.raise(d.at, d.now);
  REQUIRE(d.next());
  activity_answer found;
  found.rows = {{1, 7}, {1, 8}, {2, 5}, {3, 90}};
  d.of.looked_at(found, d.order, d.now);
  const auto asked = d.next();
  REQUIRE(asked);
  CHECK(asked->users.empty());
  REQUIRE(asked->ranges.size() == 2); // conversation 2 was shown as far as it goes
  CHECK(asked->ranges[0].conversation_id == 1);
  CHECK(asked->ranges[0].after_seq == 5);
  CHECK(asked->ranges[0].before_seq == 9);
  CHECK(asked->ranges[1].conversation_id == 3);
  CHECK(asked->ranges[1].after_seq == 70); // nothing is known of it
}

TEST_CASE("a round that failed does not count", "[cluster]") {
  doubted d;
  d.of.raise(d.at, d.now);
  const auto since = d.next()->since;
  d.of.answered(false, d.now);
  d.pass(1h);
  CHECK(d.next()->since == since); // the next begins at the same place, however late
  d.of.answered(false, d.now);
  d.pass(log_doubt::between_rounds);
  CHECK(d.round());
  d.pass(log_doubt::between_rounds);
  CHECK_FALSE(d.next());
}

TEST_CASE("a round begins where the one before it has looked, or where an older doubt does", "[cluster]") {
  doubted d;
  d.of.raise(d.at, d.now);
  CHECK(d.round());
  const auto first = d.at;
  d.pass(5s);
  CHECK(d.next()->since == first - log_doubt::reach);
  d.of.raise(first - 1h, d.now);
  d.of.looked_at({}, d.order, d.now);
  d.pass(5s);
  CHECK(d.next()->since == first - 1h - log_doubt::reach);
}
