#include "actors/streams.hpp"

#include "actors/persistence.hpp"
#include "persistence/changes.hpp"
#include "tests/support/actor_fixture.hpp"
#include "tests/support/fake_registry.hpp"
#include "tests/support/memory_store.hpp"

#include <catch2/catch.hpp>

using namespace hongyan;
using namespace hongyan::test;
using namespace std::chrono_literals;

namespace {

/// Two nodes' streams actors over one persistence actor and its store.
struct streams_fixture : actor_fixture {
  testing::memory_store store;
  registry_log told;
  registry_actor registry = system.spawn(recording_registry, &told);
  persistence_actor p = system.spawn(persistence, std::shared_ptr<message_writer>(store.make_writer()),
                                     registry, &admitted, &figures, false);
  streams_actor here = spawn_on<streams>(system, home, home, "here", p, registry, admitted, figures);
  streams_actor there = spawn_on<streams>(system, home, home, "there", p, registry, admitted, figures);

  streams_fixture() {
    self->send(p, tick_atom::value);
    run();
  }
  ~streams_fixture() {
    end(here, there, p, registry);
    CHECK(admitted.appends.used() == 0);
  }

  template <class T, class To, class... Args>
  T ask(const To& to, Args... args) {
    std::optional<T> answer;
    auto pending = self->request(to, std::chrono::seconds(1), args...);
    run();
    pending.receive([&](const T& value) { answer = value; }, [](const caf::error&) { FAIL("no answer"); });
    return *answer;
  }

  stream_begun begin(const char* client_msg_id = "c1", stream_writer by = {}) {
    admitted.appends.take(1);
    new_message m{.from = user("bot"),
                  .to = user("2"),
                  .kind = message_kind::text_stream,
                  .content = "",
                  .client_msg_id = client_msg_id};
    return ask<stream_begun>(here, create_atom::value, stream_begin{std::move(m), std::move(by)});
  }
  stream_written write(const std::string& id, std::size_t offset, std::string delta, stream_writer by = {}) {
    return ask<stream_written>(here, write_atom::value,
                               stream_delta{id, std::move(by), offset, std::move(delta)});
  }
  stream_finished finish(const std::string& id, std::optional<std::string> content = {}) {
    return ask<stream_finished>(here, finish_atom::value, stream_finish{id, {}, std::move(content)});
  }
  const message& stored() { return store.state().conversations.at(1).log.at(0); }
};

} // namespace

TEST_CASE_METHOD(streams_fixture, "what is added is told at once, and stored after two seconds",
                 "[streams]") {
  const auto id = begin().id;
  REQUIRE(id.size() == stream_id_digits);
  CHECK(write(id, 0, "鸿").offset == 1);
  CHECK(write(id, 1, "雁!").offset == 3);
  REQUIRE(told.streams.size() == 2);
  CHECK(told.streams[1].offset == 1);
  CHECK(told.streams[1].delta == "雁!");
  CHECK(*told.streams[1].users == std::vector{user("bot"), user("2")});
  CHECK(stored().content.empty());
  advance(3s);
  CHECK(stored().content == "鸿雁!");
  CHECK(stored().kind == message_kind::text_stream);
  REQUIRE(told.streams.size() == 3);
  CHECK(told.streams[2].offset == 0);
  CHECK(told.streams[2].delta == "鸿雁!");
  advance(5s);
  CHECK(told.streams.size() == 3); // nothing has grown
}

TEST_CASE_METHOD(streams_fixture, "many are told of what comes within a tick at once", "[streams]") {
  std::vector<user_id> members;
  for (int i = 0; i < 65; ++i) members.push_back(user("m" + std::to_string(i)));
  REQUIRE(apply(*store.make_writer(), {user("bot"), create_group{user("g"), "Geese", members}}, wall_time())
              .has_value());
  admitted.appends.take(1);
  new_message m{.from = user("bot"),
                .to = peer_or_group::group(user("g")),
                .kind = message_kind::text_stream,
                .content = "",
                .client_msg_id = "c1"};
  const auto id = ask<stream_begun>(here, create_atom::value, stream_begin{std::move(m), {}}).id;
  for (std::size_t i = 0; i < 6; ++i) write(id, i, "鸿");
  REQUIRE(told.streams.size() == 1); // the first, since nothing was told for a while
  advance(200ms);
  REQUIRE(told.streams.size() == 2);
  CHECK(told.streams[1].offset == 1);
  CHECK(told.streams[1].delta == "鸿鸿鸿鸿鸿");
  advance(1s);
  CHECK(told.streams.size() == 2);
}

TEST_CASE_METHOD(streams_fixture, "at another offset than the end nothing is added", "[streams]") {
  const auto id = begin().id;
  write(id, 0, "ab");
  for (const auto offset : {0u, 1u, 3u}) {
    const auto refused = write(id, offset, "x");
    REQUIRE(refused.failure);
    CHECK(refused.failure->code == errc::conflict);
    CHECK(refused.failure->offset == 2u);
  }
  const auto long_one = write(id, 2, std::string(stream_chars_max - 1, 'x'));
  REQUIRE(long_one.failure);
  CHECK(long_one.failure->code == errc::too_large);
  CHECK(write(id, 2, std::string(stream_chars_max - 2, 'x')).offset == stream_chars_max);
}

TEST_CASE_METHOD(streams_fixture, "its end makes it a text, and an entry says so", "[streams]") {
  const auto id = begin().id;
  write(id, 0, "ab");
  const auto done = finish(id);
  REQUIRE(done.ended);
  CHECK(done.ended->content == "ab");
  CHECK(done.ended->kind == message_kind::text);
  CHECK(done.ended->edits == 0);
  CHECK(stored().content == "ab");
  CHECK(store.state().conversations.at(1).log.at(1).kind == message_kind::edit);
  CHECK(write(id, 2, "x").failure->code == errc::not_found);
  CHECK(finish(id).failure->code == errc::not_found);
  const auto again = begin();
  CHECK(again.duplicate);
  CHECK(again.id == id);
  CHECK(again.message->content == "ab");
}

TEST_CASE_METHOD(streams_fixture, "a minute without a word ends it as it stands", "[streams]") {
  const auto id = begin().id;
  write(id, 0, "ab");
  advance(59s);
  CHECK(stored().kind == message_kind::text_stream);
  advance(2s);
  CHECK(stored().kind == message_kind::text);
  CHECK(stored().content == "ab");
}

TEST_CASE_METHOD(streams_fixture, "it is good for who began it", "[streams]") {
  const auto id = begin().id;
  CHECK(write(id, 0, "x", stream_writer{user("bot")}).failure->code == errc::not_found);
  const auto own = begin("c2", stream_writer{user("bot")}).id;
  CHECK(write(own, 0, "x").failure->code == errc::not_found);
  CHECK(write(own, 0, "x", stream_writer{user("bot")}).offset == 1);
  CHECK(write("0123", 0, "x").failure->code == errc::not_found);
  const auto of_key = begin("c3", {.key = "one"}).id;
  CHECK(write(of_key, 0, "x", {.key = "another"}).failure->code == errc::not_found);
  CHECK(write(of_key, 0, "x").failure->code == errc::not_found);
  CHECK(write(of_key, 0, "x", {.key = "one"}).offset == 1);
  CHECK(begin("c3", {.key = "one"}).id == of_key);
  CHECK(begin("c3", {.key = "another"}).failure->code == errc::conflict);
}

TEST_CASE_METHOD(streams_fixture, "one user writes a few at the same time", "[streams]") {
  for (std::size_t i = 0; i < streams_a_user_max; ++i)
    CHECK_FALSE(begin(("c" + std::to_string(i)).c_str(), stream_writer{user("bot")}).failure);
  CHECK(begin("more", stream_writer{user("bot")}).failure->code == errc::rate_limited);
  CHECK_FALSE(begin("other").failure);
}

TEST_CASE_METHOD(streams_fixture, "asked to let go, a node stores what it has, and another goes on",
                 "[streams]") {
  const auto begun = begin();
  write(begun.id, 0, "ab");
  self->send(here, drop_atom::value, stream_place{begun.message->conversation_id, begun.message->seq});
  run();
  CHECK(stored().content == "ab");
  const auto written = ask<stream_written>(there, write_atom::value, stream_delta{begun.id, {}, 2, "c"});
  CHECK(written.offset == 3);
}

TEST_CASE_METHOD(streams_fixture, "who wants a stream that another node has asks for it", "[streams]") {
  const auto begun = begin();
  auto pending =
      self->request(there, std::chrono::seconds(1), write_atom::value, stream_delta{begun.id, {}, 0, "c"});
  run();
  REQUIRE(told.dropped.size() == 1);
  CHECK(told.dropped[0].seq == begun.message->seq);
  advance(5s); // it does not answer: it is gone
  std::size_t offset = 0;
  pending.receive([&](const stream_written& w) { offset = w.offset; },
                  [](const caf::error&) { FAIL("none"); });
  CHECK(offset == 1);
}

TEST_CASE_METHOD(streams_fixture, "who goes from a group has its streams asked for anew", "[streams]") {
  const auto begun = begin();
  write(begun.id, 0, "ab");
  self->send(here, drop_atom::value, stream_place{begun.message->conversation_id + 1, 0});
  run();
  CHECK(stored().content.empty());
  self->send(here, drop_atom::value, stream_place{begun.message->conversation_id, 0});
  run();
  CHECK(stored().content == "ab");
  CHECK(write(begun.id, 2, "c").offset == 3);
}

namespace {

/// A stream that `here` has stored up to "ab", and of which `there` has taken "abc" by force.
struct taken_fixture : streams_fixture {
  stream_begun begun = begin();

  taken_fixture() {
    write(begun.id, 0, "ab");
    advance(3s);
    auto pending =
        self->request(there, std::chrono::seconds(10), write_atom::value, stream_delta{begun.id, {}, 2, "c"});
    run();
    advance(5s); // here does not let go
    CHECK(answer_to<stream_written>(pending).offset == 3);
    told.dropped.clear();
  }

  template <class T, class Pending>
  T answer_to(Pending& pending) {
    std::optional<T> answer;
    pending.receive([&](const T& value) { answer = value; }, [](const caf::error&) { FAIL("no answer"); });
    return *answer;
  }
  /// What the registry would do of what it was told.
  void let_there_go() {
    run();
    REQUIRE_FALSE(told.dropped.empty());
    self->send(there, drop_atom::value, told.dropped.front());
    run();
    advance(400ms);
  }
};

} // namespace

TEST_CASE_METHOD(taken_fixture, "written where the copy is old, it is asked for first", "[streams]") {
  auto pending =
      self->request(here, std::chrono::seconds(10), write_atom::value, stream_delta{begun.id, {}, 3, "d"});
  let_there_go();
  CHECK(answer_to<stream_written>(pending).offset == 4);
  CHECK(finish(begun.id).ended->content == "abcd");
}

TEST_CASE_METHOD(taken_fixture, "a node that stood still asks for what it had", "[streams]") {
  home.stand_still(2s);
  // At the offset where its old copy ends: that would have been taken.
  CHECK(write(begun.id, 2, "x").failure->offset == 3u);
}

TEST_CASE_METHOD(taken_fixture, "ended where the copy is old, it ends as it is", "[streams]") {
  auto pending =
      self->request(here, std::chrono::seconds(10), finish_atom::value, stream_finish{begun.id, {}, {}});
  let_there_go();
  CHECK(answer_to<stream_finished>(pending).ended->content == "abc");
  CHECK(stored().content == "abc");
}

TEST_CASE_METHOD(streams_fixture, "what is let go and cannot be stored stays", "[streams]") {
  const auto begun = begin();
  write(begun.id, 0, "ab");
  store.is_away = true;
  CHECK(write(begun.id, 1, "x").failure->code == errc::unavailable);
  store.is_away = false;
  CHECK(write(begun.id, 2, "c").offset == 3);
  advance(3s);
  CHECK(stored().content == "abc");
}

TEST_CASE_METHOD(streams_fixture, "a node that drains stores what it has, and takes nothing more",
                 "[streams]") {
  const auto id = begin().id;
  write(id, 0, "ab");
  CHECK(figures.streams_open.Value() == 1);
  self->send(here, drain_atom::value);
  run();
  CHECK(stored().content == "ab");
  CHECK(figures.streams_open.Value() == 0);
  CHECK(begin("c2").failure->code == errc::unavailable);
  CHECK(write(id, 2, "c").failure->code == errc::unavailable);
  CHECK(finish(id).failure->code == errc::unavailable);
  CHECK(ask<stream_written>(there, write_atom::value, stream_delta{id, {}, 2, "c"}).offset == 3);
}

TEST_CASE_METHOD(streams_fixture, "a node that drains tries again what cannot be stored", "[streams]") {
  const auto id = begin().id;
  write(id, 0, "ab");
  store.is_away = true;
  self->send(here, drain_atom::value);
  advance(1s);
  CHECK(figures.streams_open.Value() == 1);
  store.is_away = false;
  advance(200ms);
  CHECK(stored().content == "ab");
  CHECK(figures.streams_open.Value() == 0);
}
