#include "actors/registry.hpp"

#include "tests/support/actor_fixture.hpp"

#include <catch2/catch.hpp>

using namespace hongyan;
using namespace hongyan::test;

namespace {

using heard = std::vector<std::string>;

session_actor::behavior_type recording_session(session_actor::pointer, heard* log) {
  return {
      [log](bound_atom) { log->push_back("bound"); },
      [log](deliver_atom, const delivery_ptr& d) {
        std::string ids = "chats";
        for (const auto& c : d->chats) ids += " " + std::to_string(c.id);
        log->push_back(ids);
      },
      [log](close_atom, close_code code) {
        log->push_back("close " + std::to_string(static_cast<unsigned>(code)));
      },
      [](const history_answer&) {},
  };
}

struct registry_fixture : actor_fixture {
  registry_actor r = spawn_on<registry>(system, home, admitted, figures);
  heard phone, tablet, other;
  session_actor phone_session = system.spawn(recording_session, &phone);
  session_actor tablet_session = system.spawn(recording_session, &tablet);
  session_actor other_session = system.spawn(recording_session, &other);

  registry_fixture() { run(); }
  ~registry_fixture() { end(r, phone_session, tablet_session, other_session); }

  void bind(const char* who, const session_actor& s) {
    self->send(r, bind_atom::value, user(who), s);
    run();
  }
  void deliver(std::vector<std::pair<const char*, const char*>> from_to) {
    auto batch = std::make_shared<committed_batch>();
    std::int64_t id = 0;
    for (const auto& [from, to] : from_to)
      batch->messages.push_back(
          {.id = ++id, .conversation_id = 1, .seq = id, .from = user(from), .to = user(to), .content = "x"});
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
  batch->messages.push_back({.id = 1, .from = user("1"), .to = user("9"), .content = "x"});
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
