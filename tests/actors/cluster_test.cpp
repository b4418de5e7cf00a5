/// Nodes of a cluster: a registry and a cluster actor each, linked directly, under CAF's test coordinator.
#include "actors/cluster.hpp"
#include "actors/history.hpp"
#include "actors/registry.hpp"

#include "core/time_format.hpp"
#include "persistence/changes.hpp"
#include "tests/support/actor_fixture.hpp"
#include "tests/support/memory_store.hpp"
#include "tests/support/recording_session.hpp"

#include <catch2/catch.hpp>
#include <deque>

using namespace hongyan;
using namespace hongyan::test;

namespace {

/// What the store has, for those who look.
struct log_book {
  std::vector<message> entries;
  struct active {
    user_id user;
    std::int64_t conversation_id = 0;
    std::int64_t last_seq = 0;
  };
  std::vector<active> activity;
  int looks = 0;
  wall_time since{}; ///< of the latest look
  bool failing = false;
};

history_actor::behavior_type looking_history(history_actor::pointer, log_book* book, flow* admitted) {
  return {
      [](query_atom, const history_question&) { return history_answer{}; },
      [](query_atom, const v1_question&) { return v1_answer{}; },
      [=](query_atom, const activity_question& q) {
        const lease taken(admitted->history, 1);
        ++book->looks;
        book->since = q.since;
        activity_answer answer;
        if (book->failing) answer.failure = error{errc::unavailable, "not now"};
        for (const auto& row : book->activity)
          if (std::ranges::find(q.users, row.user) != q.users.end())
            answer.rows.push_back({row.conversation_id, row.last_seq});
        return answer;
      },
      [=](query_atom, const log_question& q) {
        const lease taken(admitted->history, 1);
        log_answer found;
        for (const auto& range : q.ranges)
          for (const auto& m : book->entries)
            if (m.conversation_id == range.conversation_id && m.seq > range.after_seq &&
                m.seq < range.before_seq)
              found.entries.push_back({std::make_shared<const message>(m), {}});
        return found;
      },
  };
}

message entry(std::int64_t seq, std::int64_t conversation = 1) {
  return {.id = seq,
          .conversation_id = conversation,
          .seq = seq,
          .from = user("1"),
          .to = user("2"),
          .content = "x"};
}

/// Links by hand: what was to be reached is, when the test says so.
struct manual_links final : peer_links {
  void reach(const node_row& node, const caf::actor& cluster) override { asked.emplace_back(node, cluster); }
  void admit(const node_list&) override {}
  void cut(const std::string& node) override { cuts.push_back(node); }
  std::vector<std::string> cuts;
  std::deque<std::pair<node_row, caf::actor>> asked;
};

struct node {
  node(actor_fixture& around, std::string called, std::uint64_t incarnation,
       std::vector<std::string> join = {})
      : name(std::move(called))
      , r(spawn_on<registry>(around.system, around.home, around.home, name, around.admitted, figures))
      , history(around.system.spawn(looking_history, &book, &around.admitted))
      , c(spawn_on<cluster_actor>(around.system, around.home, around.home,
                                  cluster_settings{name, incarnation, std::move(join),
                                                   std::chrono::milliseconds(1000),
                                                   std::chrono::milliseconds(4500)},
                                  r, links, around.admitted, figures)) {
    caf::anon_send(r, join_atom::value, clustering{c, history});
    around.run();
  }

  std::string name;
  log_book book{};
  manual_links links{};
  metrics figures{"test", limits{}};
  registry_actor r;
  history_actor history;
  caf::actor c;
};

struct cluster_fixture : actor_fixture {
  node a{*this, "a", 11};
  node b{*this, "b", 22};
  std::deque<heard> logs;
  std::vector<session_actor> sessions;

  ~cluster_fixture() {
    a.links.asked.clear();
    b.links.asked.clear();
    for (auto& s : sessions) end(s);
    end(a.c, b.c, a.r, b.r, a.history, b.history);
  }

  /// a, having the lower name, reaches for b.
  void link() {
    caf::anon_send(a.c, nodes_atom::value, node_list{{{"a", "a:1", 11}, {"b", "b:1", 22}}, {}});
    run();
    answer_reach(a, b.c);
  }
  void answer_reach(node& from, const caf::actor& there) {
    REQUIRE_FALSE(from.links.asked.empty());
    const auto [row, asker] = from.links.asked.front();
    from.links.asked.pop_front();
    caf::anon_send(asker, dialed_atom::value, dialed{row, there, there ? "" : "refused"});
    run();
  }
  void cut() {
    caf::anon_send(a.c, caf::down_msg{b.c.address(), caf::exit_reason::remote_link_unreachable});
    caf::anon_send(b.c, caf::down_msg{a.c.address(), caf::exit_reason::remote_link_unreachable});
    run();
  }
  /// A session of `who` at a node; what it hears.
  heard& bind(node& at, const char* who, session_facts facts = {}) {
    auto& log = logs.emplace_back();
    sessions.push_back(system.spawn(recording_session, &log));
    self->send(at.r, bind_atom::value, user(who), std::move(facts), sessions.back());
    run();
    return log;
  }
  heard& bind_v1(node& at, const char* who, std::string device = "") {
    return bind(at, who, {.id = "s", .device = std::move(device), .is_v1 = true});
  }
  void commit(node& at, const std::vector<std::int64_t>& seqs) {
    auto batch = std::make_shared<committed_batch>();
    for (const auto seq : seqs) batch->messages.push_back({std::make_shared<const message>(entry(seq)), {}});
    self->send(at.r, deliver_atom::value, committed_ptr(std::move(batch)));
    run();
  }
  template <class T, class... Args>
  T ask(node& of, Args... args) {
    std::optional<T> answer;
    auto pending = self->request(of.r, std::chrono::seconds(1), args...);
    run();
    pending.receive([&](const T& value) { answer = value; }, [](const caf::error&) { FAIL("no answer"); });
    return *answer;
  }
  std::vector<std::string> nodes_of(node& seen_by, const char* who) {
    const auto all = ask<online_ptr>(seen_by, online_atom::value);
    for (const auto& u : *all)
      if (u.user == user(who)) return u.nodes;
    return {};
  }
};

using names = std::vector<std::string>;

} // namespace

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

TEST_CASE_METHOD(cluster_fixture, "the node with the higher name waits to be reached", "[cluster]") {
  caf::anon_send(b.c, nodes_atom::value, node_list{{{"a", "a:1", 11}, {"b", "b:1", 22}}, {}});
  run();
  CHECK(b.links.asked.empty());
}

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

TEST_CASE_METHOD(cluster_fixture, "a session is let in when its peers know of it", "[cluster]") {
  link();
  // b's cluster actor does not get its turn: a's session waits, but not for ever.
  auto& log = logs.emplace_back();
  sessions.push_back(system.spawn(recording_session, &log));
  self->send(a.r, bind_atom::value, user("1"), session_facts{}, sessions.back());
  run();
  CHECK(log == heard{"bound"}); // and with b's word for it
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
  const std::vector<new_message> sent{{.from = user("1"), .to = place::group(user("g")), .content = "x"}};
  REQUIRE(writer->append(sent, wall_time()).has_value()); // seq 2
  change_by("1", add_members{user("g"), {user("4")}});    // seq 3
  change_by("1", remove_members{user("g"), {user("3")}}); // seq 4
  REQUIRE(writer->append(sent, wall_time()).has_value()); // seq 5

  auto reads =
      system.spawn(history, std::shared_ptr<message_reader>(store.make_reader()), &admitted, &figures);
  admitted.history.take(1);
  auto pending =
      self->request(reads, std::chrono::seconds(1), query_atom::value,
                    log_question{{{.conversation_id = 1, .after_seq = 1, .before_seq = 6, .limit = 9}},
                                 home.now() + std::chrono::hours(1)});
  run();
  std::vector<std::size_t> audiences;
  pending.receive(
      [&](const log_answer& answer) {
        for (const auto& m : answer.entries) audiences.push_back(m.audience->size());
      },
      [](const caf::error&) { FAIL("no answer"); });
  // Who has left is told nothing more; who has joined, nothing from before.
  CHECK(audiences == std::vector<std::size_t>{2, 3, 3, 3});
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
  // So much at once that the window and what may wait for it are full.
  auto big = entry(1);
  big.content.assign(900'000, 'x');
  auto batch = std::make_shared<committed_batch>();
  for (std::int64_t seq = 1; seq <= 8; ++seq) {
    big.conversation_id = seq;
    big.seq = 1;
    batch->messages.push_back({std::make_shared<const message>(big), {}});
  }
  self->send(a.r, deliver_atom::value, committed_ptr(std::move(batch)));
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

TEST_CASE_METHOD(cluster_fixture, "who left while a peer was told nothing is gone for it afterwards",
                 "[cluster]") {
  link();
  bind(b, "2");
  // a's registry tells b by hand what it would tell after a gap: all of its sessions anew, but for user 1.
  bind(a, "1");
  bind(a, "3");
  REQUIRE(nodes_of(b, "1") == names{"a"});
  const auto hear = [this](std::vector<cluster::item> items) {
    self->send(b.r, heard_atom::value,
               peer_items_ptr(std::make_shared<const peer_items>(peer_items{1, 0, std::move(items)})));
    run();
  };
  hear({cluster::sessions_follow{}, cluster::session_came{user("3"), 2, 0, {}}});
  CHECK(nodes_of(b, "1") == names{"a"});
  hear({cluster::sessions_told{}});
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

TEST_CASE_METHOD(cluster_fixture, "a kick that did not get there gets there by another node", "[cluster]") {
  link();
  const auto& far = bind(b, "1");
  const auto& other = bind(b, "1");
  // As node a hears it from a third, which has not reached b: it names both, and b has another one by now.
  const auto told = cluster::user_kicked{user("1"), {{"b", 1}}};
  self->send(a.r, heard_atom::value,
             peer_items_ptr(std::make_shared<const peer_items>(peer_items{1, 0, {told}})));
  run();
  CHECK(far == heard{"bound"}); // b said it itself: it is not told again
  node c{*this, "c", 33};
  caf::anon_send(a.c, nodes_atom::value,
                 node_list{{{"a", "a:1", 11}, {"b", "b:1", 22}, {"c", "c:1", 33}}, {}});
  run();
  answer_reach(a, c.c);
  self->send(a.r, heard_atom::value,
             peer_items_ptr(std::make_shared<const peer_items>(peer_items{2, 0, {told}})));
  run();
  CHECK(far == heard{"bound", "close 4003"});
  CHECK(other == heard{"bound"});
  end(c.c, c.r, c.history);
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
    advance(std::chrono::seconds(30));
    CHECK(b.book.since <= first + std::chrono::milliseconds(1));
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
  const auto told = [this](cluster::item item) {
    self->send(a.r, heard_atom::value,
               peer_items_ptr(std::make_shared<const peer_items>(peer_items{1, 0, {std::move(item)}})));
    run();
  };
  const auto commit_to_group = [this](std::int64_t seq) {
    auto m = entry(seq);
    m.to = place::group(user("g"));
    auto batch = std::make_shared<committed_batch>();
    batch->messages.push_back(
        {std::make_shared<const message>(std::move(m)),
         std::make_shared<const std::vector<user_id>>(std::vector{user("1"), user("2"), user("3")})});
    self->send(a.r, deliver_atom::value, committed_ptr(std::move(batch)));
    run();
  };
  told(cluster::session_left{user("3"), 2}); // as if a had not heard of it yet
  told(cluster::sessions_follow{});
  commit_to_group(1);
  CHECK(known.size() == 2);
  CHECK(unknown.size() == 2);
  told(cluster::session_came{user("2"), 1, 0, {.id = "s", .is_v1 = true}});
  told(cluster::sessions_told{});
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
