#include "webhooks/delivery.hpp"

#include <catch2/catch.hpp>

using namespace hongyan;
using namespace hongyan::webhooks;
using namespace std::chrono_literals;

namespace {

wall_time at(std::chrono::seconds since_begin) { return wall_time(1'000'000s + since_begin); }

event one(std::int64_t id, std::int64_t conversation, event_type type = event_type::message_created) {
  return {.id = id, .conversation_id = conversation, .type = type, .at = at(0s), .data = "{}"};
}

event_page page(std::vector<event> events, std::int64_t up_to = 0) {
  const auto last = events.empty() ? up_to : std::max(up_to, events.back().id);
  return {std::move(events), last};
}

const attempt good{.what = attempt::outcome::delivered};
const attempt bad{.what = attempt::outcome::failed, .why = "it answered 500"};

/// Sends what it may, without answers.
std::vector<std::int64_t> sends(delivery& of, std::chrono::seconds now = 0s) {
  std::vector<std::int64_t> ids;
  while (const auto next = of.next(at(now))) ids.push_back(next->id);
  return ids;
}

using ids = std::vector<std::int64_t>;

} // namespace

TEST_CASE("events of a conversation go one after the other, of several at once, up to a bound") {
  delivery of({.concurrency = 3}, {.name = "w", .position = 10}, at(0s));
  CHECK(of.wants() == 10);
  of.load(page({one(11, 1), one(12, 1), one(13, 2), one(14, 3), one(15, 4)}), at(0s));
  CHECK(sends(of) == ids{11, 13, 14});
  of.answered(13, good, at(1s));
  CHECK(sends(of) == ids{15});
  CHECK(of.position() == 10);
  of.answered(11, good, at(1s));
  CHECK(sends(of) == ids{12});
  CHECK(of.position() == 11);
  for (const auto id : {12, 14, 15}) of.answered(id, good, at(1s));
  CHECK(of.position() == 15);
  CHECK(of.in_flight() == 0);
  CHECK(of.lag(at(9s)) == 0s);
}

TEST_CASE("what nobody asked for, and what is too old, is passed over") {
  delivery of({.types = {"group.changed"}, .keep = 1h}, {.name = "w", .position = 0}, at(0s));
  of.load(page({one(1, 1), one(2, 1, event_type::group_changed)}), at(0s));
  CHECK(sends(of) == ids{2});
  of.answered(2, good, at(0s));
  of.load(page({one(3, 1, event_type::group_changed)}, 9), at(3601s));
  CHECK(sends(of) == ids{});
  CHECK(of.dropped() == 1);
  CHECK(of.position() == 9);
}

TEST_CASE("what gets too old while it waits is passed over as well, unless it is asked for again") {
  delivery of({.concurrency = 1, .keep = 1h}, {.name = "w", .position = 0}, at(0s));
  const auto first = one(1, 1), second = one(2, 1), third = one(3, 2);
  of.load(page({first, second, third}), at(0s));
  CHECK(sends(of) == ids{1});
  of.answered(1, bad, at(0s));
  CHECK(sends(of) == ids{3}); // which was loaded, and waits no longer
  CHECK(!of.is_too_old(3, third, at(3600s)));
  CHECK(of.is_too_old(3, third, at(3601s)));
  CHECK(of.position() == 3);
  CHECK(sends(of, 3601s) == ids{1}); // which are parked
  CHECK(of.is_too_old(1, first, at(3601s)));
  CHECK(sends(of, 3601s) == ids{2});
  CHECK(of.is_too_old(2, second, at(3601s)));
  CHECK(of.dropped() == 3);
  CHECK(of.in_flight() == 0);
  CHECK(of.lag(at(3601s)) == 0s);
  of.want({.replay_ids = {1}}, at(3602s));
  CHECK(sends(of, 3602s) == ids{1});
  CHECK(!of.is_too_old(1, first, at(3602s)));
  CHECK(of.take_failed().empty());
}

TEST_CASE(
    "one that fails holds up its own conversation, and is given up after half an hour in which others went") {
  delivery of({}, {.name = "w", .position = 0}, at(0s));
  of.load(page({one(1, 1), one(2, 1), one(3, 2)}), at(0s));
  CHECK(sends(of) == ids{1, 3});
  of.answered(1, bad, at(0s));
  CHECK(of.position() == 2); // the notes have both
  of.answered(3, good, at(0s));
  of.load(page({one(4, 1), one(5, 2)}), at(1s));
  CHECK(sends(of, 1s) == ids{5});
  of.answered(5, good, at(1s));
  CHECK(sends(of, 4s) == ids{});
  CHECK(sends(of, 5s) == ids{1});
  of.answered(1, bad, at(5s));
  CHECK(sends(of, 304s) == ids{});
  CHECK(of.due(at(304s)) == at(305s));
  CHECK(sends(of, 305s) == ids{1});
  of.answered(1, bad, at(305s));
  CHECK(of.due(at(305s)) == at(1800s));
  CHECK(sends(of, 1800s) == ids{1});
  of.answered(1, bad, at(1800s));
  const auto failed = of.take_failed();
  REQUIRE(failed.size() == 1);
  CHECK(failed[0].id == 1);
  CHECK(failed[0].attempts == 4);
  CHECK(failed[0].why == "it answered 500");
  CHECK(sends(of, 1800s) == ids{2});
  of.answered(2, good, at(1800s));
  CHECK(sends(of, 1800s) == ids{4});
  of.answered(4, good, at(1800s));
  CHECK(of.position() == 5);
  CHECK(of.lag(at(2000s)) == 0s);
}

TEST_CASE(
    "once one is given up the next ones of its conversation are at their first failure, until one goes") {
  delivery of({}, {.name = "w", .position = 0}, at(0s));
  of.load(page({one(1, 1), one(2, 1), one(3, 1), one(4, 1), one(5, 1), one(6, 2)}), at(0s));
  CHECK(sends(of) == ids{1, 6});
  of.answered(1, bad, at(0s));
  of.answered(6, good, at(1s));
  const auto fail_at = [&](std::int64_t id, std::chrono::seconds when) {
    CHECK(sends(of, when) == ids{id});
    of.answered(id, bad, at(when));
  };
  fail_at(1, 5s);
  fail_at(1, 1800s);
  // Others go on meanwhile.
  std::int64_t other = 7;
  const auto go_elsewhere = [&](std::chrono::seconds when) {
    of.load(page({one(other, 2)}), at(when));
    const auto sent = sends(of, when);
    for (const auto id : sent) of.answered(id, id == other ? good : bad, at(when));
    ++other;
  };
  go_elsewhere(1801s); // 2 fails its first time, beside it
  CHECK(of.take_failed().size() == 1);
  go_elsewhere(1900s);
  const auto failed = of.take_failed();
  REQUIRE(failed.size() == 1);
  CHECK(failed[0].id == 2);
  CHECK(sends(of, 1900s) == ids{3});
  of.answered(3, good, at(1900s)); // it is as patient as ever again
  fail_at(4, 1900s);
  go_elsewhere(1906s);
  go_elsewhere(2300s);
  CHECK(of.take_failed().empty());
}

TEST_CASE("a receiver that fails is tried by one event at a time, and its first answer lets all go on") {
  delivery of({}, {.name = "w", .position = 0}, at(0s));
  of.load(page({one(1, 1), one(2, 2), one(3, 3), one(4, 4), one(5, 5)}), at(0s));
  CHECK(sends(of).size() == 5);
  for (std::int64_t id = 1; id <= 5; ++id) of.answered(id, bad, at(0s));
  CHECK(of.is_failing());
  CHECK(of.wants() == 5); // for one more, to try it by
  CHECK(sends(of, 4s) == ids{});
  auto now = 0s;
  for (const auto delay : {5s, std::chrono::seconds(5min), std::chrono::seconds(30min),
                           std::chrono::seconds(2h), std::chrono::seconds(5h)}) {
    CHECK(sends(of, now + delay - 1s) == ids{});
    now += delay;
    const auto sent = sends(of, now);
    REQUIRE(sent.size() == 1);
    of.answered(sent[0], bad, at(now));
  }
  CHECK(of.take_failed().empty()); // however long
  now += 10h;
  const auto first = sends(of, now);
  REQUIRE(first.size() == 1);
  of.answered(first[0], good, at(now));
  CHECK(sends(of, now).size() == 4);
  CHECK(of.wants().has_value());
}

TEST_CASE("Retry-After is heeded, up to an hour") {
  delivery of({}, {.name = "w", .position = 0}, at(0s));
  of.load(page({one(1, 1)}), at(0s));
  CHECK(sends(of) == ids{1});
  of.answered(1, {.why = "it answered 429", .retry_after = 60s}, at(0s));
  CHECK(of.due(at(0s)) == at(60s));
  CHECK(sends(of, 60s) == ids{1});
  of.answered(1, {.why = "it answered 429", .retry_after = 5h}, at(60s));
  CHECK(of.due(at(60s)) == at(3660s));
}

TEST_CASE("who is gone is called no more until somebody says so") {
  delivery of({}, {.name = "w", .position = 0}, at(0s));
  of.load(page({one(1, 1), one(2, 1)}), at(0s));
  CHECK(sends(of) == ids{1});
  of.answered(1, {.what = attempt::outcome::gone, .why = "it answered 410"}, at(0s));
  CHECK(of.is_disabled());
  CHECK(sends(of, 90000s) == ids{});
  delivery next({}, {.name = "w", .position = of.position(), .notes = of.notes(at(1s))}, at(1s));
  CHECK(next.is_disabled());
  CHECK(sends(next, 2s) == ids{});
  next.want(*parse_wish(write_wish({.enable = true})), at(3s));
  CHECK(sends(next, 3s) == ids{1});
  next.answered(1, good, at(3s));
  CHECK(sends(next, 3s) == ids{2});
}

TEST_CASE("who takes over knows what waits, and tries it at once") {
  delivery of({}, {.name = "w", .position = 0}, at(0s));
  of.load(page({one(1, 1), one(2, 1), one(3, 2), one(4, 2)}), at(0s));
  CHECK(sends(of) == ids{1, 3});
  of.answered(1, bad, at(0s));
  delivery next({}, {.name = "w", .position = of.position(), .notes = of.notes(at(1s))}, at(1s));
  CHECK(next.position() == 2);
  CHECK(sends(next, 1s) == ids{1});
  next.answered(1, good, at(1s));
  CHECK(sends(next, 1s) == ids{2});
  CHECK(next.wants() == 2);
  next.load(page({one(3, 2), one(4, 2)}), at(1s));
  CHECK(sends(next, 1s) == ids{3});
}

TEST_CASE("what is wanted again is sent without order, and what fails then is on the list again") {
  delivery of({}, {.name = "w", .position = 20}, at(0s));
  of.want(*parse_wish(write_wish({.replay_after = 15})), at(0s));
  of.want(*parse_wish(write_wish({.replay_ids = {3, 4}})), at(0s));
  CHECK(of.take_retried() == ids{3, 4});
  REQUIRE(of.wants_again().has_value());
  CHECK(*of.wants_again() == std::pair<std::int64_t, std::int64_t>{15, 20});
  of.load_again(page({one(16, 1), one(17, 1), one(21, 1)}, 1015));
  CHECK_FALSE(of.wants_again().has_value());
  CHECK(sends(of) == ids{3, 4, 16, 17});
  of.answered(3, bad, at(0s));
  CHECK(of.take_failed().at(0).id == 3);
  for (const auto id : {4, 16, 17}) of.answered(id, good, at(0s));
  CHECK(sends(of, 1s) == ids{});
  CHECK(of.position() == 20);
}

TEST_CASE("notes and wishes that nobody can read are none") {
  for (const auto* notes : {"", "x", "[]", "{\"parked\":[1,{\"in\":1,\"ids\":[]}],\"again\":\"x\"}"}) {
    delivery of({}, {.name = "w", .position = 3, .notes = notes}, at(0s));
    CHECK(of.position() == 3);
    CHECK(sends(of) == ids{});
  }
  CHECK_FALSE(parse_wish("x").has_value());
}

TEST_CASE("more than a bound is neither loaded nor parked") {
  delivery of({}, {.name = "w", .position = 0}, at(0s));
  std::vector<event> many;
  for (std::int64_t id = 1; id <= 1000; ++id) many.push_back(one(id, 1));
  of.load(page(std::move(many)), at(0s));
  CHECK_FALSE(of.wants().has_value());
  CHECK(sends(of) == ids{1});
  of.answered(1, bad, at(0s));
  for (std::int64_t from = 1001; of.wants(); from += 1000) {
    std::vector<event> more;
    for (std::int64_t id = from; id < from + 1000; ++id) more.push_back(one(id, 1));
    of.load(page(std::move(more)), at(0s));
    REQUIRE(from < 20'000);
  }
  CHECK(of.position() == 10'000);
}

TEST_CASE("what is refused alone, in a quiet hour, stands for nobody else") {
  delivery of({}, {.name = "w", .position = 0}, at(0s));
  of.load(page({one(1, 1), one(2, 2), one(3, 3)}), at(0s));
  for (const auto id : sends(of))
    of.answered(id, {.why = "it answered 400", .is_of_receiver = false}, at(0s));
  CHECK_FALSE(of.is_failing());
  of.load(page({one(4, 4)}), at(1s));
  CHECK(sends(of, 1s) == ids{4});

  // Three at once that a receiver answers 500, and it takes all others.
  delivery other({}, {.name = "w", .position = 0}, at(0s));
  other.load(page({one(1, 1), one(2, 2), one(3, 3)}), at(0s));
  for (const auto id : sends(other)) other.answered(id, bad, at(0s));
  CHECK(other.is_failing());
  other.load(page({one(4, 4)}), at(1s));
  CHECK(sends(other, 5s) == ids{4});
  other.answered(4, good, at(5s));
  CHECK_FALSE(other.is_failing());
}

TEST_CASE("what has not had its turn is not sent again before it, and what fails twice is on the list once") {
  delivery of({.concurrency = 2}, {.name = "w", .position = 0}, at(0s));
  of.load(page({one(1, 1), one(2, 1)}), at(0s));
  CHECK(sends(of) == ids{1});
  of.want({.replay_ids = {2, 99}}, at(0s));
  CHECK(sends(of) == ids{});
  of.answered(1, good, at(0s));
  CHECK(sends(of) == ids{2});
  of.answered(2, good, at(0s));
  of.want({.replay_ids = {1, 1}}, at(0s));
  for (int i = 0; i < 2; ++i)
    if (const auto next = of.next(at(0s))) of.answered(next->id, bad, at(0s));
  const auto failed = of.take_failed();
  REQUIRE(failed.size() == 1);
  of.put_back(failed, {});
  CHECK(of.take_failed().size() == 1);
}

TEST_CASE("what waits for long since nothing went is tried when something goes") {
  delivery of({}, {.name = "w", .position = 0}, at(0s));
  of.load(page({one(1, 1)}), at(0s));
  for (const auto when : {0s, 5s, 305s}) {
    CHECK(sends(of, when) == ids{1});
    of.answered(1, bad, at(when));
  }
  of.load(page({one(2, 2)}), at(400s));
  CHECK(sends(of, 400s) == ids{2});
  of.answered(2, good, at(400s));
  CHECK(sends(of, 400s) == ids{1});
  of.answered(1, bad, at(400s));
  CHECK(of.take_failed().empty()); // until now it could be the receiver
  CHECK(sends(of, 500s) == ids{});
}
