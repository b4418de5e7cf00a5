/// The promises of persistence/store.hpp about transactions of changes, over both stores.
#include "persistence/changes.hpp"
#include "tests/persistence/contract_fixtures.hpp"

using namespace hongyan;
using namespace hongyan::testing;

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

STORE_TEST("a ban is one a user, the last, and read from when it was changed on") {
  TestType database;
  auto store = opened(database.url);
  auto writer = store->make_writer();
  auto reader = store->make_reader();
  in_transaction(*writer, [](change_transaction& t) {
    got(t.put_ban({.user = user("1"), .reason = "spam", .since = at(1000), .until = at(1060)}, at(1001)));
    got(t.put_ban({.user = user("2"), .reason = "a \"word\"", .since = at(1000)}, at(1002)));
    got(t.put_ban({.user = user("1"), .since = at(1005), .until = at(1005)}, at(1005)));
  });
  auto all = got(reader->bans(at(0)));
  REQUIRE(all.size() == 2);
  std::ranges::sort(all, {}, &ban::user);
  CHECK(all[0].reason.empty());
  CHECK(all[0].until == at(1005));
  CHECK(all[1].reason == "a \"word\"");
  CHECK(all[1].since == at(1000));
  CHECK_FALSE(all[1].until);
  CHECK(got(reader->bans(at(1003))).size() == 1);
  CHECK(got(reader->bans(at(1006))).empty());
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
