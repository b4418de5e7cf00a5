#include "core/cluster/peer_view.hpp"

#include <catch2/catch.hpp>

using namespace hongyan;
using cluster::peer_view;

namespace {

user_id user(std::size_t number) { return *user_id::parse(std::to_string(number)); }

std::vector<user_id> users(std::size_t count) {
  std::vector<user_id> all;
  for (std::size_t i = 1; i <= count; ++i) all.push_back(user(i));
  return all;
}

cluster::session_came session(std::size_t of, std::uint64_t number) {
  return {user(of), number, 0, {.device = "d"}};
}

constexpr auto one_each = [](const user_id&) { return std::size_t{1}; };

} // namespace

TEST_CASE("a snapshot goes in portions, each when the one before was acted on", "[peer_view]") {
  peer_view view;
  view.joined(1, {"b", 7}, false);
  view.begin_snapshot(1, users(peer_view::sessions_a_portion + 1));
  CHECK(view.is_mid_snapshot());
  const auto first = view.next_portion(1, one_each);
  REQUIRE(first);
  CHECK(first->users.size() == peer_view::sessions_a_portion);
  CHECK_FALSE(first->is_last);
  CHECK(view.settled(first->ticket - 1).empty());
  CHECK(view.settled(first->ticket) == std::vector<cluster::node_number>{1});
  const auto second = view.next_portion(1, one_each);
  REQUIRE(second);
  CHECK(second->users.size() == 1);
  CHECK(second->is_last);
  CHECK(second->ticket > first->ticket);
  CHECK_FALSE(view.next_portion(1, one_each)); // all was acted on
  CHECK(view.settled(1000).empty());
  CHECK(view.is_mid_snapshot()); // theirs has not come
  view.snapshot_ended(1);
  CHECK_FALSE(view.is_mid_snapshot());
}

TEST_CASE("who left before their turn is not told of; who has many sessions fills a portion", "[peer_view]") {
  peer_view view;
  view.joined(1, {"b", 7}, false);
  view.begin_snapshot(1, users(3));
  const auto some = view.next_portion(
      1, [](const user_id& u) { return u == user(2) ? std::size_t{0} : peer_view::sessions_a_portion; });
  CHECK(some->users == std::vector{user(3)});
  const auto rest = view.next_portion(1, [](const user_id& u) { return std::size_t{u == user(1)}; });
  CHECK(rest->users == std::vector{user(1)});
  CHECK(rest->is_last);
}

TEST_CASE("what a peer does not tell again in its snapshot is gone", "[peer_view]") {
  peer_view view;
  view.joined(1, {"b", 7}, false);
  view.session_came(1, session(1, 10));
  view.session_came(1, session(2, 11));
  view.snapshot_began(1);
  CHECK(view.is_incoming(1));
  view.session_came(1, session(1, 10));
  CHECK(view.snapshot_ended(1) == std::vector{user(2)});
  CHECK(view.sessions().contains(user(1)));
  CHECK_FALSE(view.is_incoming(1));
}

TEST_CASE("a peer that comes back says when it left, once", "[peer_view]") {
  peer_view view;
  CHECK_FALSE(view.joined(1, {"b", 7}, false));
  view.session_came(1, session(1, 10));
  CHECK(view.left(1, from_ms(500)) == std::vector{user(1)});
  CHECK(view.empty());
  CHECK_FALSE(view.is_mid_snapshot());
  CHECK(view.joined(2, {"b", 8}, false) == from_ms(500)); // by its name
  CHECK_FALSE(view.joined(3, {"c", 1}, true));
  CHECK_FALSE(view.is_incoming(3)); // it fell behind: what it told is known
  view.left(2, from_ms(900));
  CHECK(view.joined(4, {"b", 9}, false) == from_ms(900));
}

TEST_CASE("a kick names the sessions elsewhere, and is told again to who may have missed it", "[peer_view]") {
  peer_view view;
  view.joined(1, {"b", 7}, false);
  view.joined(2, {"c", 8}, false);
  view.session_came(1, session(1, 10));
  view.session_came(2, session(1, 20));
  view.session_came(2, session(2, 21));
  const auto [told, count] = view.kick(user(1));
  CHECK(count == 2);
  CHECK_FALSE(told.only_these);
  REQUIRE(told.sessions.size() == 2);
  CHECK(told.sessions[0].node == "b");
  CHECK_FALSE(view.sessions().contains(user(1)));
  CHECK(view.sessions().contains(user(2)));
  REQUIRE(view.kicks_of(8).size() == 1);
  CHECK(view.kicks_of(8)[0].only_these);
  CHECK(view.kicks_of(8)[0].sessions[0].number == 20);
  CHECK(view.kicks_of(99).empty()); // another run of it has none of those sessions

  for (std::size_t i = 0; i < peer_view::kicks_max; ++i) {
    view.session_came(1, session(5, 100 + i));
    view.kick(user(5));
  }
  CHECK(view.kicks_of(8).empty()); // the oldest go
  CHECK(view.kicks_of(7).size() == peer_view::kicks_max);
}

TEST_CASE("a kick that a peer tells of goes on to the nodes of its sessions, but not back", "[peer_view]") {
  peer_view view;
  view.joined(1, {"b", 7}, false);
  view.joined(2, {"c", 8}, false);
  view.session_came(1, session(1, 10));
  view.session_came(2, session(1, 20));
  const auto again = view.kicked(1, {user(1), {{"b", 10}, {"c", 20}, {"c", 99}}});
  REQUIRE(again.size() == 1);
  CHECK(again[0].first == 2);
  CHECK(again[0].second.only_these);
  CHECK(again[0].second.sessions[0].number == 20);
  CHECK(view.sessions().of(user(1)).size() == 1); // the sender's own ends by itself
}

TEST_CASE("whereabouts: each node once, with those who are there", "[peer_view]") {
  peer_view view;
  CHECK(view.whereabouts(users(2)).empty());
  view.joined(1, {"b", 7}, false);
  view.joined(2, {"c", 8}, false);
  view.session_came(1, session(1, 10));
  view.session_came(1, session(1, 11));
  view.session_came(2, session(1, 20));
  view.session_came(2, session(2, 21));
  const auto there = view.whereabouts(users(3));
  CHECK(there ==
        std::map<cluster::node_number, std::vector<user_id>>{{1, {user(1)}}, {2, {user(1), user(2)}}});
}
