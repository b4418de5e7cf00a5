/// The promises of persistence/store.hpp about sends, to groups, under blocks and repeated, over both stores.
#include "core/wire/v1/encode.hpp"
#include "persistence/changes.hpp"
#include "persistence/views.hpp"
#include "tests/persistence/contract_fixtures.hpp"

#include <algorithm>

using namespace hongyan;
using namespace hongyan::testing;

using status = append_status;

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
