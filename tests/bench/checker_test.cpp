#include "bench/checker.hpp"

#include <algorithm>
#include <catch2/catch.hpp>
#include <deque>
#include <optional>
#include <random>
#include <set>

using namespace hongyan::bench;

namespace {

bool is_clean(const verdict& v) {
  for (const auto& line : v.lines()) UNSCOPED_INFO(line);
  return v.found.empty();
}

bool is_only(const verdict& v, anomaly kind) {
  for (const auto& line : v.lines()) UNSCOPED_INFO(line);
  return v.found.size() == 1 && v.found.begin()->first == kind;
}

bool has(const verdict& v, const std::string& part) {
  const auto lines = v.lines();
  return std::ranges::any_of(lines, [&](const auto& line) { return line.find(part) != std::string::npos; });
}

/// A message of the log, as it is shown.
struct entry {
  std::int64_t seq;
  std::string from;
  std::string id;
};

/// Ann and Bob in one conversation, `chat`, on two nodes; Eve has another one with herself. Written down by
/// hand, an event a millisecond.
class story {
public:
  story() {
    add({.kind = event_kind::members, .conversation = "chat", .users = {"ann", "bob"}});
    add({.kind = event_kind::members, .conversation = "notes", .users = {"eve"}});
    for (const auto* who : {"ann", "bob", "eve"}) connect(who);
  }

  event& add(event e) {
    e.at = events_.empty() ? 1'000'000 : events_.back().at + 1'000'000;
    return events_.emplace_back(std::move(e));
  }
  void connect(const std::string& who) {
    session_[who] = ++sessions_;
    by(who, event_kind::connect);
    by(who, event_kind::session);
    sync(who);
  }
  event& by(const std::string& who, event_kind kind) {
    return add({.kind = kind,
                .client = who,
                .session = session_[who],
                .node = who == "bob" ? "two" : "one",
                .conversation = who == "eve" ? "notes" : "chat",
                .epoch = "e"});
  }
  void sync(const std::string& who, const std::vector<entry>& missed = {}) {
    by(who, event_kind::sync_begin);
    for (const auto& m : missed) shows(who, m, shown::by_sync);
    by(who, event_kind::sync_end);
  }
  event& sends(const std::string& who, const std::string& id) {
    auto& e = by(who, event_kind::send);
    e.client_msg_id = id;
    e.body = body_hash(id);
    return e;
  }
  event& told(const std::string& who, const std::string& id, event_kind kind, std::int64_t seq = 0) {
    auto& e = by(who, kind);
    e.client_msg_id = id;
    e.seq = seq;
    return e;
  }
  event& shows(const std::string& who, const entry& m, shown how = shown::live) {
    auto& e = by(who, event_kind::entry);
    e.seq = m.seq;
    e.from = m.from;
    e.client_msg_id = m.id;
    e.body = body_hash(m.id);
    e.how = how;
    if (m.id.empty()) e.text = "group"; // nobody sent it
    return e;
  }
  void shows_both(const entry& m) {
    shows("ann", m);
    shows("bob", m);
  }
  /// Sent, acknowledged, shown to both.
  void stores(const entry& m) {
    sends(m.from, m.id);
    told(m.from, m.id, event_kind::ok, m.seq);
    shows_both(m);
  }
  void reads(const std::string& who, const std::string& node, const std::vector<entry>& log,
             std::int64_t low = 1) {
    by(who, event_kind::read_begin).node = node;
    for (const auto& m : log) shows(who, m, shown::by_read).node = node;
    auto& end = by(who, event_kind::read_end);
    end.node = node;
    end.seq = low;
  }
  /// No more faults: each sends a last message, which go to the end of `log`, and syncs.
  void heals(std::vector<entry>& log) {
    add({.kind = event_kind::healed});
    for (const auto* who : {"ann", "bob"}) {
      log.push_back({log.empty() ? 1 : log.back().seq + 1, who, std::string("last of ") + who});
      stores(log.back());
    }
    sends("eve", "last of eve");
    told("eve", "last of eve", event_kind::ok, 1);
    shows("eve", {1, "eve", "last of eve"});
    for (const auto* who : {"ann", "bob", "eve"}) sync(who);
    for (const auto* node : {"one", "two"}) reads("eve", node, {{1, "eve", "last of eve"}});
  }
  void reads_all(const std::vector<entry>& on_one, const std::vector<entry>& on_two) {
    for (const auto* who : {"ann", "bob"}) {
      reads(who, "one", on_one);
      reads(who, "two", on_two);
    }
  }
  /// The rest of a run whose histories show `log`.
  verdict ends(std::vector<entry> log) {
    heals(log);
    reads_all(log, log);
    return check(events_);
  }
  std::vector<event>& events() { return events_; }

private:
  std::vector<event> events_;
  std::map<std::string, std::uint64_t> session_;
  std::uint64_t sessions_ = 0;
};

const entry m1{1, "ann", "m1"};
const entry m2{2, "bob", "m2"};
const entry m3{3, "ann", "m3"};

} // namespace

TEST_CASE("a history as it should be has no anomaly", "[bench][checker]") {
  story s;
  s.stores(m1);
  s.stores(m2);
  s.reads("bob", "two", {m2}, 2);
  s.stores(m3);
  CHECK(is_clean(s.ends({m1, m2, m3})));
}

TEST_CASE("what was acknowledged and is in no history is lost", "[bench][checker]") {
  story s;
  SECTION("at the beginning") {
    s.sends("ann", "m1");
    s.told("ann", "m1", event_kind::ok, 1);
    s.stores(m2);
    const auto v = s.ends({m2});
    CHECK(is_only(v, anomaly::lost));
    CHECK(has(v, "(prefix)"));
    CHECK(has(v, "m1 of ann in chat"));
  }
  SECTION("in the middle") {
    s.stores(m1);
    s.sends("bob", "m2");
    s.told("bob", "m2", event_kind::ok, 2);
    s.stores(m3);
    const auto v = s.ends({m1, m3});
    CHECK(is_only(v, anomaly::lost));
    CHECK(has(v, "(middle)"));
  }
  SECTION("at the end") {
    s.stores(m1);
    std::vector<entry> log{m1};
    s.heals(log);
    s.sends("ann", "late");
    s.told("ann", "late", event_kind::ok, 4);
    s.reads_all(log, log);
    const auto v = check(s.events());
    CHECK(is_only(v, anomaly::lost));
    CHECK(has(v, "(postfix)"));
  }
  SECTION("never acknowledged, but shown") {
    s.stores(m1);
    std::vector<entry> log{m1};
    s.heals(log);
    s.sends("ann", "late");
    s.told("ann", "late", event_kind::unknown);
    s.shows("bob", {4, "ann", "late"});
    s.reads_all(log, log);
    CHECK(is_only(check(s.events()), anomaly::lost));
  }
  SECTION("and another has its seq") {
    s.stores(m1);
    s.stores({1, "bob", "m2"});
    const auto v = s.ends({{1, "bob", "m2"}});
    CHECK(v.found.contains(anomaly::lost));
    CHECK(v.found.contains(anomaly::divergence));
    CHECK(has(v, "m1 of ann in chat"));
  }
}

TEST_CASE("what one node does not show is named with the node", "[bench][checker]") {
  story s;
  s.stores(m1);
  s.stores(m2);
  std::vector<entry> log{m1, m2};
  s.heals(log);
  auto without = log;
  without.erase(without.begin() + 1);
  s.reads_all(log, without);
  const auto v = check(s.events());
  CHECK(is_only(v, anomaly::lost_on_one_node));
  CHECK(has(v, "m2 of bob in chat (seq 2)"));
  CHECK(has(v, "is not on two"));
}

TEST_CASE("one message at two seqs is a duplicate", "[bench][checker]") {
  story s;
  s.stores(m1);
  s.sends("ann", "m1");
  s.shows_both({2, "ann", "m1"});
  s.told("ann", "m1", event_kind::ok, 2);
  CHECK(is_only(s.ends({m1, {2, "ann", "m1"}}), anomaly::duplicate_append));
}

TEST_CASE("what was refused for good must not be shown", "[bench][checker]") {
  story s;
  s.stores(m1);
  s.sends("bob", "m2");
  s.told("bob", "m2", event_kind::fail);
  SECTION("live, nor in a history") {
    s.shows_both(m2);
    CHECK(is_only(s.ends({m1, m2}), anomaly::aborted_read));
  }
  SECTION("not shown, all is well") { CHECK(is_clean(s.ends({m1}))); }
  SECTION("an earlier sending without an answer may have stored it") {
    s.sends("bob", "m2");
    s.told("bob", "m2", event_kind::unknown);
    s.shows_both(m2);
    CHECK(is_clean(s.ends({m1, m2})));
  }
}

TEST_CASE("what nobody sent like that is a phantom", "[bench][checker]") {
  story s;
  s.stores(m1);
  SECTION("of no send at all") { s.shows_both({2, "bob", "never"}); }
  SECTION("with another content") {
    s.sends("bob", "never");
    s.shows("ann", {2, "bob", "never"}).body = 1;
    s.shows("bob", {2, "bob", "never"}).body = 1;
  }
  SECTION("of another conversation") {
    s.sends("eve", "never");
    s.shows_both({2, "eve", "never"});
  }
  std::vector<entry> log{m1};
  s.heals(log);
  s.reads_all(log, log);
  CHECK(has(check(s.events()), "1 × phantom"));
}

TEST_CASE("a phantom at the end of a log is only that", "[bench][checker]") {
  story s;
  s.stores(m1);
  std::vector<entry> log{m1};
  s.heals(log);
  s.shows("bob", {4, "bob", "never"});
  s.reads_all(log, log);
  CHECK(is_only(check(s.events()), anomaly::phantom));
}

TEST_CASE("two contents at one seq are a divergence", "[bench][checker]") {
  story s;
  s.sends("ann", "m1");
  s.sends("bob", "m2");
  s.told("ann", "m1", event_kind::unknown);
  s.told("bob", "m2", event_kind::unknown);
  s.shows("ann", {1, "ann", "m1"});
  s.shows("bob", {1, "bob", "m2"});
  std::vector<entry> log{{1, "ann", "m1"}};
  s.heals(log);
  auto other = log;
  other[0] = {1, "bob", "m2"};
  s.reads_all(log, other);
  const auto v = check(s.events());
  CHECK(is_only(v, anomaly::divergence));
  CHECK(has(v, "m1 of ann"));
  CHECK(has(v, "m2 of bob"));
}

TEST_CASE("seqs of a history without one in between have a hole", "[bench][checker]") {
  story s;
  s.stores(m1);
  s.stores(m3);
  const auto v = s.ends({m1, m3});
  CHECK(is_only(v, anomaly::hole));
  CHECK(has(v, "seq 2 of chat"));
}

TEST_CASE("an entry of the log's own takes a seq, and nobody sent it", "[bench][checker]") {
  story s;
  const entry own{2, "ann", ""};
  s.stores(m1);
  s.shows_both(own);
  s.stores(m3);
  CHECK(is_clean(s.ends({m1, own, m3})));
}

TEST_CASE("acknowledged before another was sent, but behind it: real time is turned", "[bench][checker]") {
  story s;
  const entry first{2, "ann", "first"};
  const entry second{1, "bob", "second"};
  s.sends("ann", "first");
  s.told("ann", "first", event_kind::ok, 2);
  s.sends("bob", "second");
  s.told("bob", "second", event_kind::ok, 1);
  s.shows_both(second);
  s.shows_both(first);
  CHECK(is_only(s.ends({second, first}), anomaly::real_time_inversion));
}

TEST_CASE("acknowledged in an epoch that ended: its place there says nothing of the next",
          "[bench][checker]") {
  story s;
  const entry first{2, "ann", "first"};
  const entry second{1, "bob", "second"};
  s.sends("ann", "first");
  s.told("ann", "first", event_kind::ok, 1).epoch = "lost";
  s.sends("bob", "second");
  s.told("bob", "second", event_kind::ok, 1);
  s.shows_both(second);
  s.sends("ann", "first");
  s.told("ann", "first", event_kind::ok, 2);
  s.shows_both(first);
  CHECK(is_clean(s.ends({second, first})));
}

TEST_CASE("sent at the same time, any order is right", "[bench][checker]") {
  story s;
  s.sends("ann", "first");
  s.sends("bob", "second");
  s.told("ann", "first", event_kind::ok, 2);
  s.told("bob", "second", event_kind::ok, 1);
  s.shows_both({1, "bob", "second"});
  s.shows_both({2, "ann", "first"});
  CHECK(is_clean(s.ends({{1, "bob", "second"}, {2, "ann", "first"}})));
}

TEST_CASE("sends of one socket are stored in their order", "[bench][checker]") {
  story s;
  s.sends("ann", "first");
  s.sends("ann", "second");
  const std::vector<entry> log{{1, "ann", "second"}, {2, "ann", "first"}};
  SECTION("turned, it is named") {
    s.told("ann", "first", event_kind::ok, 2);
    s.told("ann", "second", event_kind::ok, 1);
    s.shows_both(log[0]);
    s.shows_both(log[1]);
    CHECK(is_only(s.ends(log), anomaly::sender_inversion));
  }
  SECTION("a repetition may come later than what was sent behind it") {
    s.told("ann", "first", event_kind::unknown);
    s.told("ann", "second", event_kind::ok, 1);
    s.sends("ann", "first");
    s.told("ann", "first", event_kind::ok, 2);
    s.shows_both(log[0]);
    s.shows_both(log[1]);
    CHECK(is_clean(s.ends(log)));
  }
}

TEST_CASE("an entry that a client never got is a skip", "[bench][checker]") {
  story s;
  s.stores(m1);
  s.sends("bob", "m2");
  s.told("bob", "m2", event_kind::ok, 2);
  s.shows("bob", m2);
  SECTION("in the middle of what it got") {
    s.stores(m3);
    const auto v = s.ends({m1, m2, m3});
    CHECK(is_only(v, anomaly::skip));
    CHECK(has(v, "ann was not shown seq 2 of chat"));
  }
  SECTION("but a sync brought it") {
    s.stores(m3);
    s.sync("ann", {m2, m3});
    CHECK(is_clean(s.ends({m1, m2, m3})));
  }
  SECTION("the sync after the reconnect left it out") {
    s.by("ann", event_kind::closed);
    s.stores({3, "bob", "m3"});
    s.connect("ann");
    CHECK(is_only(s.ends({m1, m2, {3, "bob", "m3"}}), anomaly::skip));
  }
}

TEST_CASE("after a reset counts what came live meanwhile, and nothing before", "[bench][checker]") {
  story s;
  s.stores(m1);
  s.stores(m2);
  s.by("ann", event_kind::sync_begin);
  s.stores(m3);
  s.by("ann", event_kind::reset);
  SECTION("the page and what came live are all") {
    for (const auto& m : {m1, m2}) s.shows("ann", m, shown::by_sync);
    s.by("ann", event_kind::sync_end);
    CHECK(is_clean(s.ends({m1, m2, m3})));
  }
  SECTION("what the page leaves out is a skip, though it was shown before") {
    s.shows("ann", m1, shown::by_sync);
    s.by("ann", event_kind::sync_end);
    CHECK(is_only(s.ends({m1, m2, m3}), anomaly::skip));
  }
}

TEST_CASE("what not even the last sync brings is a skip", "[bench][checker]") {
  story s;
  s.stores(m1);
  std::vector<entry> log{m1};
  s.heals(log);
  log.push_back({4, "bob", "late"});
  s.sends("bob", "late");
  s.told("bob", "late", event_kind::ok, 4);
  s.shows("bob", log.back());
  s.sync("ann");
  s.reads_all(log, log);
  const auto v = check(s.events());
  CHECK(is_only(v, anomaly::skip));
  CHECK(has(v, "not even by sync"));
}

TEST_CASE("a session is shown each seq once, ascending", "[bench][checker]") {
  story s;
  s.stores(m1);
  s.stores(m2);
  SECTION("again is named") {
    s.shows("ann", m2);
    CHECK(is_only(s.ends({m1, m2}), anomaly::non_monotonic));
  }
  SECTION("back is named") {
    s.shows("ann", m1);
    CHECK(is_only(s.ends({m1, m2}), anomaly::non_monotonic));
  }
  SECTION("another session may be shown it again") {
    s.by("ann", event_kind::closed);
    s.connect("ann");
    s.shows("ann", m2);
    CHECK(is_clean(s.ends({m1, m2})));
  }
}

TEST_CASE("acknowledged as another seq than it has is a lie", "[bench][checker]") {
  story s;
  s.sends("ann", "m1");
  s.told("ann", "m1", event_kind::ok, 7);
  s.shows_both(m1);
  const auto v = s.ends({m1});
  CHECK(is_only(v, anomaly::ack_lie));
  CHECK(has(v, "acknowledged as seq 7"));
}

TEST_CASE("a history without what was acknowledged before is stale", "[bench][checker]") {
  story s;
  s.stores(m1);
  SECTION("one's own message is missing") {
    s.stores(m2);
    s.reads("bob", "two", {m1}, 1);
    const auto v = s.ends({m1, m2});
    CHECK(is_only(v, anomaly::stale_read));
    CHECK(has(v, "m2 of bob"));
  }
  SECTION("while it is being sent it may be there or not") {
    s.sends("bob", "m2");
    s.reads("bob", "two", {m1}, 1);
    s.told("bob", "m2", event_kind::ok, 2);
    s.shows_both(m2);
    CHECK(is_clean(s.ends({m1, m2})));
  }
}

TEST_CASE("who is no member must see and do nothing", "[bench][checker]") {
  story s;
  s.stores(m1);
  SECTION("a delivery") {
    s.shows("eve", m1).conversation = "chat";
    CHECK(is_only(s.ends({m1}), anomaly::cross_user_leak));
  }
  SECTION("a history, be it empty") {
    s.by("eve", event_kind::read_begin).conversation = "chat";
    s.by("eve", event_kind::read_end).conversation = "chat";
    CHECK(is_only(s.ends({m1}), anomaly::cross_user_leak));
  }
  SECTION("a send") {
    s.sends("eve", "hello").conversation = "chat";
    s.told("eve", "hello", event_kind::ok, 2).conversation = "chat";
    s.shows_both({2, "eve", "hello"});
    CHECK(is_only(s.ends({m1, {2, "eve", "hello"}}), anomaly::cross_user_leak));
  }
  SECTION("a send that was never answered, but stored") {
    s.sends("eve", "hello").conversation = "chat";
    s.told("eve", "hello", event_kind::unknown).conversation = "chat";
    s.shows_both({2, "eve", "hello"});
    CHECK(is_only(s.ends({m1, {2, "eve", "hello"}}), anomaly::cross_user_leak));
  }
  SECTION("refused, all is well") {
    s.by("eve", event_kind::read_begin).conversation = "chat";
    s.by("eve", event_kind::read_fail).conversation = "chat";
    s.sends("eve", "hello").conversation = "chat";
    s.told("eve", "hello", event_kind::fail).conversation = "chat";
    CHECK(is_clean(s.ends({m1})));
  }
}

TEST_CASE("after the faults everyone can send and read", "[bench][checker]") {
  story s;
  s.stores(m1);
  std::vector<entry> log{m1};
  SECTION("too late is named") {
    s.heals(log);
    s.reads_all(log, log);
    auto& events = s.events();
    const auto answer = std::ranges::find_if(
        events, [](const event& e) { return e.kind == event_kind::ok && e.client_msg_id == "last of eve"; });
    for (auto at = answer; at != events.end(); ++at) at->at += 11'000'000'000;
    const auto v = check(events);
    CHECK(is_only(v, anomaly::liveness));
    CHECK(has(v, "last of eve of eve in notes"));
  }
  SECTION("never is named") {
    s.heals(log);
    s.reads_all(log, log);
    std::erase_if(s.events(), [](const event& e) { return e.client == "eve"; });
    CHECK(is_only(check(s.events()), anomaly::liveness));
  }
  SECTION("a history that cannot be read is named") {
    s.heals(log);
    s.reads("ann", "one", log);
    const auto v = check(s.events());
    CHECK(is_only(v, anomaly::liveness));
    CHECK(has(v, "bob could not read the history of chat"));
  }
  SECTION("a history that was cut off proves nothing") {
    CHECK(is_only(check(s.events()), anomaly::liveness));
    CHECK(is_only(check({}), anomaly::liveness));
  }
}

TEST_CASE("a reset of the epoch voids what a client had", "[bench][checker]") {
  story s;
  s.by("ann", event_kind::sync_begin);
  s.by("ann", event_kind::reset);
  s.by("ann", event_kind::sync_end);
  s.stores(m1);
  CHECK(is_clean(s.ends({m1})));
}

TEST_CASE("a log that begins with a page of sync begins there, whatever comes late", "[bench][checker]") {
  story s;
  s.stores(m1);
  s.stores(m2);
  s.stores(m3);
  s.by("ann", event_kind::sync_begin);
  s.by("ann", event_kind::reset);
  s.shows("ann", m3, shown::by_sync);
  s.by("ann", event_kind::sync_end);
  s.connect("ann");
  s.shows("ann", m1); // live, and m2 is never shown
  CHECK(is_clean(s.ends({m1, m2, m3})));
}

TEST_CASE("of many anomalies only the first few are shown, and all counted", "[bench][checker]") {
  story s;
  s.stores(m1);
  for (int i = 0; i < 9; ++i) s.shows("ann", m1);
  const auto v = s.ends({m1});
  CHECK(v.found.at(anomaly::non_monotonic).count == 9);
  CHECK(v.found.at(anomaly::non_monotonic).examples.size() == 3);
  CHECK(has(v, "9 × non-monotonic: seq 1 of chat"));
}

namespace {

/// A server without a fault, clients that come and go, and what they write down: a random clean history.
class simulation {
public:
  explicit simulation(unsigned seed) : random_(seed) {
    place("d1", {0, 1});
    place("d2", {2, 3});
    place("g1", {0, 1, 2, 3, 4});
    place("alone", {5});
    for (std::size_t who = 0; who < clients_.size(); ++who) clients_[who].name = "u" + std::to_string(who);
  }

  std::vector<event> run() {
    for (std::size_t who = 0; who < clients_.size(); ++who) connect(who);
    for (int step = 0; step < 400; ++step) one_step();
    while (!queue_.empty()) store();
    write({.kind = event_kind::healed});
    for (std::size_t who = 0; who < clients_.size(); ++who) end_of(who);
    for (std::size_t who = 0; who < clients_.size(); ++who) {
      sync(who);
      for (const auto* node : {"one", "two"}) {
        disconnect(who);
        connect(who, node);
        for (auto& [name, log] : logs_)
          if (log.members.contains(who)) read(who, name, 1);
      }
    }
    return std::move(events_);
  }

private:
  struct stored {
    std::string from;
    std::string id;
  };
  struct log_of {
    std::set<std::size_t> members;
    std::vector<stored> entries;
  };
  struct sending {
    std::size_t who;
    std::uint64_t session;
    std::string conversation;
    std::string id;
    bool refused;
  };
  struct client {
    std::string name;
    std::string node;
    std::uint64_t session = 0; ///< 0: away
    std::map<std::string, std::int64_t> position;
    std::map<std::string, std::int64_t> live; ///< of this session: shown up to
    std::vector<sending> unanswered;
    std::deque<sending> again;
  };

  std::size_t below(std::size_t n) { return std::uniform_int_distribution<std::size_t>(0, n - 1)(random_); }
  bool one_in(std::size_t n) { return below(n) == 0; }

  void place(const std::string& name, std::set<std::size_t> members) {
    event e{.kind = event_kind::members, .conversation = name};
    for (const auto who : members) e.users.push_back("u" + std::to_string(who));
    write(std::move(e));
    logs_[name].members = std::move(members);
  }
  void write(event e) {
    now_ += static_cast<std::int64_t>(below(3'000'000));
    e.at = now_;
    events_.push_back(std::move(e));
  }
  event by(std::size_t who, event_kind kind, const std::string& conversation = "") {
    const auto& c = clients_[who];
    return {.kind = kind,
            .client = c.name,
            .session = c.session,
            .node = c.node,
            .conversation = conversation,
            .epoch = "e"};
  }
  std::int64_t last_of(const std::string& name) {
    return static_cast<std::int64_t>(logs_[name].entries.size());
  }
  void show(std::size_t who, const std::string& name, std::int64_t seq, shown how) {
    const auto& m = logs_[name].entries[static_cast<std::size_t>(seq - 1)];
    auto e = by(who, event_kind::entry, name);
    e.seq = seq;
    e.from = m.from;
    e.client_msg_id = m.id;
    e.body = body_hash(m.id);
    e.how = how;
    write(std::move(e));
  }

  void connect(std::size_t who, const std::string& node = "") {
    auto& c = clients_[who];
    c.node = !node.empty() ? node : one_in(2) ? "one" : "two";
    c.session = ++sessions_;
    write(by(who, event_kind::connect));
    write(by(who, event_kind::session));
    c.live.clear();
    for (const auto& [name, log] : logs_)
      if (log.members.contains(who)) c.live[name] = last_of(name);
    if (one_in(3) && !queue_.empty()) store(); // what comes live before the sync comes twice
    if (one_in(3)) deliver(who);
    sync(who);
  }
  void disconnect(std::size_t who) {
    auto& c = clients_[who];
    write(by(who, event_kind::closed));
    for (auto& m : c.unanswered) {
      auto e = by(who, event_kind::unknown, m.conversation);
      e.client_msg_id = m.id;
      write(std::move(e));
      c.again.push_back(m);
    }
    c.unanswered.clear();
    // What the server has taken in it may store all the same, or not.
    std::erase_if(queue_, [&](const sending& m) { return m.who == who && one_in(2); });
    c.session = 0;
  }
  void sync(std::size_t who) {
    auto& c = clients_[who];
    write(by(who, event_kind::sync_begin));
    for (auto& [name, log] : logs_) {
      if (!log.members.contains(who)) continue;
      for (auto& at = c.position[name]; at < last_of(name);) show(who, name, ++at, shown::by_sync);
    }
    write(by(who, event_kind::sync_end));
  }
  void deliver(std::size_t who) {
    auto& c = clients_[who];
    for (auto& [name, at] : c.live) {
      if (at >= last_of(name) || one_in(2)) continue;
      if (one_in(10)) ++at; // lost on its way; a later sync brings it
      if (at >= last_of(name)) continue;
      show(who, name, ++at, shown::live);
      if (at == c.position[name] + 1) c.position[name] = at;
    }
  }
  void send(const sending& m) {
    auto e = by(m.who, event_kind::send, m.conversation);
    e.client_msg_id = m.id;
    e.body = body_hash(m.id);
    write(std::move(e));
    auto mine = m;
    mine.session = clients_[m.who].session;
    clients_[m.who].unanswered.push_back(mine);
    queue_.push_back(mine);
  }
  void send_new(std::size_t who) {
    std::vector<std::string> places;
    for (const auto& [name, log] : logs_)
      if (log.members.contains(who)) places.push_back(name);
    const bool refused = one_in(20);
    send({who, 0, places[below(places.size())], "m" + std::to_string(++sent_), refused});
  }
  /// The server takes up the oldest, and answers if somebody is there to hear it.
  void store() {
    const auto m = queue_.front();
    queue_.pop_front();
    auto& entries = logs_[m.conversation].entries;
    const auto& name = clients_[m.who].name;
    auto at = std::ranges::find_if(
        entries, [&](const stored& other) { return other.from == name && other.id == m.id; });
    if (!m.refused && at == entries.end()) at = entries.insert(entries.end(), {name, m.id});
    auto& c = clients_[m.who];
    if (c.session != m.session) return;
    const auto own = std::ranges::find(c.unanswered, m.id, &sending::id);
    if (own == c.unanswered.end()) return;
    auto e = by(m.who, m.refused ? event_kind::fail : event_kind::ok, m.conversation);
    e.client_msg_id = m.id;
    if (!m.refused) e.seq = at - entries.begin() + 1;
    write(std::move(e));
    c.unanswered.erase(own);
    if (!m.refused && one_in(10)) send(m); // once more, for nothing
  }
  void read(std::size_t who, const std::string& name, std::int64_t low) {
    write(by(who, event_kind::read_begin, name));
    for (auto seq = low; seq <= last_of(name); ++seq) show(who, name, seq, shown::by_read);
    auto e = by(who, event_kind::read_end, name);
    e.seq = low;
    write(std::move(e));
  }
  void one_step() {
    const auto who = below(clients_.size());
    auto& c = clients_[who];
    if (c.session == 0) return connect(who);
    switch (below(8)) {
    case 0:
    case 1: return send_new(who);
    case 2:
    case 3:
      if (!queue_.empty()) store();
      return;
    case 4:
      if (c.again.empty()) return;
      send(c.again.front());
      return c.again.pop_front();
    case 5:
      if (one_in(4)) disconnect(who);
      return;
    case 6: {
      const auto& name = logs_.begin()->first;
      if (logs_[name].members.contains(who)) read(who, name, std::max<std::int64_t>(1, last_of(name) - 3));
      return;
    }
    default: deliver(who);
    }
  }
  void end_of(std::size_t who) {
    auto& c = clients_[who];
    if (c.session == 0) connect(who);
    for (; !c.again.empty(); c.again.pop_front()) send(c.again.front());
    while (!queue_.empty()) store();
    send({who, 0, who == 5 ? "alone" : "g1", "m" + std::to_string(++sent_), false});
    while (!queue_.empty()) store();
  }

  std::mt19937 random_;
  std::vector<event> events_;
  std::map<std::string, log_of> logs_;
  std::vector<client> clients_ = std::vector<client>(6);
  std::deque<sending> queue_;
  std::int64_t now_ = 0;
  std::uint64_t sessions_ = 0;
  std::uint64_t sent_ = 0;
};

} // namespace

TEST_CASE("1,000 random histories of a server without fault are clean", "[bench][checker]") {
  for (unsigned seed = 1; seed <= 1'000; ++seed) {
    CAPTURE(seed);
    REQUIRE(is_clean(check(simulation(seed).run())));
  }
}

TEST_CASE("of a random history no acknowledged message can be taken away unseen", "[bench][checker]") {
  for (unsigned seed = 1; seed <= 100; ++seed) {
    CAPTURE(seed);
    auto events = simulation(seed).run();
    std::vector<std::pair<std::string, std::string>> acknowledged;
    for (const auto& e : events)
      if (e.kind == event_kind::ok) acknowledged.emplace_back(e.client, e.client_msg_id);
    const auto victim = acknowledged[seed % acknowledged.size()];
    std::erase_if(events, [&](const event& e) {
      return e.kind == event_kind::entry && e.from == victim.first && e.client_msg_id == victim.second;
    });
    REQUIRE(is_only(check(events), anomaly::lost));
  }
}
