/// How nodes find each other, whom they refuse, and what they do with a peer that is slow.
#include "tests/support/cluster_fixture.hpp"

#include <catch2/catch.hpp>

using namespace hongyan;
using namespace hongyan::test;

TEST_CASE_METHOD(cluster_fixture, "the node with the higher name waits to be reached", "[cluster]") {
  caf::anon_send(b.c, nodes_atom::value, node_list{{{"a", "a:1", 11}, {"b", "b:1", 22}}, {}});
  run();
  CHECK(b.links.asked.empty());
}

TEST_CASE_METHOD(cluster_fixture, "a restarted node is another node", "[cluster]") {
  link();
  bind(b, "1");
  CHECK(nodes_of(a, "1") == names{"b"});
  node again(*this, "b", 33);
  caf::anon_send(a.c, nodes_atom::value, node_list{{{"b", "b:1", 33}}, {}});
  run();
  answer_reach(a, again.c);
  CHECK(nodes_of(a, "1").empty());
  CHECK(a.figures.cluster_peers.Value() == 1);
  end(again.c, again.r, again.history);
}

TEST_CASE_METHOD(cluster_fixture, "a node that cannot be reached is tried again, and said once",
                 "[cluster]") {
  const node_list nodes{{{"b", "b:1", 22}}, {}};
  for (int i = 0; i < 3; ++i) {
    caf::anon_send(a.c, nodes_atom::value, nodes);
    run();
    CHECK(a.links.asked.size() == 1); // one attempt at a time
    answer_reach(a, nullptr);
  }
}

TEST_CASE_METHOD(cluster_fixture, "a node of another kind is refused", "[cluster]") {
  hello wrong{.version = 1, .version_min = 1, .node = "z", .incarnation = 5, .heartbeat_ms = 1000, .to = "a"};
  const auto refusal = [&] {
    std::string text;
    auto pending = self->request(a.c, std::chrono::seconds(1), hello_atom::value, wrong, b.c);
    run();
    pending.receive([&](const hello& answer) { text = answer.refusal; }, [](const caf::error&) {});
    return text;
  };
  wrong.version_min = wrong.version = 9;
  CHECK_THAT(refusal(), Catch::Contains("it speaks versions 9 to 9"));
  wrong.version_min = 1; // newer, and still speaks ours
  wrong.heartbeat_ms = 0;
  CHECK_THAT(refusal(), Catch::Contains("heartbeats"));
  wrong.heartbeat_ms = 1000;
  wrong.node = "a";
  CHECK_THAT(refusal(), Catch::Contains("--node"));
  admitted.set_epoch("mine");
  wrong.node = "z";
  wrong.epoch = "theirs";
  CHECK_THAT(refusal(), Catch::Contains("another database"));
  wrong.epoch = "mine";
  CHECK(refusal().empty());
}

TEST_CASE_METHOD(cluster_fixture, "strangers' envelopes, exits and other messages change nothing",
                 "[cluster]") {
  link();
  self->send(a.c, envelope_atom::value, envelope{.incarnation = 99, .number = 1, .items = "x"});
  self->send(a.c, envelope_atom::value, envelope{.incarnation = 22, .number = 1, .items = "x"});
  self->send(a.c, std::string("hello?"));
  run();
  CHECK(nodes_of(a, "1").empty());
  // As CAF's network thread brings it; and as it comes when a node goes whose actor has made a link.
  const auto exit = [&](const caf::actor& source, caf::execution_unit* from) {
    a.c->enqueue(
        caf::make_mailbox_element(nullptr, caf::make_message_id(), {},
                                  caf::make_message(caf::exit_msg{source.address(), caf::exit_reason::kill})),
        from);
    run();
  };
  exit(a.c, &home);
  exit(b.c, nullptr);
  CHECK(a.figures.cluster_refused.Add({{"reason", "exit"}}).Value() == 2);
  bind(b, "1");
  CHECK(nodes_of(a, "1") == names{"b"});
}

TEST_CASE_METHOD(cluster_fixture, "a slow peer is told no more, and everything anew once it is there",
                 "[cluster]") {
  link();
  bind_v1(a, "1");
  const auto& receiver = bind_v1(b, "2");
  ask<std::vector<user_id>>(b, watch_atom::value, std::vector{user("1")}, sessions.back());
  flood(a);
  run();
  CHECK(a.figures.cluster_fell_behind.Value() == 1);
  CHECK(nodes_of(b, "1") == names{"a"});
  CHECK(receiver.size() < 9);
  CHECK(std::ranges::none_of(receiver,
                             [](const auto& h) { return h.find("\"online\":false") != std::string::npos; }));
  advance(std::chrono::milliseconds(200));
  CHECK(b.book.looks > 0); // b was told that it has missed something
  commit(a, {1});
}

TEST_CASE_METHOD(actor_fixture, "nodes that join each other by address have one link", "[cluster]") {
  node a{*this, "a", 11, {"b:1", "me:1"}};
  node b{*this, "b", 22, {"a:1"}};
  const auto answer = [&](node& from) {
    while (!from.links.asked.empty()) {
      const auto [row, asker] = from.links.asked.front();
      from.links.asked.pop_front();
      const auto there = row.address == "b:1" ? b.c : a.c;
      caf::anon_send(asker, dialed_atom::value, dialed{row, there, ""});
      run();
    }
  };
  for (int beat = 0; beat < 10; ++beat) {
    for (auto* n : {&a, &b}) caf::anon_send(n->c, nodes_atom::value, node_list{});
    run();
    answer(a);
    answer(b);
  }
  CHECK(a.figures.cluster_peers.Value() == 1);
  CHECK(b.figures.cluster_peers.Value() == 1);
  CHECK(a.links.named["b:1"] == "b");
  // The first link stands: had it been made anew, envelopes would be counted from 1 again, and nodes doubt.
  advance(std::chrono::seconds(30));
  const auto looks = a.book.looks + b.book.looks;
  for (auto* n : {&a, &b}) caf::anon_send(n->c, nodes_atom::value, node_list{});
  run();
  answer(a);
  answer(b);
  advance(std::chrono::seconds(5));
  CHECK(a.book.looks + b.book.looks == looks);
  end(a.c, b.c, a.r, b.r, a.history, b.history);
}

TEST_CASE_METHOD(cluster_fixture, "who is not the node that was meant is not linked", "[cluster]") {
  caf::anon_send(a.c, nodes_atom::value, node_list{{{"a", "a:1", 11}, {"c", "c:1", 33}}, {}});
  run();
  answer_reach(a, b.c);
  CHECK(a.figures.cluster_peers.Value() == 0);
  CHECK(b.figures.cluster_peers.Value() == 0);
}

TEST_CASE_METHOD(cluster_fixture, "a peer that does not handle what it was told is cut off", "[cluster]") {
  link();
  bind(b, "2");
  const auto beat = [this] {
    caf::anon_send(a.c, nodes_atom::value, node_list{{{"a", "a:1", 11}, {"b", "b:1", 22}}, {}});
    run();
  };
  commit(a, {1});
  advance(std::chrono::seconds(10));
  beat();
  CHECK(a.links.cuts.empty());
  end(b.r); // nothing is handled there any more
  commit(a, {2});
  advance(std::chrono::seconds(4));
  beat();
  CHECK(a.links.cuts.empty());
  advance(std::chrono::seconds(1));
  beat();
  CHECK(a.links.cuts == names{"b"});
}

TEST_CASE_METHOD(cluster_fixture, "a newer primary of the database is known on every node that is linked",
                 "[cluster]") {
  a.timeline.meet({7, 2});
  link();
  CHECK(b.timeline.get() == database_timeline{7, 2});
  b.timeline.meet({7, 3});
  self->send(b.r, timeline_atom::value, b.timeline.get());
  run();
  CHECK(a.timeline.get() == database_timeline{7, 3});
}

TEST_CASE_METHOD(cluster_fixture, "what peers have committed is remembered, the newest of it", "[cluster]") {
  link();
  bind(b, "2");
  commit(a, {1, 2, 3});
  const auto heard_of = admitted.take_heard();
  REQUIRE(heard_of.size() == 1);
  CHECK(heard_of[0].seq == 3);
  CHECK(admitted.take_heard().empty());
}

TEST_CASE_METHOD(cluster_fixture, "a new epoch of the store is known on every node before what is of it",
                 "[cluster]") {
  admitted.set_epoch("e1"); // both nodes' here
  link();
  auto& log = bind_v1(b, "2");
  log.clear();
  hear(b, 1, {cluster::epoch_changed{"e1"}});
  CHECK(log.empty());
  hear(b, 1, {cluster::epoch_changed{"e2"}});
  CHECK(admitted.epoch() == "e2");
  CHECK(log == heard{"close 1001"});
}
