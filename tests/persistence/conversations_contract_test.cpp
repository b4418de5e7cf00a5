/// The promises of persistence/store.hpp about groups, members, read positions, logs and search, over both
/// stores.
#include "core/wire/v1/encode.hpp"
#include "persistence/changes.hpp"
#include "persistence/views.hpp"
#include "tests/persistence/store_fixtures.hpp"

#include <algorithm>
#include <map>
#include <random>
#include <set>

using namespace hongyan;
using namespace hongyan::testing;

using status = append_status;
using texts = std::vector<std::string>;

namespace {

/// What `answer` holds, which must be no error.
template <class T>
T got(result<T> answer) {
  if (!answer) FAIL(answer.error().detail);
  return *std::move(answer);
}

/// A change of which no step may fail.
template <class Work>
void in_transaction(message_writer& writer, Work work) {
  const auto done = writer.transact([&](change_transaction& t) -> result<void> {
    work(t);
    return {};
  });
  if (!done) FAIL(done.error().detail);
}

peer_or_group group(std::string_view id) { return peer_or_group::group(user(id)); }

member_row member(std::string_view id, group_role role = group_role::member) {
  return {.user = user(id), .role = role};
}

/// A group whose first member owns it; without an entry. Answers its conversation.
std::int64_t make_group(message_writer& writer, std::string_view id, const texts& members) {
  std::int64_t conversation = 0;
  in_transaction(writer, [&](change_transaction& t) {
    auto row = got(t.make_group(user(id), "name of " + std::string(id), group_history::joined, at(500)));
    REQUIRE(row.has_value());
    std::vector<member_row> rows;
    for (const auto& name : members)
      rows.push_back(member(name, rows.empty() ? group_role::owner : group_role::member));
    got(t.put_members(row->id, rows));
    row->member_count = rows.size();
    got(t.update_conversation(*row));
    conversation = row->id;
  });
  return conversation;
}

/// Changes a group's row.
template <class Edit>
void edit_group(message_writer& writer, std::string_view id, Edit edit) {
  in_transaction(writer, [&](change_transaction& t) {
    auto row = got(t.lock_group(user(id)));
    REQUIRE(row.has_value());
    edit(t, *row);
    got(t.update_conversation(*row));
  });
}

new_message to_group(std::string_view from, std::string_view id, std::string content,
                     std::optional<std::string> client_msg_id = {}) {
  return {.from = user(from),
          .to = group(id),
          .content = std::move(content),
          .client_msg_id = std::move(client_msg_id)};
}

new_message of_kind(new_message m, message_kind kind, std::string content) {
  m.kind = kind;
  m.content = std::move(content);
  return m;
}

/// Takes the entry `seq` of a place back.
void recall(message_writer& writer, std::string_view by, const peer_or_group& in, std::int64_t seq) {
  in_transaction(writer, [&](change_transaction& t) {
    auto row = got(in.is_group() ? t.lock_group(in.id) : t.lock_direct(user(by), in.id, false));
    REQUIRE(row.has_value());
    const auto entry = got(t.entry(*row, seq));
    REQUIRE(entry.has_value());
    got(t.erase_content(*entry));
  });
}

void block(message_writer& writer, std::string_view by, std::string_view whom, bool blocked = true) {
  in_transaction(
      writer, [&](change_transaction& t) { got(t.put_blocks(user(by), std::vector{user(whom)}, blocked)); });
}

std::vector<message> whole_log(message_reader& reader, std::int64_t conversation) {
  return got(reader.log(std::vector{
      log_range{.conversation_id = conversation, .after_seq = 0, .before_seq = 1'000'000, .limit = 10'000}}));
}

texts found(message_reader& reader, std::string_view who, const std::string& query,
            std::optional<std::int64_t> conversation = {}) {
  return contents(got(reader.search({.user = user(who),
                                     .terms = search_terms(query),
                                     .conversation_id = conversation,
                                     .limit = 500}))
                      .messages);
}

read_outcome mark(message_writer& writer, std::string_view who, const peer_or_group& in, std::int64_t seq) {
  const auto outcomes = got(writer.mark_read(std::vector{read_mark{user(who), in, seq}}));
  REQUIRE(outcomes.size() == 1);
  return outcomes[0];
}

std::size_t unread(message_reader& reader, std::string_view who, std::int64_t conversation,
                   std::int64_t after) {
  const auto counts = got(reader.unread(user(who), std::vector{unread_question{conversation, after}}));
  REQUIRE(counts.size() == 1);
  return counts[0];
}

texts names(const std::vector<user_id>& users) {
  texts all;
  for (const auto& u : users) all.push_back(u.text());
  return all;
}

} // namespace

// -- sends ------------------------------------------------------------------------------------------------

STORE_TEST("a group's message has the group's next seq and goes to its members") {
  TestType database;
  auto store = opened(database.url);
  auto writer = store->make_writer();
  auto reader = store->make_reader();
  const auto conversation = make_group(*writer, "g", {"3", "1", "2"});

  const auto first = append(*writer, {to_group("1", "g", "a"), to_group("2", "g", "b", "x")}, at(700));
  const auto second = append(*writer, {to_group("3", "g", "c"), chat("1", "2", "direct")}, at(800));

  CHECK(first[0].status == status::stored);
  CHECK(std::vector{first[0].seq, first[1].seq, second[0].seq, second[1].seq} ==
        std::vector<std::int64_t>{1, 2, 3, 1});
  for (const auto& outcome : {first[0], first[1], second[0]}) {
    CHECK(outcome.conversation_id == conversation);
    REQUIRE(outcome.audience != nullptr);
    CHECK(names(*outcome.audience) == texts{"1", "2", "3"});
  }
  CHECK(second[0].audience == first[0].audience); // read once
  CHECK(second[1].audience == nullptr);
  CHECK(second[1].conversation_id != conversation);
  const auto log = whole_log(*reader, conversation);
  CHECK(contents(log) == texts{"a", "b", "c"});
  for (const auto& entry : log) CHECK(entry.to == group("g"));
  CHECK(log[1].client_msg_id == "x");
}

STORE_TEST("a group and a user of one name are two places") {
  TestType database;
  auto store = opened(database.url);
  auto writer = store->make_writer();
  make_group(*writer, "2", {"1", "3"});

  const auto sent =
      append(*writer, {chat("1", "2", "a", "x"), to_group("1", "2", "a", "x"), to_group("1", "2", "a", "y"),
                       chat("1", "2", "a", "y"), chat("1", "2", "b")});

  CHECK(sent[0].status == status::stored);
  CHECK(sent[1].status == status::conflict);
  CHECK(sent[2].status == status::stored);
  CHECK(sent[3].status == status::conflict);
  CHECK(sent[4].seq == 2);
  CHECK(sent[0].conversation_id != sent[2].conversation_id);
}

STORE_TEST("nobody sends to a group that is not there or not theirs, and the others' numbering has no hole") {
  TestType database;
  auto store = opened(database.url);
  auto writer = store->make_writer();
  make_group(*writer, "g", {"1", "2"});
  make_group(*writer, "gone", {"1", "2"});
  edit_group(*writer, "gone", [](change_transaction&, conversation_row& row) { row.dismissed = true; });

  const auto sent =
      append(*writer, {to_group("1", "g", "a"), to_group("9", "g", "-"), to_group("1", "G", "-"),
                       to_group("1", "gone", "-", "x"), to_group("2", "g", "b")});
  const auto next = append(*writer, {to_group("9", "g", "-"), to_group("1", "g", "c")});

  CHECK(sent[0].seq == 1);
  for (const auto i : {1U, 2U, 3U}) {
    CHECK(sent[i].status == status::no_group);
    CHECK(sent[i].audience == nullptr);
  }
  CHECK(sent[4].seq == 2);
  CHECK(next[1].seq == 3);
  CHECK(next[1].id > sent[4].id);
}

STORE_TEST("in a muted group only the owner and admins send") {
  TestType database;
  auto store = opened(database.url);
  auto writer = store->make_writer();
  const auto conversation = make_group(*writer, "g", {"1", "2", "3"});
  edit_group(*writer, "g", [&](change_transaction& t, conversation_row& row) {
    row.muted = true;
    got(t.put_members(conversation, std::vector{member("2", group_role::admin)}));
  });

  const auto sent = append(*writer, {to_group("3", "g", "-", "x"), to_group("1", "g", "a"),
                                     to_group("2", "g", "b"), to_group("9", "g", "-")});

  CHECK(sent[0].status == status::silenced);
  CHECK(sent[1].seq == 1);
  CHECK(sent[2].seq == 2);
  CHECK(sent[3].status == status::no_group);
  edit_group(*writer, "g", [](change_transaction&, conversation_row& row) { row.muted = false; });
  const auto later = append(*writer, {to_group("3", "g", "c", "x")});
  CHECK(later[0].status == status::stored); // its clientMsgId was not taken by the refused one
  CHECK(later[0].seq == 3);
}

STORE_TEST("the audience is the members of the moment, also for a writer that knew others") {
  TestType database;
  auto store = opened(database.url);
  auto writer = store->make_writer();
  const auto conversation = make_group(*writer, "g", {"1", "2"});
  const auto before = append(*writer, {to_group("1", "g", "a")})[0].audience;

  edit_group(*writer, "g", [&](change_transaction& t, conversation_row&) {
    got(t.put_members(conversation, std::vector{member("10"), member("3")}));
    got(t.remove_members(conversation, std::vector{user("2"), user("nobody")}));
  });
  const auto after = append(*writer, {to_group("3", "g", "b"), to_group("2", "g", "-")});

  CHECK(names(*before) == texts{"1", "2"});
  REQUIRE(after[0].audience != nullptr);
  CHECK(names(*after[0].audience) == texts{"1", "10", "3"});
  CHECK(after[1].status == status::no_group);
}

STORE_TEST("a change that was undone leaves the audience as it was") {
  TestType database;
  auto store = opened(database.url);
  auto writer = store->make_writer();
  const auto conversation = make_group(*writer, "g", {"1", "2"});
  append(*writer, {to_group("1", "g", "a")});

  const auto undone = writer->transact([&](change_transaction& t) -> result<void> {
    auto row = got(t.lock_group(user("g")));
    got(t.remove_members(conversation, std::vector{user("2")}));
    got(t.update_conversation(*row));
    return error{errc::forbidden, "no"};
  });

  CHECK(failure(undone).code == errc::forbidden);
  CHECK(names(*append(*writer, {to_group("2", "g", "b")})[0].audience) == texts{"1", "2"});
  // The next change may be given the version that the undone one had.
  edit_group(*writer, "g", [&](change_transaction& t, conversation_row&) {
    got(t.put_members(conversation, std::vector{member("3")}));
  });
  CHECK(names(*append(*writer, {to_group("2", "g", "c")})[0].audience) == texts{"1", "2", "3"});
}

STORE_TEST("who is blocked cannot send to the one who blocked, in that direct conversation only") {
  TestType database;
  auto store = opened(database.url);
  auto writer = store->make_writer();
  auto reader = store->make_reader();
  make_group(*writer, "g", {"1", "2"});
  block(*writer, "1", "2");
  block(*writer, "1", "2");

  const auto sent = append(*writer, {chat("2", "1", "-", "x"), chat("1", "2", "a"), chat("2", "3", "b"),
                                     to_group("2", "g", "c"), chat("2", "1", "-"), chat("2", "2", "d"),
                                     chat("1", "2", "e")});

  CHECK(sent[0].status == status::blocked);
  CHECK(sent[1].seq == 1);
  CHECK(sent[2].status == status::stored);
  CHECK(sent[3].status == status::stored);
  CHECK(sent[4].status == status::blocked);
  CHECK(sent[5].status == status::stored);
  CHECK(sent[6].seq == 2);
  CHECK(got(reader->blocks(user("1"))) == std::vector{user("2")});
  CHECK(got(reader->has_blocked(user("1"), user("2"))));
  CHECK_FALSE(got(reader->has_blocked(user("2"), user("1"))));

  block(*writer, "1", "2", false);
  const auto later = append(*writer, {chat("2", "1", "f", "x")});
  CHECK(later[0].status == status::stored);
  CHECK(later[0].seq == 3);
  CHECK(got(reader->blocks(user("1"))).empty());
}

STORE_TEST("a block makes no conversation, and is there for one that is made later") {
  TestType database;
  auto store = opened(database.url);
  auto writer = store->make_writer();
  auto reader = store->make_reader();
  append(*writer, {chat("1", "2", "a"), chat("3", "1", "b")});
  std::vector<user_id> many{user("2")};
  for (int i = 0; i < 99; ++i) many.push_back(user("u" + std::to_string(i)));

  in_transaction(*writer, [&](change_transaction& t) {
    CHECK(got(t.put_blocks(user("1"), many, true)) == 100);
    CHECK(got(t.put_blocks(user("1"), std::vector{user("2"), user("3")}, true)) == 101);
    CHECK_FALSE(got(t.lock_direct(user("1"), user("u5"), false)).has_value());
  });

  CHECK(got(reader->blocks(user("1"))).size() == 101);
  const auto all = got(reader->memberships(user("1")));
  CHECK(all.size() == 2);
  const std::vector<std::int64_t> of{all[1].conversation_id, 99'999};
  const auto some = got(reader->some_memberships(user("1"), of));
  REQUIRE(some.size() == 1);
  CHECK(some[0].with == all[1].with);
  CHECK(some[0].last_seq == all[1].last_seq);
  CHECK(got(reader->some_memberships(user("9"), of)).empty());
  CHECK(got(reader->find_membership(user("u5"), user("1"))) == std::nullopt);
  const auto sent = append(*writer, {chat("u5", "1", "-"), chat("1", "u5", "c"), chat("u5", "1", "-"),
                                     chat("2", "1", "-"), chat("3", "1", "-"), chat("u99", "1", "d")});
  CHECK(std::vector{sent[0].status, sent[1].status, sent[2].status, sent[3].status, sent[4].status,
                    sent[5].status} == std::vector{status::blocked, status::stored, status::blocked,
                                                   status::blocked, status::blocked, status::stored});
  in_transaction(*writer, [&](change_transaction& t) { got(t.put_blocks(user("1"), many, false)); });
  CHECK(got(reader->blocks(user("1"))) == std::vector{user("3")});
  CHECK(append(*writer, {chat("u5", "1", "e")})[0].status == status::stored);
}

STORE_TEST("who has blocked somebody, and whom somebody knows, are found among many") {
  TestType database;
  auto store = opened(database.url);
  auto writer = store->make_writer();
  auto reader = store->make_reader();
  make_group(*writer, "g", {"1", "2"});
  make_group(*writer, "h", {"1", "7"}); // nothing was said there
  append(*writer, {to_group("2", "g", "a"), chat("1", "3", "b"), chat("4", "1", "c"), chat("5", "2", "d")});
  block(*writer, "4", "1");
  block(*writer, "6", "1");
  block(*writer, "1", "3");
  const std::vector others{user("6"), user("3"), user("2"), user("7"), user("5"), user("4")};

  CHECK(names(got(reader->blockers(user("1"), others))) == texts{"6", "4"});
  CHECK(names(got(reader->acquainted(user("1"), others))) == texts{"3", "2", "4"});
  CHECK(got(reader->blockers(user("1"), {})).empty());
  CHECK(got(reader->acquainted(user("9"), others)).empty());
  in_transaction(*writer, [&](change_transaction& t) {
    auto found = names(got(t.blockers(user("1"), others)));
    std::ranges::sort(found);
    CHECK(found == texts{"4", "6"});
    CHECK(got(t.blockers(user("1"), {})).empty());
    CHECK(got(t.groups_owned(user("1"))) == 2);
    CHECK(got(t.groups_owned(user("2"))) == 0);
  });
}

STORE_TEST("who is blocked tells nothing of what they have read in that direct conversation") {
  TestType database;
  auto store = opened(database.url);
  auto writer = store->make_writer();
  auto reader = store->make_reader();
  make_group(*writer, "g", {"1", "2"});
  append(*writer,
         {chat("1", "2", "a"), chat("1", "2", "b"), chat("2", "2", "note"), to_group("1", "g", "c")});
  mark(*writer, "2", user("1"), 1);
  block(*writer, "1", "2");

  const auto refused = mark(*writer, "2", user("1"), 2);
  CHECK(refused.found);
  CHECK(refused.blocked);
  CHECK_FALSE(refused.moved);
  CHECK(refused.seq == 1);
  CHECK(mark(*writer, "2", user("1"), 1).blocked); // where it would not move either
  CHECK(got(reader->find_membership(user("1"), user("2")))->peer_read_seq == 1);
  CHECK_FALSE(mark(*writer, "2", user("3"), 1).found);
  for (const auto& [who, in] :
       {std::pair{"1", peer_or_group(user("2"))}, {"2", user("2")}, {"2", group("g")}}) {
    const auto moved = mark(*writer, who, in, 1);
    CHECK_FALSE(moved.blocked);
    CHECK(moved.moved);
  }
  block(*writer, "1", "2", false);
  CHECK(mark(*writer, "2", user("1"), 2).moved);
}

STORE_TEST("what a newer release has written is carried, and shown as nothing") {
  TestType database;
  std::int64_t direct = 0, g = 0;
  {
    auto store = opened(database.url);
    auto writer = store->make_writer();
    g = make_group(*writer, "g", {"1", "2"});
    direct = append(*writer, {chat("1", "2", "hello there")})[0].conversation_id;
  }
  const auto id = std::to_string(direct);
  database.ask(
      "INSERT INTO message (conversation_id, seq, created_at_ms, sender, target, content, kind) VALUES"
      " (" +
      id + ", 2, 7, '1', '2', '{\"hello\":1}', 42), (" + id +
      ", 3, 8, '1', '2', 'hello {', 3000),"
      " (" +
      id + ", 4, 8, '1', '2', '{}', -1), (" + id + ", 5, 8, '1', '2', '{\"seq\":1}', 9)");
  database.ask("UPDATE conversation SET last_seq = 5 WHERE id = " + id);
  database.ask("UPDATE conversation SET history = 77 WHERE id = " + std::to_string(g));
  database.ask("UPDATE member SET role = 12 WHERE user_id = '2' AND conversation_id = " + std::to_string(g));
  if constexpr (std::is_same_v<TestType, sqlite_database>)
    database.ask("INSERT INTO message_search (rowid, tokens) SELECT id, conversation_id || '_hello'"
                 " FROM message WHERE seq IN (2, 3)");
  else
    database.ask(
        "INSERT INTO message_search SELECT id, conversation_id,"
        " array_to_tsvector(ARRAY['@' || conversation_id, 'hello']) FROM message WHERE seq IN (2, 3)");

  auto store = opened(database.url);
  auto writer = store->make_writer();
  auto reader = store->make_reader();
  REQUIRE(writer->check().has_value());
  const auto log = whole_log(*reader, direct);
  REQUIRE(log.size() == 5);
  CHECK_THAT(v1::encode_message(log[1]), Catch::Contains(R"("kind":"unknown","content":{"hello":1})"));
  CHECK_THAT(v1::encode_message(log[2]), Catch::Contains(R"("kind":"unknown","content":null)"));
  CHECK_THAT(v1::encode_message(log[3]), Catch::Contains(R"("kind":"unknown","content":{})"));
  CHECK_THAT(v1::encode_message(log[4]), Catch::Contains(R"("kind":"edit","content":{"seq":1})"));
  CHECK(got(read_history(*reader, {.user = user("2"), .in = user("1")})).messages.size() == 5);
  const auto resumed = got(sync(*reader, {.user = user("2"), .positions = {}}));
  REQUIRE(resumed.conversations.size() == 1); // nothing was said in the group
  CHECK(resumed.conversations[0].messages.size() == 5);
  CHECK(resumed.conversations[0].unread == 1);
  const auto list = got(list_conversations(*reader, {.user = user("2")}));
  REQUIRE(list.conversations.size() == 1);
  CHECK(list.conversations[0].unread == 1);
  for (const auto* who : {"1", "2"}) {
    CHECK(contents(latest(*reader, {.user = user(who)})) == texts{"hello there"});
    CHECK(contents(latest(*reader, {.user = user(who), .peer = user(who[0] == '1' ? "2" : "1")})) ==
          texts{"hello there"});
    CHECK(found(*reader, who, "hello") == texts{"hello there"});
  }
  CHECK(failure(apply(*writer, {user("1"), recall_message{user("2"), 2}}, at(9))).code == errc::forbidden);
  CHECK(append(*writer, {chat("2", "1", "on")})[0].seq == 6);

  CHECK(got(reader->find_group(user("1"), user("g")))->history == group_history::joined);
  CHECK(got(reader->members(g, "1", 9))[0].role == group_role::member);
  CHECK(got(reader->find_membership(user("2"), group("g")))->role == group_role::member);
  edit_group(*writer, "g", [&](change_transaction& t, conversation_row& row) {
    CHECK(row.history == group_history::joined);
    CHECK(got(t.member(g, user("2")))->role == group_role::member);
    row.muted = true;
  });
  CHECK(append(*writer, {to_group("2", "g", "-")})[0].status == status::silenced);
  CHECK(append(*writer, {to_group("1", "g", "by the owner")})[0].status == status::stored);
}

STORE_TEST("a refused message makes no conversation that is shown") {
  TestType database;
  auto store = opened(database.url);
  auto writer = store->make_writer();
  auto reader = store->make_reader();
  block(*writer, "1", "2");

  append(*writer, {chat("2", "1", "-"), to_group("2", "g", "-")});

  for (const auto* who : {"1", "2"}) // a store may keep an empty one
    for (const membership& m : got(reader->memberships(user(who)))) CHECK_FALSE(m.is_shown());
  CHECK(append(*writer, {chat("1", "2", "a")})[0].seq == 1);
}

STORE_TEST("kind, content and ext are kept as sent") {
  TestType database;
  auto store = opened(database.url);
  auto writer = store->make_writer();
  auto reader = store->make_reader();
  std::vector<new_message> batch;
  for (const auto kind : {message_kind::text, message_kind::image, message_kind::voice, message_kind::file,
                          message_kind::location, message_kind::custom})
    batch.push_back(of_kind(chat("1", "2", ""), kind, R"({ "fileId":"f", "名":"'\\" })"));
  batch[1].ext = R"({ "mentions" : ["2"] })";
  batch[2].ext = "{}";

  const auto sent = append(*writer, batch, at(1234));
  const auto log = whole_log(*reader, sent[0].conversation_id);

  REQUIRE(log.size() == batch.size());
  for (std::size_t i = 0; i < batch.size(); ++i) {
    CHECK(log[i].id == sent[i].id);
    CHECK(log[i].kind == batch[i].kind);
    CHECK(log[i].content == batch[i].content);
    CHECK(log[i].ext == batch[i].ext);
    CHECK(log[i].client_msg_id == std::nullopt);
    CHECK(log[i].to == peer_or_group(user("2")));
    CHECK(log[i].created_at == at(1234));
    CHECK_FALSE(log[i].recalled);
  }
  CHECK(latest(*reader, {.user = user("1")})[1].kind == message_kind::image);
  CHECK(latest(*reader, {.user = user("1")})[1].ext == batch[1].ext);
}

// -- sends that are repeated --------------------------------------------------------------------------------

STORE_TEST("a repeat answers ext as first stored; place, kind and content decide") {
  TestType database;
  auto store = opened(database.url);
  auto writer = store->make_writer();
  make_group(*writer, "g", {"1", "2"});
  auto first = chat("1", "2", "a", "x");
  first.ext = R"({"n":1})";
  auto again = first;
  again.ext = R"({"n":2})";
  auto plain = to_group("1", "g", "b", "y");
  auto plain_again = plain;
  plain_again.ext = "{}";

  const auto sent = append(*writer, {first, plain}, at(100));
  const auto repeated = append(
      *writer, {again, plain_again, of_kind(first, message_kind::custom, "a"), to_group("1", "g", "-", "y")},
      at(200));

  CHECK(repeated[0].status == status::duplicate);
  CHECK(repeated[0].id == sent[0].id);
  CHECK(repeated[0].ext == first.ext);
  CHECK_FALSE(repeated[0].recalled);
  CHECK(repeated[1].status == status::duplicate);
  CHECK(repeated[1].id == sent[1].id);
  CHECK(repeated[1].seq == sent[1].seq);
  CHECK(repeated[1].conversation_id == sent[1].conversation_id);
  CHECK(repeated[1].created_at == at(100));
  CHECK(repeated[1].ext == std::nullopt);
  CHECK(repeated[1].audience == nullptr);
  CHECK(repeated[2].status == status::conflict);
  CHECK(repeated[3].status == status::conflict);
}

STORE_TEST("objects are the same when their values are, however they are written") {
  TestType database;
  auto store = opened(database.url);
  auto writer = store->make_writer();
  const auto image = of_kind(chat("1", "2", "", "x"), message_kind::image, R"({"fileId":"f","size":1})");

  append(*writer, {image});
  const auto repeated =
      append(*writer, {of_kind(image, message_kind::image, R"({ "size": 1, "fileId": "\u0066" })"),
                       of_kind(image, message_kind::image, R"({"fileId":"f","size":2})")});

  CHECK(repeated[0].status == status::duplicate);
  CHECK(repeated[1].status == status::conflict);
}

STORE_TEST("a repeat stays one after its sender was blocked, silenced, removed, or the group was dismissed") {
  TestType database;
  auto store = opened(database.url);
  auto writer = store->make_writer();
  const auto conversation = make_group(*writer, "g", {"1", "2"});
  const std::vector batch{chat("2", "1", "a", "x"), to_group("2", "g", "b", "y")};
  const auto first = append(*writer, batch);
  const auto check_repeated = [&] {
    const auto repeated = append(*writer, batch);
    for (std::size_t i = 0; i < 2; ++i) {
      CHECK(repeated[i].status == status::duplicate);
      CHECK(repeated[i].id == first[i].id);
    }
  };

  block(*writer, "1", "2");
  edit_group(*writer, "g", [](change_transaction&, conversation_row& row) { row.muted = true; });
  check_repeated();
  edit_group(*writer, "g", [&](change_transaction& t, conversation_row&) {
    got(t.remove_members(conversation, std::vector{user("2")}));
  });
  check_repeated();
  edit_group(*writer, "g", [](change_transaction&, conversation_row& row) { row.dismissed = true; });
  check_repeated();
}

STORE_TEST("a recalled message keeps its place without content, and a repeat of it says so") {
  TestType database;
  auto store = opened(database.url);
  auto writer = store->make_writer();
  auto reader = store->make_reader();
  auto secret = chat("1", "2", "secret", "x");
  secret.ext = R"({"reply":1})";
  const auto first = append(*writer, {chat("1", "2", "a"), secret, chat("2", "1", "b")});

  recall(*writer, "1", user("2"), 2);
  recall(*writer, "2", user("1"), 2); // once more changes nothing

  const auto log = whole_log(*reader, first[0].conversation_id);
  REQUIRE(log.size() == 3);
  CHECK(log[1].recalled);
  CHECK(log[1].content.empty());
  CHECK(log[1].ext == std::nullopt);
  CHECK(log[1].id == first[1].id);
  CHECK(log[1].client_msg_id == "x");
  CHECK_FALSE(log[0].recalled);
  const auto repeated = append(*writer, {secret, chat("1", "2", "other", "x"), chat("1", "3", "secret", "x"),
                                         of_kind(secret, message_kind::custom, "{}")});
  CHECK(repeated[0].status == status::duplicate);
  CHECK(repeated[0].recalled);
  CHECK(repeated[0].ext == std::nullopt);
  CHECK(repeated[1].status == status::duplicate); // nobody knows the content any more
  CHECK(repeated[2].status == status::conflict);
  CHECK(repeated[3].status == status::conflict);
}

STORE_TEST("the classic view has direct conversations only, without recalled messages and own entries") {
  TestType database;
  auto store = opened(database.url);
  auto writer = store->make_writer();
  auto reader = store->make_reader();
  make_group(*writer, "g", {"1", "2"});
  append(*writer, {chat("1", "2", "a"), to_group("1", "g", "-"), chat("2", "1", "gone"), chat("1", "2", "b"),
                   to_group("2", "g", "-"), chat("1", "1", "c")});
  in_transaction(*writer, [](change_transaction& t) {
    auto row = got(t.lock_direct(user("2"), user("1"), false));
    got(t.erase_content(*got(t.entry(*row, 2))));
    got(t.append_entry(*row, {.from = user("2"),
                              .to = user("1"),
                              .kind = message_kind::recall,
                              .content = R"({"seq":2})",
                              .created_at = at(5)}));
  });
  append(*writer, {chat("2", "1", "d"), to_group("1", "g", "-")});

  CHECK(contents(latest(*reader, {.user = user("1")})) == texts{"a", "b", "c", "d"});
  CHECK(contents(latest(*reader, {.user = user("1"), .limit = 3})) == texts{"b", "c", "d"});
  CHECK(contents(latest(*reader, {.user = user("2"), .limit = 2})) == texts{"b", "d"});
  CHECK(contents(latest(*reader, {.user = user("1"), .peer = user("2"), .limit = 2})) == texts{"b", "d"});
  CHECK(latest(*reader, {.user = user("g")}).empty());
}

// -- conversations and their logs ---------------------------------------------------------------------------

STORE_TEST("memberships tell of every conversation that is shown, as the user sees it") {
  TestType database;
  auto store = opened(database.url);
  auto writer = store->make_writer();
  auto reader = store->make_reader();
  const auto g = make_group(*writer, "g", {"1", "2", "3"});
  const auto direct = append(*writer, {chat("5", "1", "a"), chat("1", "5", "b")}, at(100))[0].conversation_id;
  const auto self = append(*writer, {chat("1", "1", "note")}, at(200))[0].conversation_id;
  append(*writer, {to_group("2", "g", "-"), to_group("2", "g", "c"), chat("2", "3", "-")}, at(300));
  mark(*writer, "5", user("1"), 2);
  mark(*writer, "1", user("5"), 1);
  in_transaction(*writer, [&](change_transaction& t) {
    auto row = *got(t.member(g, user("1")));
    row.pinned = row.muted = true;
    row.first_seq = 2;
    got(t.put_members(g, std::vector{row}));
  });

  std::map<std::int64_t, membership> of;
  for (auto& m : got(reader->memberships(user("1")))) of[m.conversation_id] = m;

  REQUIRE(of.size() == 3);
  CHECK(of[direct].with == peer_or_group(user("5")));
  CHECK(of[direct].last_seq == 2);
  CHECK(of[direct].last_at == at(100));
  CHECK(of[direct].first_seq == 1);
  CHECK(of[direct].read_seq == 1);
  CHECK(of[direct].peer_read_seq == 2);
  CHECK_FALSE(of[direct].pinned);
  CHECK(of[direct].is_shown());
  CHECK(of[self].with == peer_or_group(user("1")));
  CHECK(of[self].last_at == at(200));
  CHECK(of[g].with == group("g"));
  CHECK(of[g].role == group_role::owner);
  CHECK(of[g].last_seq == 2);
  CHECK(of[g].last_at == at(300));
  CHECK(of[g].first_seq == 2);
  CHECK(of[g].peer_read_seq == std::nullopt);
  CHECK(of[g].pinned);
  CHECK(of[g].muted);
  CHECK(of[g].is_shown());
  CHECK(got(reader->memberships(user("9"))).empty());
  in_transaction(*writer, [&](change_transaction& t) {
    auto row = *got(t.member(g, user("1")));
    row.first_seq = 3; // cleared
    got(t.put_members(g, std::vector{row}));
    got(t.lock_direct(user("1"), user("8"), true)); // nothing was ever said
  });
  CHECK(got(reader->memberships(user("1"))).size() == 2);
}

STORE_TEST("a membership is found by its place, by those who are in it") {
  TestType database;
  auto store = opened(database.url);
  auto writer = store->make_writer();
  auto reader = store->make_reader();
  const auto g = make_group(*writer, "g", {"1", "2"});
  const auto sent = append(*writer, {chat("1", "2", "a"), chat("1", "1", "b")});

  CHECK(got(reader->find_membership(user("2"), user("1")))->conversation_id == sent[0].conversation_id);
  CHECK(got(reader->find_membership(user("2"), user("1")))->with == peer_or_group(user("1")));
  CHECK(got(reader->find_membership(user("1"), user("1")))->conversation_id == sent[1].conversation_id);
  CHECK(got(reader->find_membership(user("2"), group("g")))->conversation_id == g);
  CHECK(got(reader->find_membership(user("2"), group("g")))->role == group_role::member);
  CHECK(got(reader->find_membership(user("3"), group("g"))) == std::nullopt);
  CHECK(got(reader->find_membership(user("1"), group("1"))) == std::nullopt);
  CHECK(got(reader->find_membership(user("2"), user("2"))) == std::nullopt);
  CHECK(got(reader->find_membership(user("3"), user("1"))) == std::nullopt);

  edit_group(*writer, "g", [](change_transaction&, conversation_row& row) { row.dismissed = true; });
  CHECK(got(reader->find_membership(user("2"), group("g"))) == std::nullopt);
  CHECK(got(reader->memberships(user("2"))).size() == 1);
}

STORE_TEST("a stretch of a log lies between its bounds, from the end that was asked for") {
  TestType database;
  auto store = opened(database.url);
  auto writer = store->make_writer();
  auto reader = store->make_reader();
  std::vector<new_message> batch;
  for (int i = 1; i <= 9; ++i) {
    batch.push_back(chat("1", "2", std::to_string(i)));
    batch.push_back(chat("3", "2", "other " + std::to_string(i)));
  }
  const auto sent = append(*writer, batch);
  const auto id = sent[0].conversation_id, other = sent[1].conversation_id;
  const auto read = [&](std::int64_t after, std::int64_t before, std::size_t limit, bool newest) {
    return contents(got(reader->log(std::vector{log_range{id, after, before, limit, newest}})));
  };

  CHECK(read(0, 100, 100, false).size() == 9);
  CHECK(read(3, 7, 100, false) == texts{"4", "5", "6"});
  CHECK(read(3, 7, 2, false) == texts{"4", "5"});
  CHECK(read(3, 7, 2, true) == texts{"5", "6"});
  CHECK(read(3, 7, 3, true) == texts{"4", "5", "6"});
  CHECK(read(-5, 2, 10, true) == texts{"1"});
  CHECK(read(8, 1'000'000, 10, true) == texts{"9"});
  CHECK(read(3, 4, 10, false).empty());
  CHECK(read(7, 3, 10, false).empty());
  CHECK(read(0, 100, 0, false).empty());
  CHECK(contents(got(reader->log(std::vector{log_range{other, 0, 100, 2, true}, log_range{12345, 0, 100, 5},
                                             log_range{id, 0, 100, 2, false}, log_range{other, 0, 2, 5}}))) ==
        texts{"other 8", "other 9", "1", "2", "other 1"});
  CHECK(got(reader->log({})).empty());
}

STORE_TEST("unread are others' messages after a position, neither recalled nor own entries, up to 999") {
  TestType database;
  auto store = opened(database.url);
  auto writer = store->make_writer();
  auto reader = store->make_reader();
  const auto id =
      append(*writer, {chat("1", "2", "1"), chat("2", "1", "2"), chat("1", "2", "3"), chat("1", "2", "4")})[0]
          .conversation_id;
  in_transaction(*writer, [](change_transaction& t) {
    auto row = got(t.lock_direct(user("1"), user("2"), false));
    got(t.erase_content(*got(t.entry(*row, 3))));
    got(t.append_entry(
        *row, {.from = user("1"), .to = user("2"), .kind = message_kind::recall, .content = R"({"seq":3})"}));
  });

  CHECK(unread(*reader, "2", id, 0) == 2);
  CHECK(unread(*reader, "2", id, 1) == 1);
  CHECK(unread(*reader, "2", id, 4) == 0);
  CHECK(unread(*reader, "1", id, 0) == 1);
  CHECK(unread(*reader, "1", 12345, 0) == 0);

  for (int k = 0; k < 3; ++k) append(*writer, std::vector<new_message>(400, chat("1", "2", "more")));
  CHECK(got(reader->unread(user("2"), std::vector<unread_question>{{id, 0}, {id, 1204}, {id, 300}})) ==
        std::vector<std::size_t>{999, 1, 905});
}

// -- read positions -----------------------------------------------------------------------------------------

STORE_TEST("read positions go forward only, never beyond the last entry") {
  TestType database;
  auto store = opened(database.url);
  auto writer = store->make_writer();
  auto reader = store->make_reader();
  make_group(*writer, "g", {"1", "2"});
  const auto sent = append(*writer, {chat("1", "2", "a"), chat("1", "2", "b"), chat("1", "2", "c"),
                                     to_group("1", "g", "a"), chat("1", "1", "n")});

  const auto outcomes = got(writer->mark_read(std::vector<read_mark>{{user("2"), user("1"), 2},
                                                                     {user("2"), user("1"), 1},
                                                                     {user("2"), user("1"), 100},
                                                                     {user("2"), user("1"), 3},
                                                                     {user("2"), group("g"), 1},
                                                                     {user("1"), user("1"), 1},
                                                                     {user("1"), user("2"), -1}}));

  REQUIRE(outcomes.size() == 7);
  const std::vector<bool> moved{true, false, true, false, true, true, false};
  const std::vector<std::int64_t> seqs{2, 2, 3, 3, 1, 1, 0};
  for (std::size_t i = 0; i < outcomes.size(); ++i) {
    CAPTURE(i);
    CHECK(outcomes[i].found);
    CHECK(outcomes[i].moved == moved[i]);
    CHECK(outcomes[i].seq == seqs[i]);
  }
  CHECK(outcomes[0].conversation_id == sent[0].conversation_id);
  CHECK(outcomes[4].conversation_id == sent[3].conversation_id);
  CHECK(got(reader->find_membership(user("2"), user("1")))->read_seq == 3);
  CHECK(got(reader->find_membership(user("1"), user("2")))->read_seq == 0);
  CHECK(got(reader->find_membership(user("1"), user("2")))->peer_read_seq == 3);
}

STORE_TEST("nobody marks what is not theirs, and the other marks stay") {
  TestType database;
  auto store = opened(database.url);
  auto writer = store->make_writer();
  make_group(*writer, "g", {"1", "2"});
  make_group(*writer, "gone", {"1", "2"});
  append(*writer, {to_group("1", "g", "a"), chat("1", "2", "b"), to_group("1", "gone", "c")});
  edit_group(*writer, "gone", [](change_transaction&, conversation_row& row) { row.dismissed = true; });

  const auto outcomes = got(writer->mark_read(std::vector<read_mark>{{user("9"), group("g"), 1},
                                                                     {user("1"), group("none"), 1},
                                                                     {user("1"), group("gone"), 1},
                                                                     {user("3"), user("1"), 1},
                                                                     {user("1"), user("1"), 1},
                                                                     {user("1"), user("2"), 1}}));

  for (std::size_t i = 0; i < 5; ++i) {
    CAPTURE(i);
    CHECK_FALSE(outcomes[i].found);
    CHECK_FALSE(outcomes[i].moved);
  }
  CHECK(outcomes[5].moved);
  CHECK(got(writer->mark_read({})).empty());
}

// -- search -------------------------------------------------------------------------------------------------

STORE_TEST("a search finds words from their beginning and Chinese anywhere, newest first") {
  TestType database;
  auto store = opened(database.url);
  auto writer = store->make_writer();
  auto reader = store->make_reader();
  append(*writer, {chat("1", "2", "Hello World"), chat("2", "1", "helpful 你好世界"),
                   chat("1", "3", "say HELLO, 世界你好吗"), chat("1", "1", "othello 好")});

  CHECK(found(*reader, "1", "hel") == texts{"say HELLO, 世界你好吗", "helpful 你好世界", "Hello World"});
  CHECK(found(*reader, "1", "HELLO") == texts{"say HELLO, 世界你好吗", "Hello World"});
  CHECK(found(*reader, "1", "ello").empty());
  CHECK(found(*reader, "1", "wor hel") == texts{"Hello World"});
  CHECK(found(*reader, "1", "你好") == texts{"say HELLO, 世界你好吗", "helpful 你好世界"});
  CHECK(found(*reader, "1", "好世界") == texts{"helpful 你好世界"});
  CHECK(found(*reader, "1", "好") == texts{"othello 好", "say HELLO, 世界你好吗", "helpful 你好世界"});
  CHECK(found(*reader, "1", "界") == texts{"say HELLO, 世界你好吗", "helpful 你好世界"});
  CHECK(found(*reader, "1", "你好 hello") == texts{"say HELLO, 世界你好吗"});
  CHECK(found(*reader, "1", "你界").empty());
  CHECK(found(*reader, "2", "hel") == texts{"helpful 你好世界", "Hello World"});
  const auto hit = got(reader->search({.user = user("2"), .terms = search_terms("helpful")})).messages;
  REQUIRE(hit.size() == 1);
  CHECK(hit[0].from == user("2"));
  CHECK(hit[0].to == peer_or_group(user("1")));
  CHECK(hit[0].seq == 2);
}

STORE_TEST("a search sees what the user may read and nothing else") {
  TestType database;
  auto store = opened(database.url);
  auto writer = store->make_writer();
  auto reader = store->make_reader();
  const auto g = make_group(*writer, "g", {"1", "2"});
  const auto direct = append(*writer, {chat("1", "2", "word 1"), chat("1", "2", "word 2"),
                                       chat("3", "4", "word other"), to_group("1", "g", "word g1"),
                                       to_group("2", "g", "word g2"), chat("2", "1", "word 3")})[0]
                          .conversation_id;

  SECTION("never others' messages") {
    CHECK(found(*reader, "2", "word") == texts{"word 3", "word g2", "word g1", "word 2", "word 1"});
    CHECK(found(*reader, "9", "word").empty());
    CHECK(found(*reader, "2", "other").empty());
  }
  SECTION("in one conversation, if it is theirs") {
    CHECK(found(*reader, "2", "word", direct) == texts{"word 3", "word 2", "word 1"});
    CHECK(found(*reader, "2", "word", g) == texts{"word g2", "word g1"});
    CHECK(found(*reader, "3", "word", g).empty());
    CHECK(found(*reader, "2", "word", 12345).empty());
  }
  SECTION("nothing that was taken back") {
    recall(*writer, "1", user("2"), 2);
    recall(*writer, "1", group("g"), 2);
    CHECK(found(*reader, "2", "word") == texts{"word 3", "word g1", "word 1"});
    CHECK(found(*reader, "2", "wo 2").empty());
    append(*writer, {chat("1", "2", "word 2")});
    CHECK(found(*reader, "1", "word 2") == texts{"word 2"});
  }
  SECTION("nothing from before they came, or that they cleared") {
    in_transaction(*writer, [&](change_transaction& t) {
      got(t.put_members(g, std::vector<member_row>{{.user = user("5"), .joined_seq = 2, .first_seq = 2}}));
      auto row = *got(t.member(direct, user("2")));
      row.first_seq = 3;
      got(t.put_members(direct, std::vector{row}));
    });
    CHECK(found(*reader, "5", "word") == texts{"word g2"});
    CHECK(found(*reader, "2", "word") == texts{"word 3", "word g2", "word g1"});
    CHECK(found(*reader, "1", "word").size() == 5);
  }
  SECTION("nothing of a group that they left, or that is no more") {
    in_transaction(*writer, [&](change_transaction& t) { got(t.remove_members(g, std::vector{user("2")})); });
    CHECK(found(*reader, "2", "g1").empty());
    CHECK(found(*reader, "1", "g1") == texts{"word g1"});
    edit_group(*writer, "g", [](change_transaction&, conversation_row& row) { row.dismissed = true; });
    CHECK(found(*reader, "1", "g1").empty());
  }
}

STORE_TEST("names of files and places can be searched for, other objects and own entries cannot") {
  TestType database;
  auto store = opened(database.url);
  auto writer = store->make_writer();
  auto reader = store->make_reader();
  const auto base = chat("1", "2", "");
  append(*writer, {of_kind(base, message_kind::file, R"({"fileId":"abc","name":"年度报告.pdf","size":1})"),
                   of_kind(base, message_kind::location,
                           R"({"latitude":1,"longitude":2,"name":"Tiananmen","address":"北京市东城区"})"),
                   of_kind(base, message_kind::custom, R"({"name":"hidden"})"),
                   of_kind(base, message_kind::image, R"({"fileId":"hidden","name":"hidden"})")});
  in_transaction(*writer, [](change_transaction& t) {
    auto row = got(t.lock_direct(user("1"), user("2"), false));
    got(t.append_entry(*row, {.from = user("1"),
                              .to = user("2"),
                              .kind = message_kind::group,
                              .content = R"({"name":"hidden"})"}));
  });

  CHECK(found(*reader, "2", "报告").size() == 1);
  CHECK(found(*reader, "2", "pdf").size() == 1);
  CHECK(found(*reader, "2", "tian 东城").size() == 1);
  CHECK(found(*reader, "2", "abc").empty());
  CHECK(found(*reader, "2", "fileid").empty());
  CHECK(found(*reader, "2", "hidden").empty());
  recall(*writer, "1", user("2"), 1);
  CHECK(found(*reader, "2", "报告").empty());
}

STORE_TEST("signs in a text or a query are nothing but signs") {
  TestType database;
  auto store = opened(database.url);
  auto writer = store->make_writer();
  auto reader = store->make_reader();
  const texts all{"it's \"quoted\" AND (nested) NOT near",
                  "100% of_it; DROP TABLE message; --",
                  "C++ & C# | D! <-> :* 'a':1A",
                  "tokens:x ^y -z {a b} \\backslash\\ *",
                  "，你好。《世界》！",
                  "col1 12_hello 3_x"};
  std::vector<new_message> batch;
  for (const auto& content : all) batch.push_back(chat("1", "2", content));
  append(*writer, batch);

  const std::map<std::string, std::size_t> expected{
      {"\"quoted\"", 1}, {"quoted'", 1},     {"'; DROP TABLE message; --", 1},
      {"100%", 1},       {"AND", 1},         {"and or", 0},
      {"NOT near", 1},   {"C++", 2},         {"(nested", 1},
      {"tokens:x", 1},   {"x*", 2},          {"^y", 1},
      {"-z", 1},         {"{a b}", 1},       {"\\backslash\\", 1},
      {"《世界》", 1},   {"你好。", 1},      {"hello", 1},
      {"12_hello", 1},   {"12 hello", 1},    {"d <-> :*", 2},
      {"%", 0},          {"' OR 1=1 --", 0}, {"message_search", 0}};
  for (const auto& [query, count] : expected) {
    if (search_terms(query).empty()) continue;
    CAPTURE(query);
    CHECK(found(*reader, "2", query).size() == count);
  }
}

STORE_TEST("pages of a search follow each other, as a plain list would") {
  TestType database;
  auto store = opened(database.url);
  auto writer = store->make_writer();
  auto reader = store->make_reader();
  std::mt19937 random(20261122);
  const texts syllables{"red", "green", "re", "r", "你", "好", "吗", " ", "，"};
  const auto sentence = [&](std::size_t longest) {
    std::string text;
    for (auto n = 1 + random() % longest; n > 0; --n) text += syllables[random() % syllables.size()];
    return text;
  };
  for (const std::string id : {"g", "h"}) make_group(*writer, id, {"1", "2", "3"});
  struct sent {
    std::string from, to, content;
    std::int64_t id = 0, conversation = 0;
  };
  std::vector<sent> all;
  for (int i = 0; i < 30; ++i) {
    std::vector<new_message> batch;
    const auto begin = all.size();
    for (auto n = 1 + random() % 20; n > 0; --n) {
      sent s{std::to_string(1 + random() % 3), texts{"1", "2", "3", "4", "g", "h"}[random() % 6],
             sentence(8)};
      batch.push_back(s.to == "g" || s.to == "h" ? to_group(s.from, s.to, s.content)
                                                 : chat(s.from, s.to, s.content));
      all.push_back(std::move(s));
    }
    const auto outcomes = append(*writer, batch);
    for (std::size_t k = 0; k < outcomes.size(); ++k) {
      all[begin + k].id = outcomes[k].id;
      all[begin + k].conversation = outcomes[k].conversation_id;
    }
  }

  for (int i = 0; i < 300; ++i) {
    const std::string who = std::to_string(1 + random() % 4);
    const auto terms = search_terms(sentence(3));
    if (terms.empty()) continue;
    search_question question{.user = user(who), .terms = terms, .limit = 1 + random() % 20};
    if (random() % 3 == 0) question.conversation_id = all[random() % all.size()].conversation;
    std::vector<std::int64_t> expected, met;
    for (auto m = all.rbegin(); m != all.rend(); ++m) {
      const bool theirs = m->from == who || m->to == who || (m->to >= "g" && who != "4");
      if (!theirs || (question.conversation_id && *question.conversation_id != m->conversation)) continue;
      const auto tokens = search_tokens(m->content);
      const bool all_there = std::ranges::all_of(terms, [&](const search_term& term) {
        return std::ranges::any_of(tokens, [&](const std::string& token) {
          return term.prefix ? token.starts_with(term.token) : token == term.token;
        });
      });
      if (all_there) expected.push_back(m->id);
    }
    for (;;) {
      const auto page = got(reader->search(question)).messages;
      REQUIRE(page.size() <= question.limit);
      for (const auto& m : page) met.push_back(m.id);
      if (page.size() < question.limit) break;
      question.before_id = met.back();
    }
    REQUIRE(met == expected);
  }
}

STORE_TEST("a search over more conversations than fit one question finds the newest of all") {
  TestType database;
  auto store = opened(database.url);
  auto writer = store->make_writer();
  auto reader = store->make_reader();
  for (int round = 0; round < 2; ++round) {
    std::vector<new_message> batch;
    for (int i = 0; i < 700; ++i)
      batch.push_back(
          chat("u" + std::to_string((i * 37) % 700), "1", "word " + std::to_string(round * 700 + i)));
    append(*writer, batch, at(round));
  }

  const auto page =
      got(reader->search({.user = user("1"), .terms = search_terms("word"), .limit = 1000})).messages;
  REQUIRE(page.size() == 1000);
  for (std::size_t i = 0; i < page.size(); ++i)
    REQUIRE(page[i].content == "word " + std::to_string(1399 - i));
  const auto next =
      got(reader->search(
              {.user = user("1"), .terms = search_terms("word"), .before_id = page.back().id, .limit = 1000}))
          .messages;
  CHECK(next.size() == 400);
}

// -- changes ------------------------------------------------------------------------------------------------

STORE_TEST("a transaction is kept whole, or not at all") {
  TestType database;
  auto store = opened(database.url);
  auto writer = store->make_writer();
  auto reader = store->make_reader();
  const auto g = make_group(*writer, "g", {"1", "2"});
  const auto direct = append(*writer, {chat("1", "2", "secret")})[0].conversation_id;

  const auto undone = writer->transact([&](change_transaction& t) -> result<void> {
    auto row = got(t.lock_group(user("g")));
    row->name = "other";
    row->muted = true;
    got(t.update_conversation(*row));
    got(t.append_entry(*row,
                       {.from = user("1"), .to = group("g"), .kind = message_kind::group, .content = "{}"}));
    got(t.put_members(g, std::vector{member("3")}));
    got(t.remove_members(g, std::vector{user("2")}));
    got(t.put_profile({.user = user("1"), .name = "n"}));
    got(t.put_blocks(user("1"), std::vector{user("2")}, true));
    got(t.make_group(user("h"), "h", group_history::all, at(1)));
    auto pair = got(t.lock_direct(user("1"), user("2"), true));
    got(t.erase_content(*got(t.entry(*pair, 1))));
    got(t.lock_direct(user("1"), user("9"), true));
    return error{errc::conflict, "changed my mind"};
  });

  CHECK(failure(undone).code == errc::conflict);
  CHECK(failure(undone).detail == "changed my mind");
  CHECK(got(reader->find_group(user("2"), user("g")))->name == "name of g");
  CHECK(got(reader->find_group(user("3"), user("g"))) == std::nullopt);
  CHECK(whole_log(*reader, g).empty());
  CHECK(contents(whole_log(*reader, direct)) == texts{"secret"});
  CHECK(found(*reader, "2", "secret") == texts{"secret"});
  CHECK(got(reader->profiles(std::vector{user("1")}))[0].name == std::nullopt);
  CHECK(got(reader->blocks(user("1"))).empty());
  CHECK(got(reader->find_membership(user("1"), user("9"))) == std::nullopt);
  const auto later = append(*writer, {to_group("2", "g", "a"), chat("2", "1", "b")});
  CHECK(later[0].seq == 1);
  CHECK(later[1].seq == 2);
  CHECK(make_group(*writer, "h", {"1"}) != g);
}

STORE_TEST("a group's id is taken once, for ever") {
  TestType database;
  auto store = opened(database.url);
  auto writer = store->make_writer();
  make_group(*writer, "g", {"1"});
  edit_group(*writer, "g", [](change_transaction&, conversation_row& row) { row.dismissed = true; });

  in_transaction(*writer, [](change_transaction& t) {
    CHECK_FALSE(got(t.make_group(user("g"), "again", group_history::all, at(1))).has_value());
    CHECK(got(t.lock_group(user("g")))->dismissed);
    CHECK(got(t.lock_group(user("g")))->name == "name of g");
    CHECK_FALSE(got(t.lock_group(user("1"))).has_value());
  });
}

STORE_TEST("what is written of a group is what is read") {
  TestType database;
  auto store = opened(database.url);
  auto writer = store->make_writer();
  auto reader = store->make_reader();
  const auto g = make_group(*writer, "g", {"1", "2", "3"});
  edit_group(*writer, "g", [](change_transaction&, conversation_row& row) {
    CHECK(row.of == group("g"));
    CHECK(row.created_at == at(500));
    CHECK(row.history == group_history::joined);
    CHECK(row.member_count == 3);
    row.name = "群 '1'";
    row.muted = true;
    row.history = group_history::all;
    row.member_count = 7;
  });

  const auto info = got(reader->find_group(user("2"), user("g")));

  REQUIRE(info.has_value());
  CHECK(info->conversation_id == g);
  CHECK(info->id == user("g"));
  CHECK(info->name == "群 '1'");
  CHECK(info->owner == user("1"));
  CHECK(info->member_count == 7);
  CHECK(info->muted);
  CHECK(info->history == group_history::all);
  CHECK(info->created_at == at(500));
  CHECK(got(reader->find_group(user("9"), user("g"))) == std::nullopt);
  CHECK(got(reader->find_group(user("1"), user("none"))) == std::nullopt);
}

STORE_TEST("groups and members come in pages, by their ids") {
  TestType database;
  auto store = opened(database.url);
  auto writer = store->make_writer();
  auto reader = store->make_reader();
  for (const std::string id : {"b", "C", "a", "d", "gone"}) make_group(*writer, id, {"1", "2"});
  make_group(*writer, "other", {"2"});
  edit_group(*writer, "gone", [](change_transaction&, conversation_row& row) { row.dismissed = true; });
  const auto ids = [&](const std::string& after, std::size_t limit) {
    texts all;
    for (const auto& info : got(reader->groups(user("1"), after, limit))) all.push_back(info.id.text());
    return all;
  };

  CHECK(ids("", 100) == texts{"C", "a", "b", "d"});
  CHECK(ids("", 2) == texts{"C", "a"});
  CHECK(ids("a", 2) == texts{"b", "d"});
  CHECK(ids("d", 2).empty());

  const auto big = make_group(*writer, "big", {"5", "1", "30", "A"});
  in_transaction(*writer, [&](change_transaction& t) {
    got(t.put_members(
        big, std::vector<member_row>{{.user = user("30"), .role = group_role::admin, .joined_seq = 4}}));
  });
  const auto page = got(reader->members(big, "1", 2));
  REQUIRE(page.size() == 2);
  CHECK(page[0].user == user("30"));
  CHECK(page[0].role == group_role::admin);
  CHECK(page[0].joined_seq == 4);
  CHECK(page[1].user == user("5"));
  CHECK(page[1].role == group_role::owner);
  CHECK(got(reader->members(big, "", 100)).size() == 4);
  CHECK(got(reader->members(big, "5", 100))[0].user == user("A"));
  const auto direct = append(*writer, {chat("1", "2", "a"), chat("1", "1", "b")});
  CHECK(got(reader->members(direct[0].conversation_id, "", 100)).size() == 2);
  CHECK(got(reader->members(direct[1].conversation_id, "", 100)).size() == 1);
  CHECK(got(reader->members(12345, "", 100)).empty());
}

STORE_TEST("a member's row is replaced whole") {
  TestType database;
  auto store = opened(database.url);
  auto writer = store->make_writer();
  const auto g = make_group(*writer, "g", {"2", "1"});
  const member_row whole{.user = user("1"),
                         .role = group_role::admin,
                         .joined_seq = 3,
                         .first_seq = 4,
                         .read_seq = 5,
                         .pinned = true,
                         .muted = true};

  in_transaction(*writer, [&](change_transaction& t) {
    got(t.put_members(g, std::vector{whole}));
    const auto row = got(t.member(g, user("1")));
    REQUIRE(row.has_value());
    CHECK(row->role == whole.role);
    CHECK(row->joined_seq == 3);
    CHECK(row->first_seq == 4);
    CHECK(row->read_seq == 5);
    CHECK(row->pinned);
    CHECK(row->muted);
    CHECK_FALSE(got(t.member(g, user("9"))).has_value());

    got(t.put_members(g, std::vector<member_row>{{.user = user("1")}, {.user = user("0")}}));
    const auto all = got(t.members(g));
    REQUIRE(all.size() == 3);
    CHECK(all[0].user == user("0"));
    CHECK(all[1].role == group_role::member);
    CHECK(all[1].first_seq == 1);
    CHECK_FALSE(all[1].pinned);
    CHECK(all[2].role == group_role::owner);
  });
}

STORE_TEST("entries are appended to the log among the messages") {
  TestType database;
  auto store = opened(database.url);
  auto writer = store->make_writer();
  auto reader = store->make_reader();
  const auto g = make_group(*writer, "g", {"1", "2"});
  const auto before = append(*writer, {to_group("1", "g", "a")})[0];

  message entry;
  in_transaction(*writer, [&](change_transaction& t) {
    auto row = got(t.lock_group(user("g")));
    REQUIRE(row->last_seq == 1);
    entry = got(t.append_entry(*row, {.from = user("2"),
                                      .to = group("g"),
                                      .kind = message_kind::group,
                                      .content = R"({"action":"name"})",
                                      .ext = "{}",
                                      .created_at = at(4321)}));
    CHECK(row->last_seq == 2);
    CHECK(got(t.entry(*row, 1))->content == "a");
    CHECK(got(t.entry(*row, 1))->to == group("g"));
    CHECK(got(t.entry(*row, 2))->id == entry.id);
    CHECK_FALSE(got(t.entry(*row, 3)).has_value());
  });
  const auto after = append(*writer, {to_group("2", "g", "b")})[0];

  CHECK(entry.seq == 2);
  CHECK(entry.conversation_id == g);
  CHECK(entry.id > before.id);
  CHECK(after.seq == 3);
  CHECK(after.id > entry.id);
  const auto log = whole_log(*reader, g);
  REQUIRE(log.size() == 3);
  CHECK(log[1].id == entry.id);
  CHECK(log[1].from == user("2"));
  CHECK(log[1].to == group("g"));
  CHECK(log[1].kind == message_kind::group);
  CHECK(log[1].content == R"({"action":"name"})");
  CHECK(log[1].ext == "{}");
  CHECK(log[1].created_at == at(4321));
}

STORE_TEST("a direct conversation can be made before its first message") {
  TestType database;
  auto store = opened(database.url);
  auto writer = store->make_writer();
  auto reader = store->make_reader();

  in_transaction(*writer, [](change_transaction& t) {
    CHECK_FALSE(got(t.lock_direct(user("2"), user("1"), false)).has_value());
    const auto made = got(t.lock_direct(user("2"), user("1"), true));
    REQUIRE(made.has_value());
    CHECK(made->of == peer_or_group(user("1")));
    CHECK(made->last_seq == 0);
    CHECK(got(t.lock_direct(user("1"), user("2"), true))->id == made->id);
    CHECK(got(t.lock_direct(user("1"), user("2"), false))->of == peer_or_group(user("2")));
    CHECK(got(t.members(made->id)).size() == 2);
    auto row = *got(t.member(made->id, user("1")));
    row.pinned = true;
    got(t.put_members(made->id, std::vector{row}));
    CHECK(got(t.members(got(t.lock_direct(user("3"), user("3"), true))->id)).size() == 1);
  });

  CHECK_FALSE(got(reader->find_membership(user("2"), user("1")))->is_shown());
  CHECK(append(*writer, {chat("2", "1", "a")})[0].seq == 1);
  CHECK(got(reader->find_membership(user("2"), user("1")))->is_shown());
  CHECK(got(reader->find_membership(user("1"), user("2")))->pinned);
}

STORE_TEST("profiles keep what is not set") {
  TestType database;
  auto store = opened(database.url);
  auto writer = store->make_writer();
  auto reader = store->make_reader();
  in_transaction(*writer, [](change_transaction& t) {
    got(t.put_profile({.user = user("1"), .name = "李四", .avatar = "a.png"}));
    got(t.put_profile({.user = user("2"), .avatar = "b.png"}));
    got(t.put_profile({.user = user("1"), .name = "张三"}));
    got(t.put_profile({.user = user("2"), .avatar = ""}));
  });

  const auto all = got(reader->profiles(std::vector{user("2"), user("9"), user("1"), user("2")}));

  REQUIRE(all.size() == 4);
  CHECK(all[0].user == user("2"));
  CHECK(all[0].name == std::nullopt);
  CHECK(all[0].avatar == "");
  CHECK(all[1].user == user("9"));
  CHECK(all[1].name == std::nullopt);
  CHECK(all[2].name == "张三");
  CHECK(all[2].avatar == "a.png");
  CHECK(all[3].user == user("2"));
}

STORE_TEST("a profile is read as it is in the transaction") {
  TestType database;
  auto store = opened(database.url);
  auto writer = store->make_writer();
  in_transaction(*writer, [](change_transaction& t) {
    CHECK_FALSE(got(t.find_profile(user("1"))).name);
    got(t.put_profile({.user = user("1"), .name = "李四", .avatar = "a.png"}));
    got(t.put_profile({.user = user("1"), .name = "张三"}));
    const auto now_is = got(t.find_profile(user("1")));
    CHECK(now_is.user == user("1"));
    CHECK(now_is.name == "张三");
    CHECK(now_is.avatar == "a.png");
  });
}

STORE_TEST("revocations only go forward, and are read from a time on") {
  TestType database;
  auto store = opened(database.url);
  auto writer = store->make_writer();
  auto reader = store->make_reader();
  in_transaction(*writer, [](change_transaction& t) {
    got(t.revoke(user("1"), 1'700'000'000'000'005));
    got(t.revoke(user("1"), 1'700'000'000'000'003));
    got(t.revoke(user("2"), 7));
    got(t.revoke(user("2"), 9));
  });
  const auto late = got(reader->revocations(10));
  REQUIRE(late.size() == 1);
  CHECK(late[0].user == user("1"));
  CHECK(late[0].at_us == 1'700'000'000'000'005);
  CHECK(got(reader->revocations(9)).size() == 2);
}

STORE_TEST("an identity has the user that it was given first") {
  TestType database;
  auto store = opened(database.url);
  auto writer = store->make_writer();
  const auto user_of = [&](const char* identity, const char* made_up) {
    user_id found;
    in_transaction(*writer, [&](change_transaction& t) {
      found = got(t.user_of_identity(identity, user(made_up), at(1)));
    });
    return found;
  };

  CHECK(user_of("wechat:wx1:a", "u1") == user("u1"));
  CHECK(user_of("wechat:wx1:a", "u2") == user("u1"));
  CHECK(user_of("wechat:wx1:A", "u2") == user("u2"));
  CHECK(user_of("wechat:wx2:a", "u3") == user("u3"));
  CHECK(user_of("wechat:wx1:a", "u4") == user("u1"));
}

STORE_TEST("blocks are listed in order") {
  TestType database;
  auto store = opened(database.url);
  auto writer = store->make_writer();
  auto reader = store->make_reader();
  in_transaction(*writer, [](change_transaction& t) {
    got(t.put_blocks(user("1"), std::vector{user("b"), user("A"), user("10"), user("9")}, true));
    got(t.put_blocks(user("2"), std::vector{user("1")}, true));
    got(t.put_blocks(user("1"), std::vector{user("9"), user("nobody")}, false));
  });

  CHECK(names(got(reader->blocks(user("1")))) == texts{"10", "A", "b"});
}

// -- the store's name ---------------------------------------------------------------------------------------

STORE_TEST("a store keeps its epoch, and another has another") {
  TestType database, other;
  std::string first;
  {
    auto store = opened(database.url);
    auto writer = store->make_writer();
    REQUIRE(writer->check().has_value());
    first = writer->epoch();
    append(*writer, {chat("1", "2", "a")});
    CHECK(writer->epoch() == first);
  }
  for (int i = 0; i < 2; ++i) {
    auto store = opened(database.url);
    auto writer = store->make_writer();
    REQUIRE(writer->check().has_value());
    CHECK(writer->epoch() == first);
  }
  auto store = opened(other.url);
  auto writer = store->make_writer();
  REQUIRE(writer->check().has_value());

  CHECK(first.size() == 16);
  CHECK(first.find_first_not_of("0123456789abcdef") == std::string::npos);
  CHECK(writer->epoch() != first);
}

STORE_TEST("the conversations of several users in which something was said since then") {
  TestType database;
  auto store = opened(database.url);
  auto writer = store->make_writer();
  auto reader = store->make_reader();
  const auto g = make_group(*writer, "g", {"1", "2", "3"});
  const auto old = append(*writer, {chat("1", "2", "a"), chat("4", "5", "b")}, at(1000));
  const auto since = at(2000);
  const std::vector users{user("1"), user("2"), user("9")};
  const auto active = [&] {
    std::map<std::int64_t, std::int64_t> found;
    for (const auto& c : got(reader->active(users, since))) found[c.conversation_id] = c.last_seq;
    return found;
  };
  CHECK(active().empty());
  append(*writer, {chat("2", "1", "c"), chat("5", "4", "d"), to_group("3", "g", "e")}, at(2000));
  CHECK(active() == std::map<std::int64_t, std::int64_t>{{old[0].conversation_id, 2}, {g, 1}});
  CHECK(got(reader->active({}, since)).empty());
}
