#include "actors/registry.hpp"

#include "tests/support/actor_fixture.hpp"
#include "tests/support/recording_session.hpp"

#include <catch2/catch.hpp>

using namespace hongyan;
using namespace hongyan::test;

namespace {

committed_message committed(std::int64_t id, std::int64_t conversation, user_id from, peer_or_group to,
                            audience_ptr audience = {}, message_kind kind = message_kind::text) {
  message m{.id = id,
            .conversation_id = conversation,
            .seq = id,
            .from = std::move(from),
            .to = std::move(to),
            .kind = kind,
            .content = "x"};
  return {std::make_shared<const message>(std::move(m)), std::move(audience)};
}

audience_ptr members(std::vector<const char*> names) {
  auto all = std::make_shared<std::vector<user_id>>();
  for (const auto* name : names) all->push_back(user(name));
  return all;
}

struct registry_fixture : actor_fixture {
  registry_actor r = spawn_on<registry>(system, home, home, "here", admitted, figures);
  heard phone, tablet, other;
  session_actor phone_session = system.spawn(recording_session, &phone);
  session_actor tablet_session = system.spawn(recording_session, &tablet);
  session_actor other_session = system.spawn(recording_session, &other);

  registry_fixture() { run(); }
  ~registry_fixture() { end(r, phone_session, tablet_session, other_session); }

  void bind(const char* who, const session_actor& s, session_facts facts = {}) {
    self->send(r, bind_atom::value, user(who), std::move(facts), s);
    run();
  }
  void bind_v1(const char* who, const session_actor& s, std::string device = "") {
    bind(who, s, {.id = "s", .device = std::move(device), .is_v1 = true});
  }
  void deliver(std::vector<std::pair<const char*, const char*>> from_to) {
    auto batch = std::make_shared<committed_batch>();
    std::int64_t id = 0;
    for (const auto& [from, to] : from_to)
      batch->messages.push_back(committed(++id, 1, user(from), user(to)));
    self->send(r, deliver_atom::value, committed_ptr(std::move(batch)));
    run();
  }
  template <class T, class... Args>
  T ask(Args... args) {
    std::optional<T> answer;
    auto pending = self->request(r, std::chrono::seconds(1), args...);
    run();
    pending.receive([&](const T& value) { answer = value; }, [](const caf::error&) { FAIL("no answer"); });
    return *answer;
  }
};

} // namespace

TEST_CASE_METHOD(registry_fixture, "a bound session hears it and is online", "[registry]") {
  bind("1", phone_session);
  CHECK(phone == heard{"bound"});
  const auto online = ask<online_ptr>(online_atom::value);
  REQUIRE(online->size() == 1);
  CHECK(online->front().user == user("1"));
  CHECK(online->front().sessions == 1);
}

TEST_CASE_METHOD(registry_fixture, "both ends get a message on each of their sessions", "[registry]") {
  bind("1", phone_session);
  bind("1", tablet_session);
  bind("2", other_session);
  deliver({{"1", "2"}, {"3", "4"}, {"2", "1"}});
  CHECK(phone == heard{"bound", "chats 1 3"});
  CHECK(tablet == phone);
  CHECK(other == phone);
  CHECK(admitted.deliveries.used() == 0);
}

TEST_CASE_METHOD(registry_fixture, "a message to oneself comes once", "[registry]") {
  bind("1", phone_session);
  deliver({{"1", "1"}});
  CHECK(phone == heard{"bound", "chats 1"});
}

TEST_CASE_METHOD(registry_fixture, "a delivery counts until its session has handled it", "[registry]") {
  bind("1", phone_session);
  bind("1", tablet_session);
  auto batch = std::make_shared<committed_batch>();
  batch->messages.push_back(committed(1, 1, user("1"), user("9")));
  self->send(r, deliver_atom::value, committed_ptr(std::move(batch)));
  REQUIRE(coordinator.try_run_once());    // the registry's turn only
  CHECK(admitted.deliveries.used() == 2); // one a session
  run();
  CHECK(admitted.deliveries.used() == 0);
}

TEST_CASE_METHOD(registry_fixture, "a kick closes all sessions of the user, who is offline at once",
                 "[registry]") {
  bind("1", phone_session);
  bind("1", tablet_session);
  bind("2", other_session);
  CHECK(ask<std::size_t>(kick_atom::value, user("1")) == 2);
  CHECK(phone == heard{"bound", "close 4003"});
  CHECK(tablet == heard{"bound", "close 4003"});
  CHECK(other == heard{"bound"});
  CHECK(ask<online_ptr>(online_atom::value)->size() == 1);
  CHECK(ask<std::size_t>(kick_atom::value, user("1")) == 0);

  // The kicked session's own goodbye changes nothing, also when the user is back.
  bind("1", tablet_session);
  self->send(r, unbind_atom::value, user("1"), phone_session);
  run();
  CHECK(ask<online_ptr>(online_atom::value)->size() == 2);
}

TEST_CASE_METHOD(registry_fixture, "a user is online until the last session ends", "[registry]") {
  bind("1", phone_session);
  bind("1", tablet_session);
  self->send(r, unbind_atom::value, user("1"), phone_session);
  run();
  CHECK(ask<online_ptr>(online_atom::value)->front().sessions == 1);
  self->send(r, unbind_atom::value, user("1"), tablet_session);
  run();
  CHECK(ask<online_ptr>(online_atom::value)->empty());
  CHECK(figures.users_online.Value() == 0);
}

TEST_CASE_METHOD(registry_fixture, "a drain closes everybody and takes nobody in", "[registry]") {
  bind("1", phone_session);
  self->send(r, drain_atom::value);
  run();
  bind("2", other_session);
  CHECK(phone == heard{"bound", "close 1001"});
  CHECK(other == heard{"close 1001"});
}

TEST_CASE_METHOD(registry_fixture, "a classic session gets chats, a v1 session news, of the same message",
                 "[registry][v1]") {
  bind("1", phone_session);
  bind_v1("1", tablet_session);
  bind_v1("2", other_session);
  deliver({{"1", "2"}, {"2", "1"}});
  CHECK(phone == heard{"bound", "chats 1 2"});
  CHECK(tablet == heard{"bound", "news 1:2"});
  CHECK(other == tablet);
  CHECK(admitted.deliveries.used() == 0);
}

TEST_CASE_METHOD(registry_fixture, "a group's message goes to its members' v1 sessions only",
                 "[registry][v1]") {
  bind("1", phone_session);
  bind_v1("2", tablet_session);
  bind_v1("3", other_session);
  auto batch = std::make_shared<committed_batch>();
  batch->messages.push_back(committed(1, 7, user("1"), peer_or_group::group(user("g")), members({"1", "2"})));
  self->send(r, deliver_atom::value, committed_ptr(std::move(batch)));
  run();
  CHECK(phone == heard{"bound"});
  CHECK(tablet == heard{"bound", "news 7:1"});
  CHECK(other == heard{"bound"});
}

TEST_CASE_METHOD(registry_fixture, "a recall is no chat: classic sessions read their windows anew",
                 "[registry][v1]") {
  bind("1", phone_session);
  bind_v1("2", other_session);
  auto batch = std::make_shared<committed_batch>();
  batch->messages.push_back(committed(4, 7, user("1"), user("2"), {}, message_kind::recall));
  self->send(r, deliver_atom::value, committed_ptr(std::move(batch)));
  run();
  CHECK(phone == heard{"bound", "reload"});
  CHECK(other == heard{"bound", "news 7:4"});
}

TEST_CASE_METHOD(registry_fixture, "messages of several conversations in a batch are several news, by seq",
                 "[registry][v1]") {
  bind_v1("1", phone_session);
  auto batch = std::make_shared<committed_batch>();
  for (const auto& [id, conversation] : {std::pair{1, 8}, {2, 7}, {3, 8}})
    batch->messages.push_back(committed(id, conversation, user("1"), user(conversation == 7 ? "2" : "3")));
  self->send(r, deliver_atom::value, committed_ptr(std::move(batch)));
  run();
  CHECK(phone == heard{"bound", "news 7:2", "news 8:3"});
}

TEST_CASE_METHOD(registry_fixture, "a newer session of the same device replaces the older",
                 "[registry][v1]") {
  bind_v1("1", phone_session, "phone");
  bind_v1("1", tablet_session, "tablet");
  bind_v1("1", other_session, "phone");
  CHECK(phone == heard{"bound", "close 4009"});
  CHECK(tablet == heard{"bound"});
  CHECK(ask<online_ptr>(online_atom::value)->front().sessions == 2);
}

TEST_CASE_METHOD(registry_fixture, "a user has so many live sockets", "[registry]") {
  admitted.sessions_a_user = 1;
  bind_v1("1", phone_session);
  bind_v1("1", tablet_session);
  CHECK(phone == heard{"bound"});
  CHECK(tablet == heard{"close 4029"});
  bind_v1("2", other_session); // others are not concerned
  CHECK(other == heard{"bound"});
  self->send(r, unbind_atom::value, user("1"), phone_session);
  run();
  bind_v1("1", tablet_session);
  CHECK(tablet == heard{"close 4029", "bound"});
}

TEST_CASE_METHOD(registry_fixture, "who watches hears when a user comes and goes", "[registry][v1]") {
  bind_v1("1", phone_session);
  const std::vector both{user("1"), user("2")};
  CHECK(ask<std::vector<user_id>>(watch_atom::value, both, phone_session) == std::vector{user("1")});
  bind("2", other_session);
  bind("2", tablet_session); // a second session is no news
  self->send(r, unbind_atom::value, user("2"), other_session);
  self->send(r, unbind_atom::value, user("2"), tablet_session);
  run();
  REQUIRE(phone.size() == 3);
  CHECK(phone[1].find(R"("userId":"2","online":true)") != std::string::npos);
  CHECK(phone[2].find(R"("userId":"2","online":false)") != std::string::npos);
  self->send(r, unwatch_atom::value, both, phone_session);
  run();
  bind("2", other_session);
  CHECK(phone.size() == 3);
}

TEST_CASE_METHOD(registry_fixture, "who is blocked hears once that they are offline, and no more",
                 "[registry][v1]") {
  bind_v1("1", phone_session);
  bind_v1("3", tablet_session);
  bind("2", other_session);
  const std::vector two{user("2")};
  const auto watch = [&](const auto& s) { return ask<std::vector<user_id>>(watch_atom::value, two, s); };
  CHECK(watch(phone_session) == two);
  CHECK(watch(tablet_session) == two);
  self->send(r, block_atom::value, block_note{user("2"), {user("1"), user("9")}});
  self->send(r, block_atom::value, block_note{user("2"), {user("1")}}); // again
  run();
  self->send(r, unbind_atom::value, user("2"), other_session);
  run();
  REQUIRE(phone.size() == 2);
  CHECK(phone[1].find(R"("userId":"2","online":false)") != std::string::npos);
  CHECK(tablet.size() == 2);

  CHECK(watch(phone_session).empty()); // after they were let in again
  bind("2", other_session);
  CHECK(phone.size() == 3);
}

TEST_CASE_METHOD(registry_fixture,
                 "who is blocked between asking who may be watched and watching sees nothing",
                 "[registry][v1]") {
  bind_v1("1", phone_session);
  bind("2", other_session);
  const std::vector two{user("2")};
  ask<caf::ok_atom>(watch_soon_atom::value, phone_session);
  ask<caf::ok_atom>(watch_soon_atom::value, phone_session);
  self->send(r, block_atom::value, block_note{user("2"), {user("1")}});
  run();
  for (int i = 0; i < 2; ++i) CHECK(ask<std::vector<user_id>>(watch_atom::value, two, phone_session).empty());
  self->send(r, unbind_atom::value, user("2"), other_session);
  run();
  CHECK(phone == heard{"bound"});
  bind("2", other_session);
  ask<caf::ok_atom>(watch_soon_atom::value, phone_session); // the next is asked anew
  CHECK(ask<std::vector<user_id>>(watch_atom::value, two, phone_session) == two);
}

TEST_CASE_METHOD(registry_fixture, "a read position is told to the reader's other sessions and to the peer",
                 "[registry][v1]") {
  bind_v1("1", phone_session);
  bind_v1("1", tablet_session);
  bind_v1("2", other_session);
  self->send(r, read_atom::value, read_note{7, user("1"), 3, user("2"), phone_session.address()});
  run();
  CHECK(phone.size() == 1);
  CHECK(tablet.size() == 2);
  CHECK(other.size() == 2);
}
