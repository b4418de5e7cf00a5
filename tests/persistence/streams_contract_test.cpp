/// What the stores promise of messages that are still being written (persistence/store.hpp), over both; and
/// what persistence/changes.hpp makes of it.
#include "core/chat/stream.hpp"
#include "persistence/changes.hpp"
#include "tests/persistence/contract_fixtures.hpp"

using namespace hongyan;
using namespace hongyan::testing;
using namespace std::chrono_literals;

namespace {

std::string id_of(char digit) { return std::string(stream_id_digits, digit); }

new_message streaming(new_message m, char digit, stream_writer by = {}, std::string node = "n1") {
  m.kind = message_kind::text_stream;
  m.content = "";
  m.stream = std::make_shared<const stream_start>(stream_start{id_of(digit), std::move(by), std::move(node)});
  return m;
}

/// The first entry of the first conversation.
message first_entry(store& of) {
  return got(of.make_reader()->log(std::vector{log_range{1, 0, 2, 1}})).at(0);
}

} // namespace

STORE_TEST("a stream's row is written with its message, and says who writes it") {
  TestType database;
  auto store = opened(database.url);
  auto writer = store->make_writer();
  const std::vector<stream_writer> writers{{}, {.user = user("1")}, {.key = "a-key_1"}};
  for (std::size_t i = 0; i < writers.size(); ++i) {
    const char digit = static_cast<char>('a' + i);
    const auto done = append(
        *writer, {chat("3", "4", "before"), streaming(chat("1", "2", "", id_of(digit)), digit, writers[i])});
    in_transaction(*writer, [&](change_transaction& t) {
      const auto row = got(t.find_stream(id_of(digit)));
      REQUIRE(row.has_value());
      CHECK(row->by == writers[i]);
      CHECK(row->conversation_id == done[1].conversation_id);
      CHECK(row->seq == done[1].seq);
      CHECK(row->node == "n1");
      CHECK_FALSE(row->ended);
      CHECK(row->touched == at(1000));
      CHECK(got(t.stream_of(row->conversation_id, row->seq))->id == row->id);
      CHECK_FALSE(got(t.stream_of(row->conversation_id, row->seq + 1)).has_value());
      CHECK_FALSE(got(t.find_stream(id_of('f'))).has_value());
    });
    const auto again = append(*writer, {streaming(chat("1", "2", "", id_of(digit)), 'f', writers[i])});
    CHECK(again[0].status == append_status::duplicate);
  }
}

STORE_TEST("a stream is stored by the node that has it, and becomes a text") {
  TestType database;
  auto store = opened(database.url);
  auto writer = store->make_writer();
  const stream_writer by{.user = user("1")};
  append(*writer, {streaming(chat("1", "2", ""), 'a', by)});
  const auto stored = change_it(*writer, store_stream{id_of('a'), "n1", "鸿", false}, user("1"));
  CHECK(*stored.stream->audience == std::vector{user("1"), user("2")});
  CHECK(failure(apply(*writer, {user("1"), store_stream{id_of('a'), "n2", "x", false}}, at(2000))).code ==
        errc::not_found);

  const auto asked = change_it(*writer, hold_stream{id_of('a'), by, "n2", false}, user("1"));
  CHECK(asked.stream->held_by == "n1");
  change_it(*writer, store_stream{id_of('a'), "n1", "鸿雁", true}, user("1"));
  const auto held = change_it(*writer, hold_stream{id_of('a'), by, "n2", false}, user("1"));
  CHECK(held.stream->held_by.empty());
  CHECK(held.stream->what.content == "鸿雁");
  CHECK(
      failure(apply(*writer, {user("3"), hold_stream{id_of('a'), {.user = user("3")}, "n2", true}}, at(2000)))
          .code == errc::not_found);
  CHECK(change_it(*writer, hold_stream{id_of('a'), by, "n3", true}, user("1")).stream->held_by.empty());
  CHECK(failure(apply(*writer, {user("1"), end_stream{id_of('a'), "n2", "x"}}, at(2000))).code ==
        errc::not_found);

  CHECK(first_entry(*store).kind == message_kind::text_stream);
  const auto ended = change_it(*writer, end_stream{id_of('a'), "n3", "鸿雁飞"}, user("1"));
  CHECK(ended.edited->content == "鸿雁飞");
  CHECK(ended.entries.at(0).entry.kind == message_kind::edit);
  const auto now_is = first_entry(*store);
  CHECK(now_is.kind == message_kind::text);
  CHECK(now_is.content == "鸿雁飞");
}

STORE_TEST("streams that were left are found by when they were stored, and forgotten") {
  TestType database;
  auto store = opened(database.url);
  auto writer = store->make_writer();
  append(*writer, {streaming(chat("1", "2", ""), 'a'), streaming(chat("1", "3", ""), 'b')}, at(1000));
  append(*writer, {streaming(chat("1", "2", ""), 'c')}, at(5000));
  CHECK_FALSE(change_it(*writer, end_left_stream{at(1000)}).edited);
  std::vector<std::int64_t> ended;
  for (auto one = change_it(*writer, end_left_stream{at(1001)}); one.edited;
       one = change_it(*writer, end_left_stream{at(1001)}))
    ended.push_back(one.edited->conversation_id);
  CHECK(ended.size() == 2);
  const auto left = [&] {
    std::vector<std::string> ids;
    in_transaction(*writer, [&](change_transaction& t) {
      for (const char digit : {'a', 'b', 'c'})
        if (got(t.find_stream(id_of(digit)))) ids.push_back(std::string(1, digit));
    });
    return ids;
  };
  CHECK(left() == texts{"a", "b", "c"});
  change_it(*writer, end_left_stream{at(1001)}, {}, at(2000) + 24h + 1ms);
  CHECK(left() == texts{"c"});
}

STORE_TEST("a stream that is recalled, or whose group is gone, is there no more") {
  TestType database;
  auto store = opened(database.url);
  auto writer = store->make_writer();
  append(*writer, {streaming(chat("1", "2", ""), 'a')});
  const auto recalled = change_it(*writer, recall_message{user("2"), 1, 120s}, user("1"), at(1500));
  REQUIRE(recalled.interrupted);
  CHECK(recalled.interrupted->seq == 1);
  CHECK(failure(apply(*writer, {{}, store_stream{id_of('a'), "n1", "x", false}}, at(2000))).code ==
        errc::not_found);
  CHECK_FALSE(change_it(*writer, end_left_stream{at(1001)}).edited);
  in_transaction(*writer, [&](change_transaction& t) { CHECK(got(t.find_stream(id_of('a')))->ended); });

  change_it(*writer, create_group{user("g"), "Geese", {user("m"), user("n")}, group_history::joined},
            user("o"));
  append(*writer, {streaming(to_group("m", "g", ""), 'b', {.user = user("m")})}, at(2000));
  CHECK(change_it(*writer, remove_members{user("g"), {user("n")}}, user("o")).interrupted->seq == 0);
  change_it(*writer, dismiss_group{user("g")}, user("o"));
  CHECK(failure(
            apply(*writer, {user("m"), hold_stream{id_of('b'), {.user = user("m")}, "n1", false}}, at(2000)))
            .code == errc::not_found);
}

STORE_TEST("who may speak there no more ends what they were writing, as it stands") {
  TestType database;
  auto store = opened(database.url);
  auto writer = store->make_writer();
  change_it(*writer, create_group{user("g"), "Geese", {user("m"), user("n")}, group_history::joined},
            user("o"));
  const auto begin = [&](new_message m, char digit, std::string_view by) {
    append(*writer, {streaming(std::move(m), digit, {.user = user(by)})}, at(2000));
  };
  const auto goes_on = [&](char digit, std::string_view by) {
    const auto done = change_it(*writer, store_stream{id_of(digit), "n1", "ab", false}, user(by));
    CHECK(done.edited.has_value() != done.stream.has_value());
    if (done.edited) CHECK(done.edited->content == "ab");
    return done.stream.has_value();
  };
  begin(to_group("m", "g", ""), 'a', "m");
  begin(to_group("o", "g", ""), 'b', "o");
  begin(to_group("n", "g", ""), 'c', "n");
  begin(chat("1", "2", ""), 'd', "1");
  for (const auto& [digit, by] :
       {std::pair('a', "m"), std::pair('b', "o"), std::pair('c', "n"), std::pair('d', "1")})
    CHECK(goes_on(digit, by));
  change_it(*writer, remove_members{user("g"), {user("n")}}, user("o"));
  CHECK_FALSE(goes_on('c', "n"));
  begin(to_group("m", "g", ""), 'e', "m");
  CHECK(goes_on('e', "m"));
  change_it(*writer, update_group{.group = user("g"), .muted = true}, user("o"));
  CHECK_FALSE(goes_on('a', "m"));
  CHECK(change_it(*writer, end_stream{id_of('e'), "n1", "quite another"}, user("m")).edited->content == "ab");
  CHECK(goes_on('b', "o"));
  change_it(*writer, block_users{{user("1")}, true}, user("2"));
  CHECK_FALSE(goes_on('d', "1"));
  // Nor does the back end go on for them.
  append(*writer, {streaming(chat("2", "1", ""), 'f', {.key = "k"})}, at(2000));
  change_it(*writer, block_users{{user("2")}, true}, user("1"));
  CHECK(change_it(*writer, store_stream{id_of('f'), "n1", "ab", false}).edited);
}
