/// What webhooks are told (persistence/events.hpp), over both stores.
#include "core/chat/stream.hpp"
#include "persistence/changes.hpp"
#include "persistence/events.hpp"
#include "tests/persistence/contract_fixtures.hpp"

using namespace hongyan;
using namespace hongyan::testing;
using namespace std::chrono_literals;

namespace {

webhook_row hold(message_writer& writer, std::string holder = "n1") {
  return *change_it(writer, hold_webhook{"w", std::move(holder)}).webhook;
}

std::vector<event> all_events(message_reader& reader, std::int64_t after = 0) {
  std::vector<event> all;
  for (;;) {
    auto page = got(read_events(reader, after));
    if (page.up_to == after) return all;
    std::ranges::move(page.events, std::back_inserter(all));
    after = page.up_to;
  }
}

texts types(const std::vector<event>& events) {
  texts all;
  for (const auto& one : events) all.emplace_back(name_of(one.type));
  return all;
}

bool says(const event& one, const std::string& part) { return one.data.find(part) != std::string::npos; }

} // namespace

STORE_TEST("a webhook is told what comes after it was made, as it was when it came") {
  TestType database;
  auto store = opened(database.url);
  auto writer = store->make_writer();
  auto reader = store->make_reader();
  append(*writer, {chat("1", "2", "before")});
  const auto made = hold(*writer);
  CHECK(made.position > 0);
  CHECK(hold(*writer).position == made.position);
  append(*writer, {chat("1", "2", "one"), chat("2", "1", "two")});
  change_it(*writer, edit_message{.in = user("2"), .seq = 2, .content = "one, changed"}, user("1"));
  change_it(*writer, edit_message{.in = user("2"), .seq = 2, .content = "one, changed again"}, user("1"));
  change_it(*writer, react_to_message{.in = user("2"), .seq = 3, .emoji = "👍"}, user("1"));
  change_it(*writer, react_to_message{.in = user("2"), .seq = 3, .emoji = "👍", .on = false}, user("1"));
  change_it(*writer, recall_message{.in = user("1"), .seq = 3}, user("2"));
  change_it(*writer, create_group{user("g"), "a group", {user("2")}}, user("1"));
  append(*writer, {to_group("1", "g", "hello")});

  const auto events = all_events(*reader, made.position);
  REQUIRE(types(events) == texts{"message.created", "message.created", "message.edited", "message.edited",
                                 "message.reacted", "message.reacted", "message.recalled", "group.changed",
                                 "message.created"});
  CHECK(std::ranges::is_sorted(events, {}, &event::id));
  CHECK(says(events[0], R"("content":"one")"));
  CHECK(says(events[1], R"("content":"two")"));
  CHECK(says(events[2], R"("content":"one, changed")"));
  CHECK(says(events[2], R"("by":"1")"));
  CHECK(says(events[2], R"("edited":true)"));
  CHECK(says(events[3], R"("content":"one, changed again")"));
  CHECK(says(events[4], R"("userId":"1","emoji":"👍","on":true)"));
  CHECK(says(events[5], R"("on":false)"));
  CHECK(says(events[6], R"("recalled":true)"));
  CHECK(says(events[6], R"("by":"2")"));
  CHECK_FALSE(says(events[6], "two"));
  CHECK(says(events[7], R"("action":"create")"));
  CHECK(says(events[8], R"("content":"hello")"));
  for (std::size_t i = 0; i < 7; ++i) CHECK(events[i].conversation_id == events[0].conversation_id);
  const std::vector wanted{events[2].id, events[5].id, std::int64_t{999'999}};
  CHECK(types(got(find_events(*reader, wanted))) == texts{"message.edited", "message.reacted"});

  // A resume shows edits as ever.
  CHECK(whole_log(*reader, events[0].conversation_id).size() == 6);
  change_it(*writer, forget_events{wall_time::max()});
  CHECK(says(all_events(*reader, made.position)[0], "one, changed again")); // no more than is known
}

STORE_TEST("a stream is a message when it is whole; one that was taken back before never was") {
  TestType database;
  auto store = opened(database.url);
  auto writer = store->make_writer();
  auto reader = store->make_reader();
  const auto made = hold(*writer);
  const auto begin = [&](char digit) {
    auto m = chat("1", "2", "", std::string(1, digit));
    m.kind = message_kind::text_stream;
    m.stream = std::make_shared<const stream_start>(
        stream_start{std::string(stream_id_digits, digit), {.user = user("1")}, "n1"});
    append(*writer, {m});
    change_it(*writer, store_stream{std::string(stream_id_digits, digit), "n1", "half", false}, user("1"));
  };
  begin('a');
  CHECK(all_events(*reader, made.position).empty());
  change_it(*writer, end_stream{std::string(stream_id_digits, 'a'), "n1", "whole"}, user("1"));
  change_it(*writer, edit_message{.in = user("2"), .seq = 1, .content = "changed"}, user("1"));
  begin('b');
  change_it(*writer, recall_message{.in = user("2"), .seq = 4}, user("1"));
  const auto events = all_events(*reader, made.position);
  REQUIRE(types(events) == texts{"message.created", "message.edited"});
  CHECK(says(events[0], R"("content":"whole")"));
  CHECK(says(events[0], R"("seq":1)"));
  CHECK(says(events[1], R"("content":"changed")"));
}

STORE_TEST("who does it, when the back end takes a message back, is nobody") {
  TestType database;
  auto store = opened(database.url);
  auto writer = store->make_writer();
  auto reader = store->make_reader();
  hold(*writer);
  const auto sent = append(*writer, {chat("1", "2", "x")});
  change_it(*writer, recall_by_id{sent[0].id});
  CHECK(says(all_events(*reader).at(1), R"("by":null)"));
}

STORE_TEST("without a webhook nothing is kept") {
  TestType database;
  auto store = opened(database.url);
  auto writer = store->make_writer();
  auto reader = store->make_reader();
  append(*writer, {chat("1", "2", "one")});
  change_it(*writer, edit_message{.in = user("2"), .seq = 1, .content = "two"}, user("1"));
  change_it(*writer, react_to_message{.in = user("2"), .seq = 1, .emoji = "👍"}, user("1"));
  CHECK(got(reader->kept_versions(std::vector{log_range{1, 0, 10, 1}})).empty());
  CHECK(got(reader->side_events(0, 100, 100)).empty());
}

STORE_TEST("who comes and goes is told once, of each in order, while there are webhooks") {
  TestType database;
  auto store = opened(database.url);
  auto writer = store->make_writer();
  auto reader = store->make_reader();
  const auto tell = [&](std::string who, bool online, std::string node = "n1") {
    change_it(*writer, tell_presence{user(who), online, std::move(node)}, user(who));
  };
  tell("9", true);
  tell("9", false);
  const auto made = hold(*writer);
  for (const bool online : {true, true, false, false, true}) tell("1", online, online ? "n1" : "n2");
  tell("2", false);
  tell("3", true);
  const auto events = all_events(*reader, made.position);
  REQUIRE(types(events) == texts{"user.online", "user.offline", "user.online", "user.online"});
  CHECK(events[0].data.starts_with(R"({"userId":"1","since":"20)"));
  CHECK(says(events[3], R"("userId":"3")"));
  CHECK(events[0].conversation_id < 0);
  CHECK(events[0].conversation_id == events[2].conversation_id);
  CHECK(events[0].conversation_id != events[3].conversation_id);
  // Their node begins anew.
  const auto before = events.back().id;
  CHECK_FALSE(change_it(*writer, forget_presence{"n1"}).is_more);
  CHECK(types(all_events(*reader, before)) == texts{"user.offline", "user.offline"});
  change_it(*writer, forget_presence{""});
  CHECK(all_events(*reader, before).size() == 2);
}

STORE_TEST("a webhook's state is its holder's, and what is wished comes to it once") {
  TestType database;
  auto store = opened(database.url);
  auto writer = store->make_writer();
  auto reader = store->make_reader();
  hold(*writer);
  for (int i = 0; i < 8; ++i) append(*writer, {chat("1", "2", "x")});
  CHECK(failure(apply(*writer, {{}, wish_of_webhook{"another", "{}"}}, at(2000))).code == errc::rate_limited);
  change_it(*writer, wish_of_webhook{"w", "{\"enable\":true}"});
  change_it(*writer, wish_of_webhook{"w", "{\"after\":1}"});
  store_webhook now_is{.name = "w", .holder = "n1", .position = 7, .notes = "{}"};
  now_is.failed = {{.id = 5, .at = at(1000), .attempts = 4, .why = "it answered 500"},
                   {.id = 6, .at = at(1000), .attempts = 1, .why = "nobody answers"}};
  CHECK(change_it(*writer, now_is).webhook->wish == "{\"enable\":true}\n{\"after\":1}\n");
  now_is.failed.clear();
  now_is.retried = {6};
  CHECK(change_it(*writer, now_is).webhook->wish.empty());
  const auto rows = got(reader->webhooks());
  REQUIRE(rows.size() == 1);
  CHECK(rows[0].position == 7);
  CHECK(rows[0].notes == "{}");
  const auto failed = got(reader->failed_events("w", 0, 10));
  REQUIRE(failed.size() == 1);
  CHECK(failed[0].id == 5);
  CHECK(failed[0].attempts == 4);
  CHECK(failed[0].why == "it answered 500");
  CHECK(got(reader->failed_events("w", 5, 10)).empty());
  change_it(*writer, wish_of_webhook{"w", std::string(60'000, 'x')});
  CHECK(failure(apply(*writer, {{}, wish_of_webhook{"w", std::string(6'000, 'x')}}, at(2000))).code ==
        errc::rate_limited);
}

TEST_CASE("on PostgreSQL another node takes a webhook over only when its holder says nothing more",
          "[postgres]") {
  const postgres_database database;
  auto store = opened(database.url);
  auto writer = store->make_writer();
  hold(*writer, "n1");
  CHECK(failure(apply(*writer, {{}, hold_webhook{"w", "n2"}}, at(2000))).code == errc::conflict);
  CHECK(failure(apply(*writer, {{}, store_webhook{.name = "w", .holder = "n2"}}, at(2000))).code ==
        errc::conflict);
  database.ask("UPDATE webhook SET held_until = clock_timestamp() - interval '1 second'");
  CHECK(hold(*writer, "n2").name == "w");
  CHECK(failure(apply(*writer, {{}, store_webhook{.name = "w", .holder = "n1"}}, at(2000))).code ==
        errc::conflict);
}

TEST_CASE("on PostgreSQL nothing is skipped or told early while a transaction with a lower id is open",
          "[postgres]") {
  const postgres_database database;
  auto store = opened(database.url);
  auto writer = store->make_writer(), other = store->make_writer();
  auto reader = store->make_reader();
  append(*writer, {chat("1", "2", "first"), chat("3", "4", "first")});
  const auto made = hold(*writer);
  CHECK(all_events(*reader, made.position).empty());
  bool was_open = false;
  in_transaction(*writer, [&](change_transaction& t) {
    auto row = got(t.lock_direct(user("1"), user("2"), false));
    got(t.append_entry(*row, {.conversation_id = row->id,
                              .from = user("1"),
                              .to = user("2"),
                              .content = "slow",
                              .created_at = at(2000)}));
    append(*other, {chat("3", "4", "quick")});
    CHECK(all_events(*reader, made.position).empty());
    append(*other, {chat("3", "4", "quick, too")});
    CHECK(all_events(*reader, made.position).empty());
    was_open = true;
  });
  REQUIRE(was_open);
  std::vector<event> events;
  while (events.size() < 3) { // what came behind the first look is settled by the second
    const auto more = all_events(*reader, events.empty() ? made.position : events.back().id);
    REQUIRE(events.size() + more.size() > 0);
    std::ranges::move(more, std::back_inserter(events));
  }
  CHECK(says(events[0], "slow"));
  CHECK(says(events[1], "quick"));
  CHECK(says(events[2], "quick, too"));
}

TEST_CASE("on PostgreSQL others' long transactions hold nothing up", "[postgres]") {
  const postgres_database database;
  auto store = opened(database.url);
  auto writer = store->make_writer();
  auto reader = store->make_reader();
  const auto made = hold(*writer);
  in_transaction(*writer, [&](change_transaction& t) { // writes, and takes no id
    got(t.put_profile({.user = user("9"), .name = "nine"}));
    auto other = store->make_writer();
    append(*other, {chat("1", "2", "x")});
    CHECK(all_events(*reader, made.position).size() == 1);
  });
}
