/// What content checks say of messages (core/chat/content_check.hpp), over both stores.
#include "persistence/changes.hpp"
#include "tests/persistence/contract_fixtures.hpp"

using namespace hongyan;
using namespace hongyan::testing;
using namespace std::chrono_literals;

namespace {

constexpr content_verdict waiting{};
constexpr content_verdict passed{judgement::pass, judged_by::wechat, 100};
constexpr content_verdict bad_words{judgement::risky, judged_by::words, {}};

result<change_outcome> try_it(message_writer& writer, change_action what, wall_time now = at(5000)) {
  return apply(writer, {.by = {}, .action = std::move(what)}, now);
}

new_message judged(new_message m, const content_verdict& verdict) {
  m.judged = std::make_shared<const content_verdict>(verdict);
  return m;
}

std::optional<content_check> check_of(message_writer& writer, std::int64_t id) {
  return change_it(writer, find_verdict{id}).check;
}

message entry(message_writer& writer, std::int64_t id) {
  std::optional<message> it;
  in_transaction(writer, [&](change_transaction& t) { it = got(t.find_message(id)); });
  REQUIRE(it.has_value());
  return *it;
}

std::vector<std::int64_t> taken(message_writer& writer, wall_time now, std::size_t limit = 10) {
  std::vector<std::int64_t> ids;
  for (const auto& one : change_it(writer, take_checks{limit}, {}, now).checks) ids.push_back(one.what.id);
  return ids;
}

} // namespace

STORE_TEST("a message is stored with what its check says") {
  TestType database;
  auto store = opened(database.url);
  auto writer = store->make_writer();
  const auto stored = append(*writer, {judged(chat("1", "2", "one"), passed), chat("1", "2", "two"),
                                       judged(chat("2", "1", "three"), waiting)});
  const auto first = check_of(*writer, stored[0].id);
  REQUIRE(first.has_value());
  CHECK(first->verdict == passed);
  CHECK(first->message_id == stored[0].id);
  CHECK_FALSE(check_of(*writer, stored[1].id));
  CHECK(check_of(*writer, stored[2].id)->verdict == waiting);
  CHECK_FALSE(check_of(*writer, 4711));
}

STORE_TEST("what waits is taken up by one, and again when nothing is said of it") {
  TestType database;
  auto store = opened(database.url);
  auto writer = store->make_writer();
  const auto stored =
      append(*writer, {judged(chat("1", "2", "one"), waiting), judged(chat("1", "2", "two"), waiting),
                       judged(chat("1", "2", "three"), passed)});
  const std::vector<std::int64_t> both{stored[0].id, stored[1].id};
  CHECK(taken(*writer, at(5000), 1).size() == 1);
  CHECK(taken(*writer, at(5000)).size() == 1);
  CHECK(taken(*writer, at(5000)).empty());
  CHECK(taken(*writer, at(5000) + 14s).empty());
  auto again = change_it(*writer, take_checks{10}, {}, at(5000) + 16s).checks;
  REQUIRE(again.size() == 2);
  CHECK(again[0].attempts == 2);
  CHECK(again[0].what.content == "one");
  change_it(*writer, put_verdict{.message_id = stored[0].id, .verdict = passed}, {}, at(5000));
  change_it(*writer, recall_by_id{stored[1].id}, {}, at(5000));
  CHECK(taken(*writer, at(5000) + 1h).empty()); // one is judged, and one is gone
  CHECK(check_of(*writer, stored[1].id)->verdict.what == judgement::pass);
}

STORE_TEST("what may not stay is taken back in the same transaction") {
  TestType database;
  auto store = opened(database.url);
  auto writer = store->make_writer();
  const auto stored = append(*writer, {judged(chat("1", "2", "bad"), waiting)});
  const auto outcome = change_it(*writer, put_verdict{stored[0].id, 0, bad_words, true}, {}, at(5000));
  REQUIRE(outcome.entries.size() == 1);
  CHECK(outcome.entries[0].entry.kind == message_kind::recall);
  CHECK(outcome.entries[0].entry.content == R"({"seq":1,"by":null})");
  CHECK(entry(*writer, stored[0].id).recalled);
  CHECK(check_of(*writer, stored[0].id)->verdict == bad_words);
  CHECK(change_it(*writer, put_verdict{stored[0].id, 0, bad_words, true}, {}, at(5000)).entries.empty());
}

STORE_TEST("a verdict is on the text that it was asked about") {
  TestType database;
  auto store = opened(database.url);
  auto writer = store->make_writer();
  const auto stored = append(*writer, {judged(chat("1", "2", "bad"), waiting)});
  got(apply(*writer,
            {user("1"), edit_message{.in = user("2"), .seq = 1, .content = "good", .judged = waiting}},
            at(2000)));
  CHECK(change_it(*writer, put_verdict{stored[0].id, 0, bad_words, true}, {}, at(5000)).entries.empty());
  CHECK_FALSE(entry(*writer, stored[0].id).recalled);
  CHECK(taken(*writer, at(5000)) == std::vector{stored[0].id});
  change_it(*writer, put_verdict{stored[0].id, 1, passed, false}, {}, at(5000));
  CHECK(check_of(*writer, stored[0].id)->verdict == passed);
}

STORE_TEST("a verdict that is called back finds its message, once") {
  TestType database;
  auto store = opened(database.url);
  auto writer = store->make_writer();
  const auto stored = append(*writer, {judged(chat("1", "2", "x"), waiting)});
  CHECK(try_it(*writer, hear_verdict{"call 1", "t1", bad_words, true}).error().code == errc::not_found);
  CHECK(taken(*writer, at(5000)).size() == 1);
  change_it(*writer, expect_verdict{stored[0].id, "t1", 2100s}, {}, at(5000));
  CHECK(taken(*writer, at(5000) + 2099s).empty());
  CHECK(change_it(*writer, take_checks{10}, {}, at(5000) + 2101s).checks[0].trace_id == "t1");
  CHECK(change_it(*writer, hear_verdict{"call 1", "t1", bad_words, true}, {}, at(5000)).entries.size() == 1);
  CHECK(entry(*writer, stored[0].id).recalled);
  CHECK(change_it(*writer, hear_verdict{"call 1", "t1", bad_words, true}, {}, at(5000)).entries.empty());
  // Another that comes late changes nothing; its trace is known no more.
  CHECK(try_it(*writer, hear_verdict{"call 2", "t1", passed, false}).error().code == errc::not_found);
  CHECK(check_of(*writer, stored[0].id)->verdict == bad_words);
}

STORE_TEST("a minute has so many questions, and a user so many of them") {
  TestType database;
  auto store = opened(database.url);
  auto writer = store->make_writer();
  const std::string app = "wechat:wx1:";
  for (int i = 0; i < 80; ++i) {
    const auto name = "u" + std::to_string(i);
    in_transaction(*writer, [&](change_transaction& t) {
      got(t.user_of_identity(app + "o" + std::to_string(i), user(name), at(1)));
    });
  }
  const wall_time minute = at(120'000);
  const auto leave = [&](const std::string& name, std::int32_t pieces, wall_time now) {
    return *change_it(*writer, ask_for_leave{user(name), app, pieces}, {}, now).leave;
  };
  CHECK(leave("u0", 1, minute).openid == "o0");
  CHECK_FALSE(leave("nobody", 1, minute).openid);
  CHECK_FALSE(change_it(*writer, ask_for_leave{user("u0"), "wechat:wx2:", 1}, {}, minute).leave->openid);
  CHECK(leave("u0", 59, minute).granted);
  CHECK_FALSE(leave("u0", 1, minute + 59s).granted);
  CHECK(leave("u0", 60, minute + 60s).granted); // the clock's next minute
  CHECK_FALSE(leave("u1", 61, minute + 60s).granted);
  CHECK(leave("u1", 0, minute + 60s).granted);
  int granted = 0;
  for (int i = 1; i < 80; ++i)
    if (leave("u" + std::to_string(i), 60, minute + 61s).granted) ++granted;
  CHECK(granted == checks_a_minute / 60 - 1); // u0 had its part of this minute
}
