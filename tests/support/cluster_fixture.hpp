/// Nodes of a cluster: a registry and a cluster actor each, linked directly, under CAF's test coordinator.
#pragma once

#include "actors/cluster.hpp"
#include "actors/history.hpp"
#include "actors/registry.hpp"

#include "tests/support/actor_fixture.hpp"
#include "tests/support/recording_session.hpp"

#include <catch2/catch.hpp>
#include <deque>

namespace hongyan::test {

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

inline history_actor::behavior_type looking_history(history_actor::pointer, log_book* book, flow* admitted) {
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
      [](query_atom, const file_row_question&) { return file_row_answer{}; },
      [](query_atom, const webhook_question&) { return webhook_answer{}; },
      [](flush_atom) {},
      [](tick_atom) {},
  };
}

inline message entry(std::int64_t seq, std::int64_t conversation = 1) {
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
  void name(const std::string& address, const std::string& node) override { named[address] = node; }
  void cut(const std::string& node) override { cuts.push_back(node); }
  std::map<std::string, std::string> named;
  std::vector<std::string> cuts;
  std::deque<std::pair<node_row, caf::actor>> asked;
};

struct node {
  node(actor_fixture& around, std::string called, std::uint64_t incarnation,
       std::vector<std::string> join = {})
      : name(std::move(called))
      , r(spawn_on<registry>(around.system, around.home, around.home, name, around.admitted, figures,
                             &revoked, &timeline))
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
  auth::revocations revoked{};
  newest_timeline timeline{};
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
  /// So much at once that the window and what may wait for it are full; the actors have no turn yet.
  void flood(node& at) {
    auto batch = std::make_shared<committed_batch>();
    auto big = entry(1);
    big.content.assign(900'000, 'x');
    for (big.conversation_id = 1; big.conversation_id <= 8; ++big.conversation_id)
      batch->messages.push_back({std::make_shared<const message>(big), {}});
    self->send(at.r, deliver_atom::value, committed_ptr(std::move(batch)));
  }
  /// What a peer tells a node's registry.
  void hear(node& at, cluster::node_number from, std::vector<cluster::item> items) {
    self->send(at.r, heard_atom::value,
               peer_items_ptr(std::make_shared<const peer_items>(peer_items{from, 0, std::move(items)})));
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

} // namespace hongyan::test
