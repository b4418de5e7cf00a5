/// How entries get to every node, once and in order, whatever a link does.
#include "persistence/changes.hpp"
#include "tests/support/cluster_fixture.hpp"
#include "tests/support/memory_store.hpp"

#include <catch2/catch.hpp>

using namespace hongyan;
using namespace hongyan::test;

TEST_CASE_METHOD(cluster_fixture, "a message crosses where somebody is online, and only there", "[cluster]") {
  link();
  const auto before = a.figures.cluster_bytes_sent.Value();
  const auto& sender = bind_v1(a, "1");
  const auto presence = a.figures.cluster_bytes_sent.Value();
  CHECK(presence > before);
  commit(a, {1});
  CHECK(sender == heard{"bound", "news 1:1"});
  CHECK(a.figures.cluster_bytes_sent.Value() == presence);

  const auto& receiver = bind_v1(b, "2");
  const auto& classic = bind(b, "2");
  commit(a, {2});
  CHECK(receiver == heard{"bound", "news 1:2"});
  CHECK(classic == heard{"bound", "chats 2"});
  commit(b, {3});
  CHECK(sender == heard{"bound", "news 1:1", "news 1:2", "news 1:3"});
}

TEST_CASE_METHOD(cluster_fixture, "entries from several nodes are put into order", "[cluster]") {
  link();
  const auto& receiver = bind_v1(b, "2");
  commit(b, {1});
  commit(b, {3}); // a's 2 is on its way
  CHECK(receiver == heard{"bound", "news 1:1"});
  commit(a, {2});
  CHECK(receiver == heard{"bound", "news 1:1", "news 1:3"}); // 2 and 3 in one
  commit(a, {2, 3});
  CHECK(receiver.size() == 3);
}

TEST_CASE_METHOD(cluster_fixture, "what a link has lost is found in the store", "[cluster]") {
  link();
  advance(std::chrono::seconds(15)); // the doubt of a new link is over
  const auto& receiver = bind_v1(b, "2");
  commit(b, {1});
  b.book.entries = {entry(2)};
  commit(b, {3});
  CHECK(receiver == heard{"bound", "news 1:1"});
  advance(std::chrono::milliseconds(300));
  CHECK(receiver == heard{"bound", "news 1:1", "news 1:3"});
  CHECK(b.figures.cluster_looked_up.Value() == 1);
}

TEST_CASE_METHOD(cluster_fixture, "what is nowhere stays a hole", "[cluster]") {
  link();
  const auto& receiver = bind_v1(b, "2");
  commit(b, {1});
  commit(b, {3});
  advance(std::chrono::milliseconds(300));
  CHECK(receiver == heard{"bound", "news 1:1", "news 1:3"});
}

TEST_CASE_METHOD(actor_fixture, "who is told of an entry that was looked up was a member by then",
                 "[cluster]") {
  testing::memory_store store;
  const auto writer = store.make_writer();
  const auto change_by = [&](const char* who, change_action action) {
    REQUIRE(apply(*writer, {user(who), std::move(action)}, wall_time()).has_value());
  };
  change_by("1", create_group{.id = user("g"), .name = "g", .members = {user("2"), user("3")}}); // seq 1
  const std::vector<new_message> sent{
      {.from = user("1"), .to = peer_or_group::group(user("g")), .content = "x"}};
  REQUIRE(writer->append(sent, wall_time()).has_value());                                       // seq 2
  change_by("1", add_members{user("g"), {user("4")}});                                          // seq 3
  change_by("1", remove_members{user("g"), {user("3")}});                                       // seq 4
  REQUIRE(writer->append(sent, wall_time()).has_value());                                       // seq 5
  change_by("1", edit_message{peer_or_group::group(user("g")), 2, "y", std::chrono::hours(1)}); // seq 6

  auto reads =
      system.spawn(history, std::shared_ptr<message_reader>(store.make_reader()), &admitted, &figures);
  admitted.history.take(1);
  auto pending =
      self->request(reads, std::chrono::seconds(1), query_atom::value,
                    log_question{{{.conversation_id = 1, .after_seq = 1, .before_seq = 7, .limit = 9}},
                                 home.now() + std::chrono::hours(1)});
  run();
  std::vector<std::size_t> audiences;
  std::vector<std::string> told;
  pending.receive(
      [&](const log_answer& answer) {
        for (const auto& m : answer.entries) {
          audiences.push_back(m.audience->size());
          told.push_back(m.stored->content);
          if (m.stored->hidden_from) told.push_back("hidden from " + m.stored->hidden_from->at(0).text());
        }
      },
      [](const caf::error&) { FAIL("no answer"); });
  // Who has left is told nothing more; who has joined, nothing from before.
  CHECK(audiences == std::vector<std::size_t>{2, 3, 3, 3, 3});
  CHECK(told.back() == "hidden from 4");
  CHECK(told.at(told.size() - 2) == R"({"seq":2,"content":"y"})");
  CHECK(admitted.history.used() == 0);
  end(reads);
}

TEST_CASE_METHOD(cluster_fixture, "while a node is apart its messages come through the store", "[cluster]") {
  link();
  const auto& receiver = bind_v1(b, "2");
  bind_v1(a, "1");
  commit(a, {1});
  advance(std::chrono::seconds(15));
  const auto looks = b.book.looks;
  cut();
  CHECK(nodes_of(b, "1").empty());
  commit(a, {2});
  CHECK(receiver == heard{"bound", "news 1:1"});
  b.book.entries = {entry(1), entry(2)};
  b.book.activity = {{user("2"), 1, 2}};
  advance(std::chrono::seconds(2));
  CHECK(receiver == heard{"bound", "news 1:1", "news 1:2"});
  CHECK(b.book.looks > looks);

  link();
  CHECK(nodes_of(b, "1") == names{"a"});
  commit(a, {3});
  CHECK(receiver == heard{"bound", "news 1:1", "news 1:2", "news 1:3"});

  advance(std::chrono::seconds(15));
  const auto last = b.book.looks;
  advance(std::chrono::seconds(60));
  CHECK(b.book.looks == last); // all is well again: nobody asks any more
}

TEST_CASE_METHOD(cluster_fixture, "what was missed long ago is not shown again", "[cluster]") {
  link();
  bind_v1(b, "2");
  hear(b, 1, {cluster::entries_missed{wall_now() - std::chrono::hours(1)}});
  advance(std::chrono::milliseconds(200));
  REQUIRE(b.book.looks == 1);
  // What was shown since then is remembered for a minute.
  CHECK(b.book.since > wall_now() - cluster::delivery_order::memory);
}

TEST_CASE_METHOD(cluster_fixture, "a node looks for itself until its peers know its sessions", "[cluster]") {
  bind(a, "1");
  link();
  advance(std::chrono::seconds(30));
  const auto settled = a.book.looks;
  advance(std::chrono::seconds(30));
  REQUIRE(a.book.looks == settled);
  end(b.r); // it handles nothing any more: what it is told now it does not know
  self->send(a.r, peer_atom::value, peer_change{1, "b", 22, peer_change::what::fell_behind, wall_now()});
  advance(std::chrono::seconds(60));
  const auto looks = a.book.looks;
  advance(std::chrono::seconds(30));
  CHECK(a.book.looks > looks);
}

TEST_CASE_METHOD(cluster_fixture, "each round of a doubt begins where the one before it has looked",
                 "[cluster]") {
  link();
  bind_v1(b, "2");
  cut();
  advance(std::chrono::seconds(1));
  const auto first = b.book.since;
  REQUIRE(first != wall_time());
  for (const auto begin = wall_now(); wall_now() == begin;) {
  }
  SECTION("when it could look") {
    advance(std::chrono::seconds(3));
    CHECK(b.book.since > first); // or entries would be shown again that the order of delivery has forgotten
  }
  SECTION("else at the same place") {
    b.book.failing = true;
    advance(std::chrono::seconds(3));
    const auto failed = b.book.since; // the first of them may follow one that could look
    advance(std::chrono::seconds(27));
    CHECK(b.book.since == failed);
    b.book.failing = false;
    b.book.entries = {entry(1)};
    b.book.entries[0].created_at = wall_now();
    b.book.activity = {{user("2"), 1, 1}};
    advance(std::chrono::seconds(3));
    CHECK(logs.back() == heard{"bound", "news 1:1"});
  }
}

TEST_CASE_METHOD(cluster_fixture,
                 "a node that has not told all of its sessions is told a group's whole audience",
                 "[cluster]") {
  link();
  const auto& known = bind_v1(b, "2");
  const auto& unknown = bind_v1(b, "3");
  const auto commit_to_group = [this](std::int64_t seq) {
    auto m = entry(seq);
    m.to = peer_or_group::group(user("g"));
    auto batch = std::make_shared<committed_batch>();
    batch->messages.push_back(
        {std::make_shared<const message>(std::move(m)),
         std::make_shared<const std::vector<user_id>>(std::vector{user("1"), user("2"), user("3")})});
    self->send(a.r, deliver_atom::value, committed_ptr(std::move(batch)));
    run();
  };
  hear(a, 1, {cluster::session_left{user("3"), 2}}); // as if a had not heard of it yet
  hear(a, 1, {cluster::snapshot_begin{}});
  commit_to_group(1);
  CHECK(known.size() == 2);
  CHECK(unknown.size() == 2);
  hear(a, 1, {cluster::session_came{user("2"), 1, 0, {.id = "s", .is_v1 = true}}});
  hear(a, 1, {cluster::snapshot_end{}});
  commit_to_group(2);
  CHECK(known.size() == 3);
  CHECK(unknown.size() == 2);
}

TEST_CASE_METHOD(cluster_fixture, "what was lost before a conversation's first entry is shown before it",
                 "[cluster]") {
  link();
  const auto& receiver = bind_v1(b, "2");
  auto m = entry(10);
  m.created_at = wall_now();
  m.previous_at = m.created_at - std::chrono::milliseconds(5);
  b.book.entries = {entry(7), entry(8), entry(9)};
  b.book.entries[0].created_at = m.created_at - std::chrono::minutes(1); // long shown, or nobody was there
  for (const auto i : {1, 2}) b.book.entries[static_cast<std::size_t>(i)].created_at = m.previous_at;
  auto batch = std::make_shared<committed_batch>();
  batch->messages.push_back({std::make_shared<const message>(m), {}});
  self->send(b.r, deliver_atom::value, committed_ptr(std::move(batch)));
  run();
  CHECK(receiver == heard{"bound"});
  advance(std::chrono::milliseconds(300));
  REQUIRE(receiver.size() > 1);
  CHECK(receiver.back() == "news 1:10");
  CHECK(b.figures.cluster_looked_up.Value() == 2);
}
