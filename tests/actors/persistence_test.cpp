#include "actors/persistence.hpp"

#include "tests/support/actor_fixture.hpp"
#include "tests/support/fake_registry.hpp"
#include "tests/support/fake_store.hpp"
#include "tests/support/memory_store.hpp"

#include <algorithm>
#include <array>
#include <catch2/catch.hpp>

using namespace hongyan;
using namespace hongyan::test;

namespace {

/// A database under the test's hand.
struct fake_writer final : unable_writer {
  result<std::vector<append_outcome>> append(std::span<const new_message> batch, wall_time now) override {
    sizes.push_back(batch.size());
    for (const auto& m : batch) order.push_back(m.from.text() + ":" + m.content.substr(0, 8));
    if (throws) throw std::runtime_error("planted");
    if (fails_with) return error{*fails_with, "planted"};
    return outcomes(batch, now);
  }
  result<std::optional<std::vector<append_outcome>>> settle(std::span<const new_message> batch) override {
    if (throws) throw std::runtime_error("planted");
    if (!settles) return error{errc::unavailable, "still away"};
    if (!*settles) return std::optional<std::vector<append_outcome>>{};
    return std::optional(outcomes(batch, wall_time{}));
  }
  /// Seq 404 is in no conversation of theirs, 1 was read before.
  result<std::vector<read_outcome>> mark_read(std::span<const read_mark> marks) override {
    mark_sizes.push_back(marks.size());
    if (throws) throw std::runtime_error("planted");
    if (fails_with) return error{*fails_with, "planted"};
    std::vector<read_outcome> all;
    for (const auto& m : marks)
      all.push_back(
          {.found = m.seq != 404, .moved = m.seq > 1 && m.seq != 404, .conversation_id = 7, .seq = m.seq});
    return all;
  }
  result<void> transact(const std::function<result<void>(change_transaction&)>& work) override {
    sizes_at_change.push_back(sizes.size());
    marks_at_change.push_back(mark_sizes.size());
    if (throws) throw std::runtime_error("planted");
    if (fails_with) return error{*fails_with, "planted"};
    return changed->transact(work);
  }
  result<void> check() override {
    ++checks;
    if (throws) throw std::runtime_error("planted");
    if (fails_with) return error{errc::unavailable, "planted"};
    if (epoch_when_checked) epoch_now = *epoch_when_checked;
    return {};
  }
  std::string epoch() const override { return epoch_now; }
  void remember(std::span<const held_message> delivered) override {
    remembered.insert(remembered.end(), delivered.begin(), delivered.end());
  }
  store_watch watch() const override { return seen; }
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
  std::vector<std::string> order; ///< of all that was to be stored: FROM:CONTENT
  std::vector<std::size_t> mark_sizes;
  std::vector<std::size_t> sizes_at_change; ///< how many batches were committed before each change
  std::vector<std::size_t> marks_at_change; ///< likewise of read marks
  testing::memory_store store;              ///< of changes
  std::unique_ptr<message_writer> changed = store.make_writer();
  std::optional<errc> fails_with;
  std::optional<bool> settles; ///< nothing: the database is still away
  bool throws = false;
  std::string epoch_now = "e1";
  std::optional<std::string> epoch_when_checked;
  store_watch seen;
  std::vector<held_message> remembered;
  std::int64_t last_id = 0;
  int checks = 0;
};

struct persistence_fixture : actor_fixture {
  std::shared_ptr<fake_writer> writer = std::make_shared<fake_writer>();
  registry_log told;
  registry_actor registry = system.spawn(recording_registry, &told);
  persistence_actor p =
      system.spawn(persistence, std::shared_ptr<message_writer>(writer), registry, &admitted, &figures, true);

  persistence_fixture() {
    self->send(p, tick_atom::value);
    run();
  }
  ~persistence_fixture() {
    end(p, registry);
    CHECK(admitted.appends.used() == 0); // each was given back once, whatever became of it
  }

  using pending = decltype(self->request(p, caf::infinite, append_atom::value, new_message{}));

  pending append(const std::string& content, const char* from = "1") {
    admitted.appends.take(1);
    return self->request(p, std::chrono::seconds(1), append_atom::value,
                         new_message{.from = user(from), .to = user("2"), .content = content});
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

  auto mark(std::int64_t seq, peer_or_group in = user("2"), const char* by = "1") {
    admitted.appends.take(1);
    return self->request(p, std::chrono::seconds(1), read_atom::value,
                         read_mark{user(by), std::move(in), seq});
  }
  auto ask_change(change_action action, std::optional<user_id> by = user("1")) {
    admitted.appends.take(1);
    return self->request(p, std::chrono::seconds(1), change_atom::value,
                         change{std::move(by), std::move(action)});
  }
  auto ask_group(const char* id) {
    return ask_change(create_group{.id = user(id), .name = "n", .members = {user("2")}});
  }
  /// Nothing: it went well.
  template <class Answer, class Question>
  std::optional<errc> fault(Question question) {
    std::optional<Answer> got;
    question.receive([&](const Answer& a) { got = a; }, [](const caf::error&) { FAIL("no answer"); });
    return got->failure ? std::optional(got->failure->code) : std::nullopt;
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
  const std::array from{"1", "2", "3", "4"};
  for (std::size_t i = 0; i < 1100; ++i) questions.push_back(append("x", from[i % 4]));
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
  CHECK(told.resyncs == 1); // perhaps it was stored, and nobody was told

  self->send(p, tick_atom::value); // its look throws, too
  run();
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

TEST_CASE_METHOD(persistence_fixture, "read marks that wait together are committed together",
                 "[persistence]") {
  std::vector<decltype(mark(1))> questions;
  const std::array by{"1", "2", "3", "4"};
  for (int seq = 1001; seq <= 2100; ++seq)
    questions.push_back(mark(seq, user("9"), by[static_cast<std::size_t>(seq) % 4]));
  run();
  CHECK(writer->mark_sizes == std::vector<std::size_t>{500, 500, 100});
  for (auto& q : questions) CHECK_FALSE(fault<read_answer>(std::move(q)));
  REQUIRE(told.reads.size() == 1100);
  CHECK(told.reads.back().seq == 2100);
}

TEST_CASE_METHOD(persistence_fixture, "a read mark that moved is told, with who said so", "[persistence]") {
  auto direct = mark(5);
  auto in_group = mark(6, peer_or_group::group(user("g")));
  auto to_oneself = mark(7, user("1"));
  auto not_moved = mark(1);
  auto not_there = mark(404);
  run();
  CHECK(writer->mark_sizes == std::vector<std::size_t>{5});
  CHECK_FALSE(fault<read_answer>(std::move(direct)));
  CHECK_FALSE(fault<read_answer>(std::move(in_group)));
  CHECK_FALSE(fault<read_answer>(std::move(to_oneself)));
  CHECK_FALSE(fault<read_answer>(std::move(not_moved)));
  CHECK(fault<read_answer>(std::move(not_there)) == errc::not_found);
  REQUIRE(told.reads.size() == 3);
  for (const auto& note : told.reads) {
    CHECK(note.conversation_id == 7);
    CHECK(note.user == user("1"));
    CHECK(note.origin == self->address());
  }
  CHECK(told.reads[0].seq == 5);
  CHECK(told.reads[0].peer == user("2"));
  CHECK(told.reads[1].seq == 6);
  CHECK_FALSE(told.reads[1].peer);
  CHECK(told.reads[2].seq == 7);
  CHECK_FALSE(told.reads[2].peer);
}

TEST_CASE_METHOD(persistence_fixture, "read marks that cannot be stored are refused, and tell nobody",
                 "[persistence]") {
  auto expected = errc::unavailable;
  SECTION("the database is away") { writer->fails_with = errc::unavailable; }
  SECTION("nobody knows") { expected = *(writer->fails_with = errc::outcome_unknown); }
  SECTION("it throws") {
    expected = errc::internal;
    writer->throws = true;
  }
  auto one = mark(5);
  auto two = mark(6);
  run();
  CHECK(fault<read_answer>(std::move(one)) == expected);
  CHECK(fault<read_answer>(std::move(two)) == expected);
  CHECK(told.reads.empty());
  CHECK_FALSE(admitted.database_up());

  writer->fails_with.reset();
  writer->throws = false;
  auto three = mark(7); // no batch in doubt stands before it
  run();
  CHECK_FALSE(fault<read_answer>(std::move(three)));
}

TEST_CASE_METHOD(persistence_fixture, "behind a commit in doubt nothing is marked or changed",
                 "[persistence]") {
  writer->fails_with = errc::outcome_unknown;
  auto doubtful = append("x");
  run();
  writer->fails_with.reset();
  auto marked = mark(5);
  auto changed = ask_group("g");
  run();
  CHECK(fault<read_answer>(std::move(marked)) == errc::unavailable);
  CHECK(fault<change_answer>(std::move(changed)) == errc::unavailable);
  CHECK(writer->mark_sizes.empty());
  CHECK(writer->sizes_at_change.empty());
  CHECK(told.resyncs == 0);

  writer->settles = true;
  self->send(p, tick_atom::value);
  run();
  CHECK_FALSE(answer(doubtful).failure);
  auto later = ask_group("g");
  run();
  CHECK_FALSE(fault<change_answer>(std::move(later)));
}

TEST_CASE_METHOD(persistence_fixture, "a change stores what waits before it, and tells its entries",
                 "[persistence]") {
  auto before = append("x");
  auto create = ask_group("g");
  auto after = append("x");
  run();
  CHECK_FALSE(answer(before).failure);
  CHECK_FALSE(answer(after).failure);
  CHECK(writer->sizes == std::vector<std::size_t>{1, 1});
  CHECK(writer->sizes_at_change == std::vector<std::size_t>{1});
  std::optional<change_answer> got;
  create.receive([&](const change_answer& a) { got = a; }, [](const caf::error&) { FAIL("no answer"); });
  CHECK_FALSE(got->failure);
  REQUIRE(got->group);
  CHECK(got->group->id == user("g"));
  CHECK(got->group->member_count == 2);

  const auto& log = writer->store.state().conversations.at(got->group->conversation_id).log;
  REQUIRE(log.size() == 1);
  CHECK(told.delivered == std::vector<std::int64_t>{1, log[0].id, 2});
  REQUIRE(told.audiences[1]);
  CHECK(*told.audiences[1] == std::vector<user_id>{user("1"), user("2")});
  CHECK(admitted.deliveries.used() == 0);
}

TEST_CASE_METHOD(persistence_fixture, "a change without an entry tells nobody", "[persistence]") {
  auto profile = ask_change(update_profile{.name = "n"});
  run();
  CHECK_FALSE(fault<change_answer>(std::move(profile)));
  CHECK(told.delivered.empty());
  CHECK(told.resyncs == 0);
}

TEST_CASE_METHOD(persistence_fixture, "a change that fails says why", "[persistence]") {
  auto make = ask_group("g");
  run();
  CHECK_FALSE(fault<change_answer>(std::move(make)));
  REQUIRE(told.delivered.size() == 1);

  SECTION("by the rules: the database is as well as before") {
    auto taken = ask_group("g");
    auto not_theirs = ask_change(dismiss_group{user("g")}, user("2"));
    auto not_there = ask_change(leave_group{user("h")});
    run();
    CHECK(fault<change_answer>(std::move(taken)) == errc::conflict);
    CHECK(fault<change_answer>(std::move(not_theirs)) == errc::forbidden);
    CHECK(fault<change_answer>(std::move(not_there)) == errc::not_found);
    CHECK(admitted.database_up());
    CHECK(told.resyncs == 0);
  }
  SECTION("the database is away: nothing was stored") {
    writer->fails_with = errc::unavailable;
    auto dismiss = ask_change(dismiss_group{user("g")});
    run();
    CHECK(fault<change_answer>(std::move(dismiss)) == errc::unavailable);
    CHECK_FALSE(admitted.database_up());
    CHECK(told.resyncs == 0);
  }
  SECTION("nobody knows: perhaps an entry is there that was not told") {
    writer->fails_with = errc::outcome_unknown;
    auto dismiss = ask_change(dismiss_group{user("g")});
    run();
    CHECK(fault<change_answer>(std::move(dismiss)) == errc::outcome_unknown);
    CHECK_FALSE(admitted.database_up());
    CHECK(told.resyncs == 1);
  }
  SECTION("the store throws") {
    writer->throws = true;
    auto dismiss = ask_change(dismiss_group{user("g")});
    run();
    CHECK(fault<change_answer>(std::move(dismiss)) == errc::internal);
    CHECK(told.resyncs == 1);
  }
  CHECK(told.delivered.size() == 1);
}

TEST_CASE_METHOD(persistence_fixture, "who waits when the server stops is answered", "[persistence]") {
  auto sent = append("x");
  auto marked = mark(5);
  caf::anon_send_exit(p, caf::exit_reason::user_shutdown); // before the flush
  run();
  CHECK(failure(sent) == errc::unavailable);
  CHECK(fault<read_answer>(std::move(marked)) == errc::unavailable);
  CHECK(writer->sizes.empty());
  CHECK(writer->mark_sizes.empty());
}

TEST_CASE_METHOD(persistence_fixture, "a settlement that throws leaves the commit in doubt",
                 "[persistence]") {
  writer->fails_with = errc::outcome_unknown;
  auto doubtful = append("x");
  run();
  writer->fails_with.reset();
  writer->throws = true;
  self->send(p, tick_atom::value);
  run();
  CHECK_FALSE(admitted.database_up());
  writer->throws = false;
  writer->settles = true;
  self->send(p, tick_atom::value);
  run();
  CHECK_FALSE(answer(doubtful).failure);
}

TEST_CASE_METHOD(persistence_fixture, "users' messages are stored by turns, each user's in the order sent",
                 "[persistence]") {
  std::vector<pending> questions;
  for (const auto* content : {"a", "b", "c"}) questions.push_back(append(content, "1"));
  questions.push_back(append("d", "2"));
  questions.push_back(append("e", "3"));
  questions.push_back(append("f", "2"));
  run();
  // A turn is 32: each has less than that.
  CHECK(writer->order == std::vector<std::string>{"1:a", "1:b", "1:c", "2:d", "2:f", "3:e"});
  for (auto& q : questions) CHECK_FALSE(answer(q).failure);
}

TEST_CASE_METHOD(persistence_fixture, "long messages are stored in short batches, and wait behind their own",
                 "[persistence]") {
  std::vector<pending> questions;
  questions.push_back(append("first", "1")); // while it is stored the others come
  for (int i = 0; i < 20; ++i) questions.push_back(append("long" + std::string(12'000, 'x'), "1"));
  questions.push_back(append("word", "2"));
  run();
  // 12 KB cost as much as 12 words, of 32 a turn, and six of them fill a batch.
  const auto word = std::ranges::find(writer->order, "2:word") - writer->order.begin();
  CHECK(word <= 4);
  CHECK(*std::ranges::max_element(writer->sizes) <= 8);
  CHECK(writer->order.size() == 22);
  for (auto& q : questions) CHECK_FALSE(answer(q).failure);
}

TEST_CASE_METHOD(persistence_fixture, "changes of one user do not hold up another's message",
                 "[persistence]") {
  block_users many{.users = {}, .blocked = true};
  for (int i = 0; i < 100; ++i) many.users.push_back(user(std::to_string(1000 + i).c_str()));
  std::vector<decltype(ask_change(many))> changes;
  for (int i = 0; i < 50; ++i) changes.push_back(ask_change(many, user("1")));
  auto cheap = ask_change(update_profile{.name = "n"}, user("3"));
  auto sent = append("x", "2");
  run();
  CHECK_FALSE(answer(sent).failure);
  REQUIRE(writer->sizes_at_change.size() == 51);
  CHECK(writer->sizes_at_change[1] ==
        1); // the message came last, and waited for one change of another at most
  for (auto& c : changes) CHECK_FALSE(fault<change_answer>(std::move(c)));
  CHECK_FALSE(fault<change_answer>(std::move(cheap)));
}

TEST_CASE_METHOD(persistence_fixture, "a change comes after the messages and read marks its user sent before",
                 "[persistence]") {
  auto marked = mark(5);
  auto sent = append("before");
  auto changed = ask_change(update_profile{.name = "n"});
  auto later = append("after");
  run();
  CHECK(writer->mark_sizes == std::vector<std::size_t>{1});
  CHECK(writer->marks_at_change == std::vector<std::size_t>{1});
  CHECK(writer->sizes_at_change == std::vector<std::size_t>{1});
  CHECK(writer->order == std::vector<std::string>{"1:before", "1:after"});
  CHECK_FALSE(answer(sent).failure);
  CHECK_FALSE(answer(later).failure);
  CHECK_FALSE(fault<read_answer>(std::move(marked)));
  CHECK_FALSE(fault<change_answer>(std::move(changed)));
}

TEST_CASE_METHOD(persistence_fixture, "one user cannot have all the writes that wait", "[persistence]") {
  std::vector<pending> questions;
  for (int i = 0; i < 501; ++i) questions.push_back(append("x", "1"));
  auto other = append("y", "2");
  run();
  CHECK_FALSE(answer(other).failure);
  CHECK(failure(questions.back()) == errc::rate_limited);
  questions.pop_back();
  for (auto& q : questions) CHECK_FALSE(answer(q).failure);
}

TEST_CASE_METHOD(persistence_fixture, "a store that was set back is counted once, and everybody begins anew",
                 "[persistence]") {
  CHECK(admitted.epoch() == "e1");
  writer->seen.set_backs = 1;
  writer->epoch_now = "e2";
  for (int i = 0; i < 2; ++i) {
    self->send(p, tick_atom::value);
    run();
  }
  CHECK(admitted.epoch() == "e2");
  CHECK(told.resyncs == 1);
  CHECK(figures.store_set_back.Value() == 1);
}

TEST_CASE_METHOD(persistence_fixture, "an epoch that a peer has told of first is not taken back",
                 "[persistence]") {
  admitted.set_epoch("e2"); // the writer still has e1
  SECTION("when the writer finds it as well") { writer->epoch_when_checked = "e2"; }
  SECTION("unless it is not the store's") {}
  auto sent = append("a");
  run();
  CHECK(answer(sent).outcome.status == append_status::stored);
  CHECK(told.resyncs == (writer->epoch_when_checked ? 0 : 1));
  CHECK(admitted.epoch() == writer->epoch_when_checked.value_or("e1"));
}

TEST_CASE_METHOD(persistence_fixture,
                 "where is stored is shown, and what peers have delivered is looked after", "[persistence]") {
  CHECK(figures.database_timeline.Value() == 0);
  writer->seen.host = "b:5432";
  writer->seen.timeline = 2;
  admitted.note_heard({.conversation_id = 1, .seq = 9, .id = 9});
  for (int i = 0; i < 2; ++i) {
    self->send(p, tick_atom::value);
    run();
  }
  CHECK(figures.database_timeline.Value() == 2);
  REQUIRE(writer->remembered.size() == 1);
  CHECK(writer->remembered[0].seq == 9);
}

TEST_CASE_METHOD(persistence_fixture, "checkpoints that do not come about are shown", "[persistence]") {
  writer->seen.log_bytes = 300'000'000;
  writer->seen.checkpoints_failed = 2;
  writer->seen.checkpoint_trouble = "disk I/O error";
  self->send(p, tick_atom::value);
  run();
  CHECK(figures.checkpoints.Add({{"outcome", "failed"}}).Value() == 2);
  CHECK(figures.wal_bytes.Value() == 300'000'000);
}
