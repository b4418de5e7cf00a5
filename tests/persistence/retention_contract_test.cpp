/// What is kept for so long only (retention.days), over both stores.
#include "persistence/changes.hpp"
#include "persistence/views.hpp"
#include "tests/persistence/contract_fixtures.hpp"

using namespace hongyan;
using namespace hongyan::testing;

namespace {

dropped_entries drop(message_writer& writer, std::int64_t before, std::int64_t after = 0) {
  const auto done =
      got(apply(writer, {.action = drop_old{.after = after, .before = at(before)}}, at(100'000)));
  REQUIRE(done.dropped.has_value());
  return *done.dropped;
}

/// Until no conversation has any more.
std::size_t drop_all(message_writer& writer, std::int64_t before) {
  std::size_t count = 0;
  for (std::int64_t up_to = 0;;) {
    const auto step = drop(writer, before, up_to);
    count += step.count;
    if (step.is_end) return count;
    CHECK((step.count > 0 || step.up_to > up_to)); // it comes to an end
    up_to = step.up_to;
  }
}

texts history(message_reader& reader, const std::string& who, const std::string& peer) {
  return contents(got(read_history(reader, {.user = user(who), .in = user(peer), .limit = 100})).messages);
}

} // namespace

STORE_TEST("what is old goes, the oldest first, and what is left keeps its seqs") {
  TestType database;
  auto store = opened(database.url);
  auto writer = store->make_writer();
  auto reader = store->make_reader();
  append(*writer, {chat("a", "b", "雁一"), chat("a", "c", "雁二")}, at(1000));
  append(*writer, {chat("b", "a", "雁三")}, at(2000));
  append(*writer, {chat("a", "b", "雁四")}, at(3000));
  CHECK(drop_all(*writer, 1000) == 0);
  CHECK(drop_all(*writer, 2001) == 3);
  CHECK(drop_all(*writer, 2001) == 0);
  CHECK(history(*reader, "a", "b") == texts{"雁四"});
  CHECK(history(*reader, "a", "c").empty());
  CHECK(contents(got(reader->latest({.user = user("a")}))) == texts{"雁四"});
  CHECK(found(*reader, "a", "雁") == texts{"雁四"});
  const auto next = append(*writer, {chat("b", "a", "雁五"), chat("c", "a", "雁六")}, at(4000));
  CHECK(next[0].seq == 4);
  CHECK(next[1].seq == 2);
}

STORE_TEST(
    "a conversation all of which is gone stays in its lists, and sync says from where there is anything") {
  TestType database;
  auto store = opened(database.url);
  auto writer = store->make_writer();
  auto reader = store->make_reader();
  append(*writer, {chat("a", "b", "1"), chat("b", "a", "2"), chat("b", "a", "3")}, at(1000));
  const auto kept = append(*writer, {chat("c", "a", "x")}, at(1000))[0];
  CHECK(drop_all(*writer, 5000) == 4);
  append(*writer, {chat("c", "a", "y")}, at(6000));
  const auto page = got(list_conversations(*reader, {.user = user("a"), .limit = 10}));
  REQUIRE(page.conversations.size() == 2);
  CHECK(page.conversations[0].last->content == "y");
  CHECK(!page.conversations[1].last.has_value());
  CHECK(page.conversations[1].of.last_seq == 3);
  CHECK(page.conversations[1].unread == 0);
  // A client that has what is gone is not told that the store was set back.
  sync_query query{.user = user("a"), .positions = {}, .limit = 100, .recent = 20};
  query.positions = {{kept.conversation_id, 1}};
  query.last = {{kept.conversation_id, 1, kept.id, at(1000)}};
  auto synced = got(sync(*reader, query));
  CHECK(synced.reset.empty());
  for (const auto& one : synced.conversations) {
    CHECK(one.of.readable_from() == (one.of.conversation_id == kept.conversation_id ? 2 : 4));
    CHECK(one.messages.size() == (one.of.conversation_id == kept.conversation_id ? 1u : 0u));
    CHECK(!one.has_more);
  }
  // Nor one that had it in a conversation which it has left since.
  query.user = user("stranger");
  query.positions.clear();
  CHECK(got(sync(*reader, query)).reset.empty());
  // A position far below is brought up to what there is.
  query = {.user = user("a"), .positions = {}, .limit = 100, .recent = 20};
  query.positions = {{kept.conversation_id, 0}};
  synced = got(sync(*reader, query));
  CHECK(synced.reset.empty());
}

STORE_TEST("with a message go its reactions, whom it calls and its file, and nothing else") {
  TestType database;
  auto store = opened(database.url);
  auto writer = store->make_writer();
  auto reader = store->make_reader();
  const std::string id(file_id_digits, 'f');
  in_transaction(*writer, [&](change_transaction& t) {
    got(t.add_file(id, user("a"), at(500), at(1'000'000)));
    CHECK(got(t.finish_file({.id = id})));
  });
  auto picture = chat("a", "b", "{\"fileId\":\"" + id + "\"}");
  picture.kind = message_kind::image;
  picture.attached = std::make_shared<attachment>();
  picture.attached->file_id = id;
  picture.attached->sent = id;
  picture.called = std::make_shared<const mentions>(mentions{.users = {user("b")}});
  const auto conversation = append(*writer, {picture}, at(1000))[0].conversation_id;
  const unread_question all{conversation, 0, 2};
  CHECK(got(reader->first_mentions(user("b"), std::span(&all, 1)))[0] == 1);
  append(*writer, {chat("a", "b", "kept")}, at(9000));
  for (const std::int64_t seq : {1, 2})
    got(apply(*writer,
              {.by = user("b"), .action = react_to_message{.in = user("a"), .seq = seq, .emoji = "👍"}},
              at(9500)));
  CHECK(drop_all(*writer, 5000) == 1);
  CHECK(!got(reader->first_mentions(user("b"), std::span(&all, 1)))[0].has_value());
  const log_range log{.conversation_id = conversation, .before_seq = 100, .limit = 10};
  CHECK(got(reader->reactions(user("a"), std::span(&log, 1))).size() == 1);
  const auto rest = got(read_history(*reader, {.user = user("a"), .in = user("b"), .limit = 10})).messages;
  REQUIRE(rest.size() == 1);
  CHECK(rest[0].reactions.size() == 1);
  const auto due = got(apply(*writer, {.action = take_due_files{}}, at(300'000)));
  CHECK(due.files == std::vector<std::string>{id});
}

STORE_TEST("a long conversation goes in portions, and others have their turn between") {
  TestType database;
  auto store = opened(database.url);
  auto writer = store->make_writer();
  auto reader = store->make_reader();
  std::vector<new_message> many;
  for (int i = 0; i < 250; ++i) many.push_back(chat("a", "b", "n" + std::to_string(i)));
  const auto conversation = append(*writer, many, at(1000))[0].conversation_id;
  // In the order of their seqs, and the conversation is not done with before the last.
  std::size_t dropped = 0;
  for (std::int64_t up_to = 0; dropped < many.size();) {
    const auto step = drop(*writer, 5000, up_to);
    CHECK((step.count > 0 && step.count <= 100));
    dropped += step.count;
    const auto rest =
        got(read_history(*reader, {.user = user("a"), .in = user("b"), .after_seq = 0, .limit = 1}));
    CHECK(rest.messages.empty() == (dropped == many.size()));
    if (!rest.messages.empty()) {
      CHECK(rest.messages[0].seq == static_cast<std::int64_t>(dropped) + 1);
      CHECK(step.up_to < conversation);
    }
    up_to = step.up_to;
  }
  CHECK(dropped == many.size());
  CHECK(history(*reader, "a", "b").empty());
}

STORE_TEST("what this writer has stored and is gone since does not look like a store that was set back") {
  TestType database;
  auto store = opened(database.url);
  auto writer = store->make_writer();
  append(*writer, {chat("a", "b", "x")}, at(1000));
  const auto epoch = writer->epoch();
  CHECK(drop_all(*writer, 5000) == 1);
  got(writer->check());
  append(*writer, {chat("c", "d", "y")}, at(6000));
  got(writer->check());
  CHECK(writer->watch().set_backs == 0);
  CHECK(writer->epoch() == epoch);
}
