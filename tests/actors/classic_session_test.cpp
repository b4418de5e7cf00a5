#include "actors/classic_session.hpp"

#include "actors/history.hpp"
#include "tests/support/actor_fixture.hpp"
#include "tests/support/fake_registry.hpp"
#include "tests/support/fake_store.hpp"
#include "tests/support/recording_sink.hpp"

#include <catch2/catch.hpp>

using namespace hongyan;
using namespace hongyan::test;
using namespace std::chrono_literals;
using events = std::vector<std::string>;

namespace {

message stored(std::int64_t id) {
  return {.id = id, .conversation_id = 1, .seq = id, .from = user("1"), .to = user("2"), .content = "c"};
}

classic::chat chat(std::int64_t id) {
  return {id, std::make_shared<const std::string>("{\"id\":" + std::to_string(id) + "}")};
}

/// Ids in a frame, in order: what a client would see.
std::string ids(const std::string& frame) {
  std::string out;
  for (auto at = frame.find("\"id\":"); at != std::string::npos; at = frame.find("\"id\":", at + 1)) {
    const auto begin = at + 5;
    out += frame.substr(begin, frame.find_first_of(",}", begin) - begin) + " ";
  }
  return out;
}

/// A history whose database can be away, and which counts the questions.
struct fake_reader final : unable_reader {
  result<std::vector<message>> latest(const history_query& q) override {
    ++asked;
    if (away) return error{errc::unavailable, "away"};
    CHECK(q.user == user("1"));
    CHECK_FALSE(q.peer);
    return rows;
  }
  std::vector<message> rows;
  bool away = false;
  int asked = 0;
};

struct session_fixture : actor_fixture {
  registry_log told;
  limits bounds;
  std::shared_ptr<fake_reader> reader = std::make_shared<fake_reader>();
  std::shared_ptr<recording_sink> sink = std::make_shared<recording_sink>();
  current<auth::key_ring> keys{auth::key_ring{.tokens = {.secret = std::string(32, 's')}, .asks = true}};
  session_env env{.registry = system.spawn(recording_registry, &told),
                  .history =
                      system.spawn(history, std::shared_ptr<message_reader>(reader), &admitted, &figures),
                  .searches = {},
                  .persistence = {},
                  .figures = figures,
                  .admitted = admitted,
                  .bounds = bounds,
                  .window = 3,
                  .node = "n",
                  .heartbeat = 25s,
                  .recall_window = 120s,
                  .keys = keys};
  session_actor s = spawn_on<classic_session>(system, home, home, user("1"), session_facts{},
                                              std::shared_ptr<frame_sink>(sink), env);

  session_fixture() { run(); }
  ~session_fixture() {
    end(s, env.registry, env.history);
    CHECK(admitted.history.used() == 0);
  }

  void open() {
    self->send(s, bound_atom::value);
    run();
    REQUIRE(sink->take() == events{"open"});
  }
  delivery_ptr news(std::vector<classic::chat> chats, bool reload = false) {
    admitted.deliveries.take(1);
    return std::make_shared<const delivery>(std::move(chats), reload, home.now(),
                                            lease(admitted.deliveries, 1));
  }
  void deliver(std::vector<classic::chat> chats) {
    self->send(s, deliver_atom::value, news(std::move(chats)));
    run();
  }
  /// A chat was recalled.
  void recall() {
    self->send(s, deliver_atom::value, news({}, true));
    run();
  }
  void take_one(const std::string& expected) {
    const auto sent = sink->take();
    REQUIRE(sent.size() == 1);
    CHECK(ids(sent[0]) == expected);
  }
  /// One turn of the session alone: what it asks the history is not answered yet.
  template <class... Args>
  void turn(Args... args) {
    self->send(s, args...);
    REQUIRE(coordinator.try_run_once_lifo());
  }
};

} // namespace

TEST_CASE_METHOD(session_fixture, "the upgrade is answered only when the registry has the session",
                 "[session]") {
  CHECK(told.binds == 1);
  CHECK(sink->take().empty());
  open();
}

TEST_CASE_METHOD(session_fixture, "a session that is not bound in time refuses the upgrade", "[session]") {
  advance(ask_deadline - 100ms);
  CHECK(sink->events.empty());
  advance(200ms);
  CHECK(sink->take() == events{"refused 503", "cut"});
  CHECK(told.unbinds == 1);
}

TEST_CASE_METHOD(session_fixture, "the first delivery loads the window, the next ones do not", "[session]") {
  reader->rows = {stored(1), stored(2), stored(3)};
  open();
  CHECK(reader->asked == 0);
  deliver({chat(3)});
  REQUIRE(sink->events.size() == 1);
  CHECK(ids(sink->take()[0]) == "1 2 3 ");
  deliver({chat(4)});
  REQUIRE(sink->events.size() == 1);
  CHECK(ids(sink->take()[0]) == "2 3 4 ");
  CHECK(reader->asked == 1);
  CHECK(admitted.deliveries.used() == 0);
}

TEST_CASE_METHOD(session_fixture, "each message is a frame of its own, also while the history loads",
                 "[session]") {
  // The history knows of 3, 4 and 5 already, whose deliveries are still on their way; those of 4 and 5 come
  // after it.
  reader->rows = {stored(1), stored(2), stored(3), stored(4), stored(5)};
  open();
  self->send(s, deliver_atom::value, news({chat(2)}));
  self->send(s, deliver_atom::value, news({chat(3)}));
  run();
  deliver({chat(4)});
  REQUIRE(sink->events.size() == 3);
  CHECK(ids(sink->events[0]) == "1 2 ");
  CHECK(ids(sink->events[1]) == "1 2 3 ");
  CHECK(ids(sink->events[2]) == "2 3 4 ");
}

TEST_CASE_METHOD(session_fixture, "two messages of one batch are two frames", "[session]") {
  open();
  deliver({chat(1)});
  sink->take();
  deliver({chat(2), chat(3)});
  REQUIRE(sink->events.size() == 2);
  CHECK(ids(sink->events[0]) == "1 2 ");
  CHECK(ids(sink->events[1]) == "1 2 3 ");
}

TEST_CASE_METHOD(session_fixture, "what waits for a history that does not come is bounded", "[session]") {
  reader->away = true;
  open();
  for (int id = 1; id <= 1000; ++id) deliver({chat(id)});
  reader->away = false;
  advance(1100ms);
  REQUIRE(sink->events.size() == 3);
  CHECK(ids(sink->events[2]) == "998 999 1000 ");
}

TEST_CASE_METHOD(session_fixture, "while a frame waits, newer ones become one", "[session]") {
  open();
  sink->slow = true;
  deliver({chat(1)});
  CHECK(sink->take().size() == 1);
  for (int id = 2; id <= 9; ++id) deliver({chat(id)});
  CHECK(sink->take().empty());

  sink->session->writable();
  REQUIRE(sink->events.size() == 1);
  CHECK(ids(sink->take()[0]) == "7 8 9 ");
  sink->session->writable();
  CHECK(sink->take().empty());
}

TEST_CASE_METHOD(session_fixture, "a history that fails is asked again, and nothing partial is sent",
                 "[session]") {
  reader->away = true;
  reader->rows = {stored(1), stored(2)};
  open();
  deliver({chat(2)});
  deliver({chat(2)}); // does not ask again at once
  CHECK(reader->asked == 1);
  CHECK(sink->take().empty());
  reader->away = false;
  advance(1100ms);
  REQUIRE(sink->events.size() == 2);
  CHECK(ids(sink->take()[0]) == "1 2 ");
  CHECK(reader->asked == 2);
}

TEST_CASE_METHOD(session_fixture, "a window that nobody touches is dropped and loaded anew", "[session]") {
  open();
  deliver({chat(1)});
  advance(50s);
  deliver({chat(2)});
  CHECK(reader->asked == 1);
  advance(200s);
  reader->rows = {stored(1), stored(2), stored(3)};
  sink->take();
  deliver({chat(3)});
  CHECK(reader->asked == 2);
  REQUIRE(sink->events.size() == 1);
  CHECK(ids(sink->take()[0]) == "1 2 3 ");
}

TEST_CASE_METHOD(session_fixture, "after a recall the window is read anew and shown", "[session]") {
  open();
  SECTION("it was loaded") {
    reader->rows = {stored(1), stored(2), stored(3)};
    deliver({chat(3)});
    take_one("1 2 3 ");
  }
  SECTION("it was not") {}
  const auto before = reader->asked;
  reader->rows = {stored(1), stored(3)};
  recall();
  take_one("1 3 ");
  CHECK(reader->asked == before + 1);
  deliver({chat(4)});
  take_one("1 3 4 ");
  CHECK(reader->asked == before + 1);

  reader->rows = {};
  recall();
  take_one(""); // also an empty one
}

TEST_CASE_METHOD(session_fixture, "a recall while the history is asked lets it be asked again", "[session]") {
  open();
  reader->rows = {stored(1), stored(2), stored(3)};
  turn(deliver_atom::value, news({chat(3)}));
  turn(deliver_atom::value, news({}, true)); // 3 was recalled, or 2: what waited is in the history
  turn(deliver_atom::value, news({chat(4)}));
  CHECK(reader->asked == 0);
  CHECK(coordinator.try_run_once()); // the first question gets in line,
  CHECK(coordinator.try_run_once()); // and finds what was there before the recall
  CHECK(reader->asked == 1);
  reader->rows = {stored(1), stored(2)};
  run();
  CHECK(reader->asked == 2);
  REQUIRE(sink->events.size() == 2);
  CHECK(ids(sink->events[0]) == "1 2 ");
  CHECK(ids(sink->events[1]) == "1 2 4 ");
  CHECK(admitted.deliveries.used() == 0);
}

TEST_CASE_METHOD(session_fixture, "a recall while the history is away is shown when it is back",
                 "[session]") {
  open();
  reader->away = true;
  SECTION("away before") {
    deliver({chat(3)});
    CHECK(reader->asked == 1);
    recall(); // asks at once
    CHECK(reader->asked == 2);
  }
  SECTION("the question under way fails") {
    turn(deliver_atom::value, news({chat(3)}));
    turn(deliver_atom::value, news({}, true));
    run();
    CHECK(reader->asked == 1);
  }
  CHECK(sink->take().empty());
  const auto before = reader->asked;
  reader->away = false;
  reader->rows = {stored(1)};
  advance(1100ms);
  take_one("1 ");
  CHECK(reader->asked == before + 1);
}

TEST_CASE_METHOD(session_fixture, "after a recall a slow socket gets the whole window or nothing",
                 "[session]") {
  open();
  sink->slow = true;
  reader->rows = {stored(1), stored(2)};
  deliver({chat(2)});
  take_one("1 2 ");
  deliver({chat(3)}); // waits for the socket
  reader->rows = {stored(1), stored(3)};
  SECTION("the window comes first") {
    recall();
    CHECK(sink->take().empty());
    sink->session->writable();
  }
  SECTION("the socket comes first") {
    turn(deliver_atom::value, news({}, true));
    sink->session->writable();
    CHECK(sink->take().empty()); // an empty window would look as if all was gone
    run();
  }
  take_one("1 3 ");
  sink->session->writable();
  CHECK(sink->take().empty());
}

TEST_CASE_METHOD(session_fixture, "close begins the closing handshake; nothing is sent after it",
                 "[session]") {
  open();
  self->send(s, close_atom::value, close_code::kicked);
  run();
  CHECK(sink->take() == events{"close 4003"});
  deliver({chat(1)});
  self->send(s, close_atom::value, close_code::going_away);
  run();
  CHECK(sink->take().empty());

  sink->session->gone(close_code::kicked);
  run();
  CHECK(sink->take() == events{"cut"});
  CHECK(told.unbinds == 1);
}

TEST_CASE_METHOD(session_fixture, "a socket that ends by itself unbinds the session once", "[session]") {
  open();
  sink->session->gone(close_code::going_away);
  run();
  CHECK(told.unbinds == 1);
  deliver({chat(1)}); // to an actor that has ended
  CHECK(admitted.deliveries.used() == 0);
}

TEST_CASE_METHOD(session_fixture, "the history does not look up what nobody waits for any more",
                 "[session]") {
  const auto ask = [&](steady_time until) {
    std::optional<history_answer> got;
    admitted.history.take(1);
    auto pending = self->request(env.history, std::chrono::seconds(1), query_atom::value,
                                 history_question{{.user = user("1")}, until});
    run();
    pending.receive([&](const history_answer& a) { got = a; }, [](const caf::error&) { FAIL("no answer"); });
    return *got;
  };
  CHECK_FALSE(ask(std::chrono::steady_clock::now() + 10s).failure);
  CHECK(reader->asked == 1);
  CHECK(ask(std::chrono::steady_clock::now() - 1s).failure->code == errc::unavailable);
  CHECK(reader->asked == 1);
}
