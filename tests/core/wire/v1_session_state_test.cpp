#include "core/wire/v1/session_state.hpp"

#include <catch2/catch.hpp>

using namespace hongyan;
using namespace hongyan::v1;
using namespace std::chrono_literals;

namespace {

// Hundreds of thousands of sessions are idle: each byte of them counts.
static_assert(sizeof(in_flight) + sizeof(silence) + sizeof(moved_positions) + sizeof(typing_throttle) +
                  sizeof(watch_list) + sizeof(outbox) <
              300);

const steady_time start{};

std::vector<user_id> users(int first, int last) {
  std::vector<user_id> out;
  for (int i = first; i <= last; ++i) out.push_back(*user_id::from_number(static_cast<std::uint64_t>(i)));
  return out;
}

std::vector<user_id> sorted(std::vector<user_id> ids) {
  std::ranges::sort(ids);
  return ids;
}

frame of(std::size_t bytes) { return std::make_shared<const std::string>(bytes, 'x'); }

} // namespace

TEST_CASE("32 sends and 64 requests may be in flight", "[v1][session_state]") {
  in_flight a;
  for (int i = 0; i < 32; ++i) REQUIRE(a.begin(true).has_value());
  REQUIRE(a.begin(true).has_error());
  CHECK(a.begin(true).error().code == errc::rate_limited);
  for (int i = 0; i < 32; ++i) REQUIRE(a.begin(false).has_value());
  CHECK(a.begin(false).error().code == errc::rate_limited);

  a.end(true);
  CHECK(a.begin(true).has_value());
  CHECK(a.begin(true).has_error());
  for (int i = 0; i < 32; ++i) a.end(true);
  for (int i = 0; i < 32; ++i) a.end(false);
  for (int i = 0; i < 64; ++i) REQUIRE(a.begin(false).has_value());
  CHECK(a.begin(false).has_error());
}

TEST_CASE("silence runs from what was heard last", "[v1][session_state]") {
  silence s(start);
  CHECK(s.silent_since() == start);
  s.heard(start + 5s);
  CHECK(s.silent_since() == start + 5s);
}

TEST_CASE("positions that moved are told once, with their highest seq", "[v1][session_state]") {
  moved_positions p;
  CHECK(p.take_positions().empty());
  p.note(3, 4);
  p.note(5, 1);
  p.note(3, 6);
  p.note(3, 5);
  CHECK(p.take_positions() == std::vector<std::pair<std::int64_t, std::int64_t>>{{3, 6}, {5, 1}});
  CHECK(p.take_positions().empty());

  for (int i = 1; i <= 1025; ++i) p.note(i, 1);
  const auto many = p.take_positions();
  REQUIRE(many.size() == 1024);
  CHECK(many.front().first == 2);
  CHECK(many.back().first == 1025);
}

TEST_CASE("typing goes through once in two seconds and place", "[v1][session_state]") {
  typing_throttle t;
  const peer_or_group one = users(1, 1).front();
  const peer_or_group group_one = peer_or_group::group(one.id);
  CHECK(t.let_through(one, start));
  CHECK(t.let_through(group_one, start + 1s));
  CHECK_FALSE(t.let_through(one, start + 1999ms));
  CHECK(t.let_through(one, start + 2s));
  CHECK_FALSE(t.let_through(group_one, start + 2s));
  CHECK_FALSE(t.let_through(one, start + 3s));

  for (const auto& user : users(101, 116)) CHECK(t.let_through(user, start + 10s));
  CHECK_FALSE(t.let_through(one, start + 10s));
  CHECK(t.let_through(one, start + 12s));
}

TEST_CASE("a sync of several pages goes on where it was, also for what the client does not name",
          "[v1][session_state]") {
  using positions = resume_progress::positions;
  resume_progress p;
  const auto asked_with = [&](const positions& named) {
    sync_query query{.user = *user_id::parse("1"), .positions = named};
    p.add_to(query);
    return query;
  };
  CHECK(asked_with({}).positions.empty());
  p.note({{1, 10}, {2, 20}}, {3, 2});
  const auto second = asked_with({{2, 15}, {9, 90}});
  CHECK(second.positions == positions{{1, 10}, {2, 15}, {9, 90}});
  CHECK(second.left == std::vector<std::int64_t>{3, 2});
  p.note({{1, 11}, {3, 30}}, {2});
  const auto third = asked_with({{9, 90}});
  CHECK(third.positions == positions{{1, 11}, {2, 20}, {3, 30}, {9, 90}});
  CHECK(third.left == std::vector<std::int64_t>{2});
  CHECK(asked_with({{9, 90}}).left.empty()); // each page says anew what it left

  SECTION("until the last page") {
    p.note({}, {});
    CHECK(asked_with({{9, 90}}).positions == positions{{9, 90}});
  }
  SECTION("or until the client begins anew") {
    p.note({{1, 12}}, {2});
    const auto anew = asked_with({});
    CHECK(anew.positions.empty());
    CHECK(anew.left.empty());
  }
  SECTION("within its bound") {
    positions many;
    for (std::int64_t id = 100; id < 100'000; ++id) many[id] = 1;
    p.note(many, {});
    p.note({{1, 12}}, {});
    auto all = asked_with({{9, 90}}).positions;
    CHECK(all.size() == resume_progress::conversations_max + 1);
    CHECK(all[1] == 12);
  }
}

TEST_CASE("200 users are watched, all of a request or none", "[v1][session_state]") {
  watch_list w;
  CHECK(w.add(users(1, 150)).value().size() == 150);
  CHECK(w.add(users(141, 200)).value().size() == 50);
  const auto over = w.add(users(200, 201));
  REQUIRE(over.has_error());
  CHECK(over.error().code == errc::malformed);
  CHECK(over.error().param == "userIds");
  CHECK(w.users() == sorted(users(1, 200)));

  CHECK(w.remove(users(199, 201)).size() == 2);
  CHECK(w.remove(users(199, 201)).empty());
  CHECK(w.add({users(201, 201).front(), users(201, 201).front()}).value().size() == 1);
  CHECK(std::ranges::count(w.users(), users(201, 201).front()) == 1);
  CHECK(w.users().size() == 199);
}

TEST_CASE("an outbox keeps frames in order, within its bytes", "[v1][session_state]") {
  outbox o(100);
  CHECK(o.empty());
  CHECK(o.pop() == nullptr);
  const auto first = of(60);
  CHECK(o.push(first));
  CHECK(o.push(of(40)));
  CHECK_FALSE(o.push(of(1)));
  CHECK(o.bytes() == 100);
  CHECK(o.pop() == first);
  CHECK(o.bytes() == 40);
  CHECK(o.push(of(60)));
  CHECK(o.pop()->size() == 40);
  CHECK(o.pop()->size() == 60);
  CHECK(o.empty());
  CHECK(o.bytes() == 0);

  SECTION("a frame over the limit goes when nothing waits") {
    CHECK(o.push(of(1000)));
    CHECK_FALSE(o.push(of(1)));
    CHECK(o.pop()->size() == 1000);
    CHECK(o.push(of(1)));
  }

  SECTION("a steady stream leaves nothing behind") {
    o.push(of(0));
    for (std::size_t i = 1; i < 10'000; ++i) {
      REQUIRE(o.push(of(i % 50)));
      REQUIRE(o.pop()->size() == (i - 1) % 50);
    }
    REQUIRE(o.pop() != nullptr);
    CHECK(o.empty());
  }

  SECTION("what was forgotten is gone") {
    REQUIRE(o.push(of(70)));
    REQUIRE(o.push(of(30)));
    o.clear();
    CHECK(o.pop() == nullptr);
    CHECK(o.bytes() == 0);
    CHECK(o.push(of(100)));
  }
}
