#include "actors/persistence.hpp"

#include "tests/support/actor_fixture.hpp"
#include "tests/support/fake_registry.hpp"
#include "tests/support/fake_store.hpp"

#include <catch2/catch.hpp>

using namespace hongyan;
using namespace hongyan::test;

namespace {

/// A database under the test's hand.
struct fake_writer final : unable_writer {
  result<std::vector<append_outcome>> append(std::span<const new_message> batch, wall_time now) override {
    sizes.push_back(batch.size());
    if (throws) throw std::runtime_error("planted");
    if (fails_with) return error{*fails_with, "planted"};
    return outcomes(batch, now);
  }
  result<std::optional<std::vector<append_outcome>>> settle(std::span<const new_message> batch) override {
    if (!settles) return error{errc::unavailable, "still away"};
    if (!*settles) return std::optional<std::vector<append_outcome>>{};
    return std::optional(outcomes(batch, wall_time{}));
  }
  result<void> check() override {
    ++checks;
    if (fails_with) return error{errc::unavailable, "planted"};
    return {};
  }
  std::vector<append_outcome> outcomes(std::span<const new_message> batch, wall_time now) {
    std::vector<append_outcome> all;
    for (const auto& m : batch) {
      const auto status = m.content == "again"   ? append_status::duplicate
                          : m.content == "clash" ? append_status::conflict
                                                 : append_status::stored;
      all.push_back(
          {.status = status, .id = ++last_id, .conversation_id = 1, .seq = last_id, .created_at = now});
    }
    return all;
  }

  std::vector<std::size_t> sizes;
  std::optional<errc> fails_with;
  std::optional<bool> settles; ///< nothing: the database is still away
  bool throws = false;
  std::int64_t last_id = 0;
  int checks = 0;
};

struct persistence_fixture : actor_fixture {
  std::shared_ptr<fake_writer> writer = std::make_shared<fake_writer>();
  registry_log told;
  registry_actor registry = system.spawn(recording_registry, &told);
  persistence_actor p =
      system.spawn(persistence, std::shared_ptr<message_writer>(writer), registry, &admitted, &figures);

  persistence_fixture() {
    self->send(p, tick_atom::value);
    run();
  }
  ~persistence_fixture() { end(p, registry); }

  using pending = decltype(self->request(p, caf::infinite, append_atom::value, new_message{}));

  pending append(const std::string& content) {
    return self->request(p, std::chrono::seconds(1), append_atom::value,
                         new_message{.from = user("1"), .to = user("2"), .content = content});
  }
  append_answer answer(pending& question) {
    std::optional<append_answer> got;
    question.receive([&](const append_answer& a) { got = a; }, [](const caf::error&) { FAIL("no answer"); });
    return *got;
  }
  errc failure(pending& question) {
    const auto a = answer(question);
    REQUIRE(a.failure);
    return a.failure->code;
  }
};

} // namespace

TEST_CASE_METHOD(persistence_fixture, "what waits together is committed together", "[persistence]") {
  std::vector<pending> questions;
  for (int i = 0; i < 10; ++i) questions.push_back(append("x"));
  run();
  CHECK(writer->sizes == std::vector<std::size_t>{10});
  for (std::size_t i = 0; i < questions.size(); ++i)
    CHECK(answer(questions[i]).outcome.id == static_cast<int>(i) + 1);
  CHECK(told.delivered == std::vector<std::int64_t>{1, 2, 3, 4, 5, 6, 7, 8, 9, 10});
  CHECK(admitted.deliveries.used() == 0); // the registry has handled the batch
}

TEST_CASE_METHOD(persistence_fixture, "a lone message is committed at once", "[persistence]") {
  auto one = append("x");
  run();
  CHECK(answer(one).outcome.status == append_status::stored);
  auto two = append("x");
  run();
  CHECK(answer(two).outcome.id == 2);
  CHECK(writer->sizes == std::vector<std::size_t>{1, 1});
}

TEST_CASE_METHOD(persistence_fixture, "a batch has a limit", "[persistence]") {
  std::vector<pending> questions;
  for (int i = 0; i < 1100; ++i) questions.push_back(append("x"));
  run();
  CHECK(writer->sizes == std::vector<std::size_t>{500, 500, 100});
  for (auto& q : questions) CHECK_FALSE(answer(q).failure);
}

TEST_CASE_METHOD(persistence_fixture, "duplicates and conflicts are answered and not delivered",
                 "[persistence]") {
  auto stored = append("x");
  auto duplicate = append("again");
  auto conflict = append("clash");
  run();
  CHECK(answer(stored).outcome.status == append_status::stored);
  CHECK(answer(duplicate).outcome.status == append_status::duplicate);
  CHECK(answer(conflict).outcome.status == append_status::conflict);
  CHECK(told.delivered == std::vector<std::int64_t>{1});
}

TEST_CASE_METHOD(persistence_fixture, "a failed batch is refused whole, and the next one may succeed",
                 "[persistence]") {
  writer->fails_with = errc::unavailable;
  auto a = append("x");
  auto b = append("x");
  run();
  CHECK(failure(a) == errc::unavailable);
  CHECK(failure(b) == errc::unavailable);
  CHECK(told.delivered.empty());
  CHECK_FALSE(admitted.database_up());
  CHECK(admitted.database_fault() == "planted");

  writer->fails_with.reset();
  self->send(p, tick_atom::value);
  run();
  CHECK(admitted.database_up());
  auto c = append("x");
  run();
  CHECK_FALSE(answer(c).failure);
}

TEST_CASE_METHOD(persistence_fixture, "a commit in doubt is answered when it is settled, not before",
                 "[persistence]") {
  writer->fails_with = errc::outcome_unknown;
  auto doubtful = append("x");
  run();
  auto meanwhile = append("x");
  self->send(p, tick_atom::value);
  run();
  CHECK(failure(meanwhile) == errc::unavailable); // nothing is stored behind a batch in doubt
  CHECK_FALSE(admitted.database_up());

  SECTION("it was stored") {
    writer->settles = true;
    writer->fails_with.reset();
    self->send(p, tick_atom::value);
    run();
    CHECK_FALSE(answer(doubtful).failure);
    CHECK(told.delivered.size() == 1);
  }
  SECTION("it was not") {
    writer->settles = false;
    writer->fails_with.reset();
    self->send(p, tick_atom::value);
    run();
    CHECK(failure(doubtful) == errc::unavailable);
    CHECK(told.delivered.empty());
  }
  SECTION("the server stops before that is known") {
    caf::anon_send_exit(p, caf::exit_reason::user_shutdown);
    run();
    CHECK(failure(doubtful) == errc::outcome_unknown);
  }
}

TEST_CASE_METHOD(persistence_fixture, "an idle database is looked after, a busy one is not disturbed",
                 "[persistence]") {
  auto one = append("x");
  run();
  answer(one);
  const auto before = writer->checks;
  self->send(p, tick_atom::value); // right behind a commit
  run();
  CHECK(writer->checks == before);
}

TEST_CASE_METHOD(persistence_fixture, "a store that throws does not end the actor", "[persistence]") {
  writer->throws = true;
  auto one = append("x");
  run();
  CHECK(failure(one) == errc::outcome_unknown);
  CHECK_FALSE(admitted.database_up());

  writer->throws = false;
  admitted.look_asked = true;
  self->send(p, tick_atom::value);
  run();
  CHECK_FALSE(admitted.look_asked);
  auto two = append("x");
  run();
  CHECK_FALSE(answer(two).failure);
}
