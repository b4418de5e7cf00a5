/// What nodes tell one another of their sessions.
#include "tests/support/cluster_fixture.hpp"

#include <catch2/catch.hpp>

using namespace hongyan;
using namespace hongyan::test;

TEST_CASE_METHOD(cluster_fixture, "a linked node knows who is online on the other", "[cluster]") {
  bind(a, "1");
  link();
  CHECK(nodes_of(b, "1") == names{"a"});
  const auto& second = bind(b, "1");
  CHECK(second == heard{"bound"});
  CHECK(nodes_of(a, "1") == names{"a", "b"});
  CHECK(ask<online_ptr>(a, online_atom::value)->front().sessions == 2);
  CHECK(ask<std::vector<user_id>>(b, online_atom::value, std::vector{user("1"), user("9")}) ==
        std::vector{user("1")});
  CHECK(a.figures.cluster_peers.Value() == 1);
}

TEST_CASE_METHOD(cluster_fixture, "a session is let in when its peers know of it", "[cluster]") {
  link();
  // b's cluster actor does not get its turn: a's session waits, but not for ever.
  auto& log = logs.emplace_back();
  sessions.push_back(system.spawn(recording_session, &log));
  self->send(a.r, bind_atom::value, user("1"), session_facts{}, sessions.back());
  run();
  CHECK(log == heard{"bound"}); // and with b's word for it
}

TEST_CASE_METHOD(cluster_fixture, "watchers hear of users on other nodes, and of a node's end", "[cluster]") {
  const auto& watcher = bind_v1(a, "9");
  ask<std::vector<user_id>>(a, watch_atom::value, std::vector{user("1")}, sessions.back());
  link();
  bind_v1(b, "1");
  REQUIRE(watcher.size() == 2);
  CHECK_THAT(watcher[1], Catch::Contains("\"online\":true"));
  cut();
  REQUIRE(watcher.size() == 3);
  CHECK_THAT(watcher[2], Catch::Contains("\"online\":false"));
}

TEST_CASE_METHOD(cluster_fixture, "who is blocked on another node does not see them any more", "[cluster]") {
  link();
  const auto& watcher = bind_v1(a, "9");
  ask<std::vector<user_id>>(a, watch_atom::value, std::vector{user("1")}, sessions.back());
  bind_v1(b, "1");
  REQUIRE(watcher.size() == 2);
  self->send(b.r, block_atom::value, block_note{user("1"), {user("9")}});
  run();
  REQUIRE(watcher.size() == 3);
  CHECK_THAT(watcher[2], Catch::Contains("\"online\":false"));
  cut();
  CHECK(watcher.size() == 3);
}

TEST_CASE_METHOD(cluster_fixture, "read positions and typing cross", "[cluster]") {
  link();
  const auto& receiver = bind_v1(b, "2");
  self->send(a.r, read_atom::value, read_note{1, user("1"), 7, user("2"), {}});
  self->send(a.r, notify_atom::value, typing_note{1, user("1"), {user("2"), user("3")}, {}});
  run();
  REQUIRE(receiver.size() == 3);
  CHECK_THAT(receiver[1], Catch::Contains("\"read\""));
  CHECK_THAT(receiver[2], Catch::Contains("\"typing\""));
}

TEST_CASE_METHOD(cluster_fixture, "a user's own change crosses to the user's sessions", "[cluster]") {
  link();
  const auto& far = bind_v1(b, "1");
  const auto& near = bind_v1(a, "1");
  const auto asker = sessions.back().address();
  const auto& other = bind_v1(b, "2");
  self->send(a.r, notify_atom::value, own_note{user("1"), own_settings{3, true, false, 4, 6}, asker});
  self->send(a.r, notify_atom::value, own_note{user("1"), profile{user("1"), "n", {}}, {}});
  run();
  REQUIRE(far.size() == 3);
  CHECK_THAT(far[1],
             Catch::Contains(R"("method":"conversation","params":{"conversationId":"3","pinned":true)"));
  CHECK_THAT(far[2],
             Catch::Contains(R"("method":"profile","params":{"userId":"1","name":"n","avatar":null})"));
  REQUIRE(near.size() == 2); // it asked for the first
  CHECK_THAT(near[1], Catch::Contains("\"profile\""));
  CHECK(other == heard{"bound"});
}

TEST_CASE_METHOD(cluster_fixture, "a revocation is known on every node before it is answered", "[cluster]") {
  link();
  const auto& there = bind_v1(b, "1");
  CHECK(ask<std::size_t>(a, revoke_atom::value, revocation{user("1"), 5}) == 1);
  CHECK(a.revoked.covers(user("1"), 5));
  CHECK(b.revoked.covers(user("1"), 5));
  CHECK_FALSE(b.revoked.covers(user("1"), 6));
  CHECK(there.back() == "close 4003");

  // One that another node found in the database: the sessions look at their tokens themselves.
  const auto& later = bind_v1(b, "1");
  self->send(b.r, revoke_atom::value,
             revocation_list(std::make_shared<const std::vector<revocation>>(
                 std::vector{revocation{user("1"), 7}, revocation{user("nobody"), 7}})));
  run();
  CHECK(later == heard{"bound", "revoke 7"});
}

TEST_CASE_METHOD(cluster_fixture, "sessions are listed with the node that each is on", "[cluster]") {
  link();
  bind_v1(a, "1");
  bind_v1(b, "1");
  const auto all = ask<session_list>(a, sessions_atom::value, user("1"));
  REQUIRE(all->size() == 2);
  CHECK((*all)[0].node == "a");
  CHECK((*all)[1].node == "b");
}

TEST_CASE_METHOD(cluster_fixture, "a kick reaches every node before it is answered", "[cluster]") {
  link();
  const auto& here = bind(a, "1");
  const auto& there = bind_v1(b, "1");
  CHECK(ask<std::size_t>(a, kick_atom::value, user("1")) == 2);
  CHECK(here.back() == "close 4003");
  CHECK(there.back() == "close 4003");
  CHECK(nodes_of(a, "1").empty());
  CHECK(nodes_of(b, "1").empty());
}

TEST_CASE_METHOD(cluster_fixture, "a kick that a peer was not told of is told again", "[cluster]") {
  link();
  const auto& far = bind(b, "1");
  SECTION("since the peer fell behind") {
    flood(a);
    CHECK(ask<std::size_t>(a, kick_atom::value, user("1")) == 1);
    CHECK(a.figures.cluster_fell_behind.Value() == 1);
  }
  SECTION("since the link broke") {
    caf::anon_send(a.r, kick_atom::value, user("1"));
    cut();
    CHECK(far == heard{"bound"});
    link();
  }
  CHECK(far.back() == "close 4003");
  CHECK(nodes_of(a, "1").empty());
}

TEST_CASE_METHOD(cluster_fixture, "a device has one session over all nodes, the newest", "[cluster]") {
  link();
  const auto& old_one = bind_v1(a, "1", "phone");
  const auto& new_one = bind_v1(b, "1", "phone");
  const auto& other = bind_v1(b, "1", "tablet");
  CHECK(old_one == heard{"bound", "close 4009"});
  CHECK(new_one == heard{"bound"});
  CHECK(other == heard{"bound"});
  CHECK(nodes_of(a, "1") == names{"b"});
  // And back, whatever the clocks say.
  bind_v1(a, "1", "phone");
  CHECK(new_one == heard{"bound", "close 4009"});
}

TEST_CASE_METHOD(cluster_fixture, "devices that came on both sides of a cut are one after it", "[cluster]") {
  const auto& one = bind_v1(a, "1", "phone");
  const auto& two = bind_v1(b, "1", "phone");
  link();
  CHECK((one.back() == "close 4009") != (two.back() == "close 4009"));
}

TEST_CASE_METHOD(cluster_fixture, "who left while a peer was told nothing is gone for it afterwards",
                 "[cluster]") {
  link();
  bind(b, "2");
  // a's registry tells b by hand what it would tell after a gap: all of its sessions anew, but for user 1.
  bind(a, "1");
  bind(a, "3");
  REQUIRE(nodes_of(b, "1") == names{"a"});
  hear(b, 1, {cluster::snapshot_begin{}, cluster::session_came{user("3"), 2, 0, {}}});
  CHECK(nodes_of(b, "1") == names{"a"});
  hear(b, 1, {cluster::snapshot_end{}});
  CHECK(nodes_of(b, "1").empty());
  CHECK(nodes_of(b, "3") == names{"a"});
}

TEST_CASE_METHOD(cluster_fixture, "more sessions than one portion are all told, and who comes meanwhile",
                 "[cluster]") {
  constexpr int count = 2'500;
  for (int i = 1; i <= count; ++i) {
    sessions.push_back(system.spawn(recording_session, &logs.emplace_back()));
    self->send(a.r, bind_atom::value, user(std::to_string(i).c_str()), session_facts{}, sessions.back());
  }
  run();
  link();
  CHECK(ask<online_ptr>(b, online_atom::value)->size() == count);
  CHECK(a.figures.cluster_fell_behind.Value() == 0);
  CHECK(bind(a, "9999") == heard{"bound"}); // no portion's ticket holds it up
}

TEST_CASE_METHOD(cluster_fixture, "a kick that did not get there gets there by another node", "[cluster]") {
  link();
  const auto& far = bind(b, "1");
  const auto& other = bind(b, "1");
  // As node a hears it from a third, which has not reached b: it names both, and b has another one by now.
  const auto told = cluster::user_kicked{user("1"), {{"b", 1}}};
  hear(a, 1, {told});
  CHECK(far == heard{"bound"}); // b said it itself: it is not told again
  node c{*this, "c", 33};
  caf::anon_send(a.c, nodes_atom::value,
                 node_list{{{"a", "a:1", 11}, {"b", "b:1", 22}, {"c", "c:1", 33}}, {}});
  run();
  answer_reach(a, c.c);
  hear(a, 2, {told});
  CHECK(far == heard{"bound", "close 4003"});
  CHECK(other == heard{"bound"});
  end(c.c, c.r, c.history);
}
