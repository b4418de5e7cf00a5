/// The rules of persistence/changes.hpp about groups, settings and recalls, over the store in memory.
#include "tests/persistence/change_fixture.hpp"

#include <set>

using namespace hongyan;
using namespace hongyan::testing;
using namespace std::chrono_literals;

CHANGE_TEST("a group is made with its owner and each member once, and says so in entry 1") {
  const auto made =
      as("o", create_group{user("g"), "Gä\"nse", users({"m", "o", "n", "m"}), group_history::all});

  CHECK(content(made) == R"({"action":"create","by":"o","userIds":["m","n","o"],"name":"Gä\"nse"})");
  const message& entry = made.entries[0].entry;
  CHECK(entry.seq == 1);
  CHECK(entry.from == user("o"));
  CHECK(entry.to == group("g"));
  CHECK(entry.created_at == now);
  CHECK(told(made) == users({"m", "n", "o"}));
  REQUIRE(made.group);
  CHECK(made.group->id == user("g"));
  CHECK(made.group->conversation_id == entry.conversation_id);
  CHECK(made.group->name == "Gä\"nse");
  CHECK(made.group->owner == user("o"));
  CHECK(made.group->member_count == 3);
  CHECK(made.group->history == group_history::all);
  CHECK(made.group->created_at == now);
  for (const auto& [id, row] : g().members) {
    CHECK(row.role == (id == user("o") ? group_role::owner : group_role::member));
    CHECK(row.joined_seq == 1);
    CHECK(row.first_seq == 1);
    CHECK(row.read_seq == 0);
  }
}

CHANGE_TEST("a group without an id is given one of its own") {
  std::set<std::string> ids;
  for (int i = 0; i < 20; ++i) ids.insert(as("o", create_group{{}, "Geese", {}}).group->id.text());

  CHECK(ids.size() == 20);
  for (const auto& id : ids) {
    CHECK(id.size() == 17);
    CHECK(id.find_first_not_of("g0123456789abcdef") == std::string::npos);
  }
}

CHANGE_TEST("a group id that is taken is a conflict, also after the group was dismissed") {
  make_group();

  CHECK(refused("x", create_group{user("g"), "Other", {}}) == errc::conflict);
  as("o", dismiss_group{user("g")});
  CHECK(refused("o", create_group{user("g"), "Other", {}}) == errc::conflict);
}

CHANGE_TEST("a group has at most 2,000 members") {
  std::vector<user_id> many;
  for (std::size_t i = 0; i < group_members_max; ++i) many.push_back(user("u" + std::to_string(i)));
  CHECK(refused("o", create_group{user("g"), "Geese", many}) == errc::too_large);

  many.pop_back();
  const auto made = as("o", create_group{user("g"), "Geese", many});

  CHECK(made.group->member_count == group_members_max);
  CHECK(refused("o", add_members{user("g"), users({"one-more"})}) == errc::too_large);
  CHECK(as("o", add_members{user("g"), users({"u1", "o"})}).entries.empty());
}

CHANGE_TEST("what a user must want cannot be asked for by nobody") {
  make_group();
  say("o", peer_or_group(user("m")));

  CHECK(refused(std::nullopt, create_group{user("h"), "Geese", users({"m"})}) == errc::malformed);
  CHECK(refused(std::nullopt, leave_group{user("g")}) == errc::malformed);
  CHECK(refused(std::nullopt, recall_message{user("m"), 1}) == errc::malformed);
  CHECK(refused(std::nullopt, set_conversation{group("g"), true, {}}) == errc::malformed);
  CHECK(refused(std::nullopt, clear_conversation{group("g")}) == errc::malformed);
  CHECK(refused(std::nullopt, update_profile{"x", {}}) == errc::malformed);
  CHECK(refused(std::nullopt, block_users{users({"m"})}) == errc::malformed);
}

CHANGE_TEST("who is in no group, or has left it, is told that there is none") {
  make_group();
  as("n", leave_group{user("g")});
  const std::string by = GENERATE("n", "stranger");
  const std::string id = GENERATE("g", "nowhere");
  const user_id in = user(id);

  CHECK(refused(by, update_group{in, "x"}) == errc::not_found);
  CHECK(refused(by, add_members{in, users({"x"})}) == errc::not_found);
  CHECK(refused(by, remove_members{in, users({"m"})}) == errc::not_found);
  CHECK(refused(by, remove_members{in, {user(by)}}) == errc::not_found);
  CHECK(refused(by, set_role{in, user("m"), group_role::admin}) == errc::not_found);
  CHECK(refused(by, leave_group{in}) == errc::not_found);
  CHECK(refused(by, dismiss_group{in}) == errc::not_found);
  CHECK(refused(by, recall_message{group(id), 1}) == errc::not_found);
  CHECK(refused(by, set_conversation{group(id), true, {}}) == errc::not_found);
  CHECK(refused(by, clear_conversation{group(id)}) == errc::not_found);
}

CHANGE_TEST("a member without the right is refused") {
  make_group();
  const user_id in = user("g");

  CHECK(refused("m", update_group{in, "x"}) == errc::forbidden);
  CHECK(refused("m", add_members{in, users({"x"})}) == errc::forbidden);
  CHECK(refused("m", remove_members{in, users({"n"})}) == errc::forbidden);
  CHECK(refused("m", remove_members{in, users({"m", "n"})}) == errc::forbidden);
  CHECK(refused("m", remove_members{in, users({"stranger"})}) == errc::forbidden);
  for (const std::string by : {"m", "a"}) {
    CHECK(refused(by, set_role{in, user("n"), group_role::admin}) == errc::forbidden);
    CHECK(refused(by, set_role{in, user("stranger"), group_role::admin}) == errc::forbidden);
    CHECK(refused(by, dismiss_group{in}) == errc::forbidden);
  }
}

CHANGE_TEST("an update tells what changed, and nothing when nothing did") {
  make_group();

  const auto named = as("a", update_group{user("g"), "Swans"});
  CHECK(content(named) == R"({"action":"update","by":"a","userIds":[],"name":"Swans"})");
  CHECK(told(named) == users({"a", "b", "m", "n", "o"}));
  CHECK(named.group->name == "Swans");
  const auto more = as("o", update_group{user("g"), "Swans", true, group_history::all});
  CHECK(content(more) ==
        R"({"action":"update","by":"o","userIds":[],"name":"Swans","muted":true,"history":"all"})");
  CHECK(more.group->muted);
  CHECK(more.group->history == group_history::all);
  CHECK(more.group->member_count == 5);

  const auto same = as("o", update_group{user("g"), "Swans", true, group_history::all});
  CHECK(same.entries.empty());
  CHECK(same.group->name == "Swans");
}

CHANGE_TEST("who is added joins with the entry that says so, and reads from there on") {
  make_group();
  say("o", group("g"));

  const auto added = as("a", add_members{user("g"), users({"y", "m", "x", "y"})});

  CHECK(content(added) == R"({"action":"add","by":"a","userIds":["x","y"],"name":"Geese"})");
  CHECK(added.entries[0].entry.seq == 5);
  CHECK(told(added) == users({"a", "b", "m", "n", "o", "x", "y"}));
  CHECK(added.group->member_count == 7);
  CHECK(g().members.at(user("x")).joined_seq == 5);
  CHECK(g().members.at(user("x")).first_seq == 5);
  CHECK(g().members.at(user("m")).joined_seq == 1);
  CHECK(as("a", add_members{user("g"), users({"x", "m"})}).entries.empty());
}

CHANGE_TEST("who is added to a group with open history reads all of it") {
  make_group(group_history::all);

  as("o", add_members{user("g"), users({"x"})});

  CHECK(g().members.at(user("x")).joined_seq == 4);
  CHECK(g().members.at(user("x")).first_seq == 1);
}

CHANGE_TEST("who is removed is told by the last entry, and reads no more") {
  make_group();

  const auto removed = as("a", remove_members{user("g"), users({"n", "stranger", "m", "n"})});

  CHECK(content(removed) == R"({"action":"remove","by":"a","userIds":["m","n"],"name":"Geese"})");
  CHECK(told(removed) == users({"a", "b", "m", "n", "o"}));
  CHECK(removed.group->member_count == 3);
  CHECK_FALSE(is_member("m"));
  CHECK_FALSE(is_member("n"));
  CHECK(is_member("a"));
  const auto nobody = as("a", remove_members{user("g"), users({"n", "stranger"})});
  CHECK(nobody.entries.empty());
  CHECK(nobody.group->member_count == 3);
}

CHANGE_TEST("admins are removed by the owner only, the owner by nobody") {
  make_group();

  CHECK(refused("a", remove_members{user("g"), users({"b"})}) == errc::forbidden);
  CHECK(refused("a", remove_members{user("g"), users({"m", "o"})}) == errc::forbidden);
  CHECK(refused("o", remove_members{user("g"), users({"o"})}) == errc::forbidden);
  CHECK(refused(std::nullopt, remove_members{user("g"), users({"o", "m"})}) == errc::forbidden);
  CHECK(is_member("m"));
  as("o", remove_members{user("g"), users({"b"})});
  as_back_end(remove_members{user("g"), users({"a"})});
  CHECK(g().members.size() == 3);
}

CHANGE_TEST("to remove oneself is to leave") {
  make_group();

  CHECK(content(as("m", remove_members{user("g"), users({"m"})})) ==
        R"({"action":"leave","by":"m","userIds":["m"],"name":"Geese"})");
  CHECK(content(as("a", remove_members{user("g"), users({"a", "n"})})) ==
        R"({"action":"remove","by":"a","userIds":["a","n"],"name":"Geese"})");
  CHECK(g().members.size() == 2);
}

CHANGE_TEST("the owner gives and takes roles") {
  make_group();

  const auto up = as("o", set_role{user("g"), user("m"), group_role::admin});
  CHECK(content(up) == R"({"action":"role","by":"o","userIds":["m"],"name":"Geese","role":"admin"})");
  CHECK(told(up) == users({"a", "b", "m", "n", "o"}));
  CHECK(role("m") == group_role::admin);
  as("o", set_role{user("g"), user("m"), group_role::member});
  CHECK(role("m") == group_role::member);
  CHECK(as("o", set_role{user("g"), user("m"), group_role::member}).entries.empty());
  CHECK(as("o", set_role{user("g"), user("o"), group_role::owner}).entries.empty());
  CHECK(refused("o", set_role{user("g"), user("x"), group_role::admin}) == errc::not_found);
  CHECK(refused("o", set_role{user("g"), user("o"), group_role::member}) == errc::forbidden);
}

CHANGE_TEST("an owner who hands over becomes an admin") {
  make_group();
  CHECK(refused("o", leave_group{user("g")}) == errc::forbidden);

  const auto handed = as("o", set_role{user("g"), user("m"), group_role::owner});

  CHECK(content(handed) == R"({"action":"role","by":"o","userIds":["m"],"name":"Geese","role":"owner"})");
  CHECK(handed.group->owner == user("m"));
  CHECK(role("m") == group_role::owner);
  CHECK(role("o") == group_role::admin);
  as("o", leave_group{user("g")});
  CHECK(handed.group->member_count == 5);
  CHECK_FALSE(is_member("o"));
}

CHANGE_TEST("a role keeps what the member has read and set") {
  make_group();
  REQUIRE(writer->mark_read(std::vector<read_mark>{{user("m"), group("g"), 3}}).has_value());
  as("m", set_conversation{group("g"), true, true});

  as("o", set_role{user("g"), user("m"), group_role::owner});

  const member_row& row = g().members.at(user("m"));
  CHECK(row.read_seq == 3);
  CHECK(row.pinned);
  CHECK(row.muted);
}

CHANGE_TEST("the back end may what the owner may, and its entries come from the owner") {
  make_group();

  const auto added = as_back_end(add_members{user("g"), users({"x"})});
  CHECK(content(added) == R"({"action":"add","by":"o","userIds":["x"],"name":"Geese"})");
  CHECK(added.entries[0].entry.from == user("o"));
  const auto handed = as_back_end(set_role{user("g"), user("a"), group_role::owner});
  CHECK(handed.entries[0].entry.from == user("o"));
  CHECK(handed.group->owner == user("a"));
  CHECK(as_back_end(dismiss_group{user("g")}).entries[0].entry.from == user("a"));
  CHECK(refused(std::nullopt, dismiss_group{user("g")}) == errc::not_found);
  CHECK(refused(std::nullopt, update_group{user("h"), "x"}) == errc::not_found);
}

CHANGE_TEST("who leaves is told so, last of all") {
  make_group();

  const auto left = as("m", leave_group{user("g")});

  CHECK(content(left) == R"({"action":"leave","by":"m","userIds":["m"],"name":"Geese"})");
  CHECK(told(left) == users({"a", "b", "m", "n", "o"}));
  CHECK_FALSE(is_member("m"));
  CHECK(refused("m", leave_group{user("g")}) == errc::not_found);
}

CHANGE_TEST("a dismissed group is gone for everyone") {
  make_group();

  const auto dismissed = as("o", dismiss_group{user("g")});

  CHECK(content(dismissed) == R"({"action":"dismiss","by":"o","userIds":[],"name":"Geese"})");
  CHECK(told(dismissed) == users({"a", "b", "m", "n", "o"}));
  CHECK_FALSE(dismissed.group);
  CHECK(g().members.empty());
  CHECK(g().dismissed);
  for (const std::string by : {"o", "a", "m"}) {
    CHECK(refused(by, add_members{user("g"), users({"x"})}) == errc::not_found);
    CHECK(refused(by, set_conversation{group("g"), true, {}}) == errc::not_found);
  }
}

CHANGE_TEST("a recalled message is emptied, and the log says which") {
  say("1", peer_or_group(user("2")), "first");
  say("1", peer_or_group(user("2")), "oops");

  const auto recalled = as("1", recall_message{user("2"), 2});

  REQUIRE(recalled.entries.size() == 1);
  const message& entry = recalled.entries[0].entry;
  CHECK(entry.kind == message_kind::recall);
  CHECK(entry.content == R"({"seq":2})");
  CHECK(entry.from == user("1"));
  CHECK(entry.to == peer_or_group(user("2")));
  CHECK(entry.seq == 3);
  CHECK(entry.created_at == now);
  CHECK_FALSE(recalled.entries[0].audience);
  const auto& log = conversation(user("2"), "1").log;
  CHECK(log[0].content == "first");
  CHECK(log[1].recalled);
  CHECK(log[1].content.empty());
  CHECK(as("1", recall_message{user("2"), 2}).entries.empty());
  now += 1h;
  CHECK(as("1", recall_message{user("2"), 2}).entries.empty());
}

CHANGE_TEST("a recall in a group goes to its members") {
  make_group();
  const auto seq = say("m", group("g"));

  const auto recalled = as("m", recall_message{group("g"), seq});

  CHECK(recalled.entries.at(0).entry.to == group("g"));
  CHECK(told(recalled) == users({"a", "b", "m", "n", "o"}));
}

CHANGE_TEST("only one's own messages are recalled, and only for a while") {
  make_group();
  say("1", peer_or_group(user("2")));
  const auto seq = say("m", group("g"));

  CHECK(refused("2", recall_message{user("1"), 1}) == errc::forbidden);
  CHECK(refused("n", recall_message{group("g"), seq}) == errc::forbidden);
  CHECK(refused("o", recall_message{group("g"), 1}) == errc::forbidden); // the log's own, and the owner's
  now += 120s;
  CHECK(as("m", recall_message{group("g"), seq}).entries.size() == 1);
  now += 1ms;
  CHECK(refused("1", recall_message{user("2"), 1}) == errc::forbidden);
  CHECK(as("1", recall_message{user("2"), 1, 121s}).entries.size() == 1);
  CHECK(refused("1", recall_message{user("2"), 2, 1h}) == errc::forbidden); // the recall itself
}

CHANGE_TEST("a message that is not there, or not one's to read, is not found") {
  make_group();
  const auto seq = say("m", group("g"));
  const auto cleared = as("m", clear_conversation{group("g")});
  REQUIRE(cleared.own);
  const auto last = g().last_seq();
  CHECK(std::get<own_settings>(*cleared.own).cleared_seq == last);
  say("1", peer_or_group(user("2")));

  CHECK(refused("m", recall_message{group("g"), seq}) == errc::not_found);
  CHECK(refused("m", recall_message{group("g"), seq + 1}) == errc::not_found);
  CHECK(refused("1", recall_message{user("2"), 0}) == errc::not_found);
  CHECK(refused("1", recall_message{user("2"), 2}) == errc::not_found);
  CHECK(refused("1", recall_message{user("3"), 1}) == errc::not_found);
}

CHANGE_TEST("pinned and muted are one user's own, and each is set alone") {
  say("1", peer_or_group(user("2")));

  as("1", set_conversation{user("2"), true, {}});
  as("1", set_conversation{user("2"), {}, true});

  const auto row = [&](std::string_view of) { return conversation(user("2"), "1").members.at(user(of)); };
  CHECK(row("1").pinned);
  CHECK(row("1").muted);
  CHECK_FALSE(row("2").pinned);
  as("1", set_conversation{user("2"), false, {}});
  CHECK_FALSE(row("1").pinned);
  CHECK(row("1").muted);
  CHECK(refused("1", set_conversation{user("3"), true, {}}) == errc::not_found);
}

CHANGE_TEST("to clear hides all up to now from oneself") {
  say("1", peer_or_group(user("2")));
  say("2", peer_or_group(user("1")));

  as("1", clear_conversation{user("2")});

  CHECK_FALSE((*reader->find_membership(user("1"), user("2")))->is_shown());
  CHECK((*reader->find_membership(user("2"), user("1")))->is_shown());
  say("2", peer_or_group(user("1")));
  CHECK((*reader->find_membership(user("1"), user("2")))->first_seq == 3);
  CHECK((*reader->find_membership(user("1"), user("2")))->is_shown());
  CHECK(refused("1", clear_conversation{user("3")}) == errc::not_found);
}

CHANGE_TEST("a profile keeps what is not given") {
  as("1", update_profile{"Li Si", {}});
  as("1", update_profile{{}, "https://example.org/1.png"});

  const auto known = *reader->profiles(users({"1", "2"}));

  CHECK(known[0].name == "Li Si");
  CHECK(known[0].avatar == "https://example.org/1.png");
  CHECK_FALSE(known[1].name);
}

CHANGE_TEST("who is blocked cannot send, until it is undone") {
  as("1", block_users{users({"3", "2", "3"})});

  CHECK(*reader->blocks(user("1")) == users({"2", "3"}));
  CHECK(append(*writer, {chat("2", "1", "a")})[0].status == append_status::blocked);
  CHECK(append(*writer, {chat("1", "2", "b")})[0].status == append_status::stored);
  as("1", block_users{users({"2", "4"}), false});
  CHECK(*reader->blocks(user("1")) == users({"3"}));
  CHECK(append(*writer, {chat("2", "1", "a")})[0].status == append_status::stored);
  CHECK_FALSE(store.state().direct.contains({user("1"), user("4")})); // nothing to make for nothing
}

CHANGE_TEST("a block makes no conversation") {
  as("1", block_users{users({"2", "3"})});
  CHECK(store.state().conversations.empty());
}

CHANGE_TEST("a user blocks so many, and no more: then nothing of it is stored") {
  limits.blocks = 3;
  as("1", block_users{users({"2", "3"})});
  CHECK(refused("1", block_users{users({"4", "5"})}) == errc::too_large);
  CHECK(*reader->blocks(user("1")) == users({"2", "3"}));
  as("1", block_users{users({"2", "3", "4"})}); // two of them again
  CHECK(refused("1", block_users{users({"5"})}) == errc::too_large);
  as("1", block_users{users({"2"}), false});
  as("1", block_users{users({"5"})});
  as("2", block_users{users({"5"})});
}

CHANGE_TEST("who has blocked a user is put into no group by them, without a word") {
  as("m", block_users{users({"o"})});
  as("n", block_users{users({"a"})});
  const auto made = as("o", create_group{user("g"), "Geese", users({"a", "m", "n"})});
  CHECK(content(made) == R"({"action":"create","by":"o","userIds":["a","n","o"],"name":"Geese"})");
  CHECK(made.group->member_count == 3);
  CHECK_FALSE(is_member("m"));

  const auto none = as("o", add_members{user("g"), users({"m"})});
  CHECK(none.entries.empty());
  CHECK(none.group->member_count == 3);
  as("o", set_role{user("g"), user("a"), group_role::admin});
  as("n", leave_group{user("g")});
  as("a", add_members{user("g"), users({"n", "x"})}); // who left is not fetched back
  CHECK_FALSE(is_member("n"));
  CHECK(is_member("x"));
  as("a", add_members{user("g"), users({"m"})}); // whom they have not blocked
  CHECK(is_member("m"));
  as("o", add_members{user("g"), users({"n"})});
  CHECK(is_member("n"));
  as("a", remove_members{user("g"), users({"n"})});
  as_back_end(add_members{user("g"), users({"n"})}); // its acts are nobody's
  CHECK(is_member("n"));
  const auto for_o = apply(*writer, {user("o"), create_group{user("h"), "H", users({"m"})}, true}, now);
  REQUIRE(for_o.has_value());
  CHECK(for_o->group->member_count == 2);
}

CHANGE_TEST("a group is not handed over to one who has blocked its owner") {
  make_group();
  as("m", block_users{users({"o"})});
  CHECK(refused("o", set_role{user("g"), user("m"), group_role::owner}) == errc::forbidden);
  CHECK(role("o") == group_role::owner);
  as("o", set_role{user("g"), user("m"), group_role::admin}); // which they can leave
  as_back_end(set_role{user("g"), user("m"), group_role::owner});
  CHECK(role("m") == group_role::owner);
}

CHANGE_TEST("a user owns so many groups, and no more, made or taken over") {
  limits.groups_owned = 2;
  make_group();
  as("o", create_group{user("h"), "H", users({"m"})});
  CHECK(refused("o", create_group{user("i"), "I", {}}) == errc::too_large);
  as("m", create_group{user("j"), "J", users({"o"})});
  CHECK(refused("m", set_role{user("j"), user("o"), group_role::owner}) == errc::too_large);
  as_back_end(set_role{user("j"), user("o"), group_role::owner});
  REQUIRE(apply(*writer, {user("o"), create_group{user("k"), "K", {}}, true}, now, limits).has_value());
  for (const auto* id : {"h", "j", "k"}) as("o", dismiss_group{user(id)});
  as("o", create_group{user("i"), "I", {}});
}

CHANGE_TEST("members are added with a role by the owner, in one step or not at all") {
  make_group();
  const auto added = as("o", add_members{user("g"), users({"x"}), group_role::admin});
  CHECK(added.entries.size() == 2);
  CHECK(role("x") == group_role::admin);
  CHECK(added.group->member_count == 6);
  CHECK(refused("a", add_members{user("g"), users({"y"}), group_role::admin}) == errc::forbidden);
  CHECK_FALSE(is_member("y"));
  as("o", add_members{user("g"), users({"x"}), group_role::member});
  CHECK(role("x") == group_role::member);
  as("z", block_users{users({"o"})});
  CHECK(as("o", add_members{user("g"), users({"z"}), group_role::admin}).entries.empty());
  CHECK_FALSE(is_member("z"));
  const auto owner = as("o", add_members{user("g"), users({"w"}), group_role::owner});
  CHECK(owner.group->owner == user("w"));
  CHECK(role("o") == group_role::admin);
}

CHANGE_TEST("who removes themselves has left, and is given no group") {
  make_group();
  CHECK_FALSE(as("m", remove_members{user("g"), users({"m"})}).group);
  CHECK(as("o", remove_members{user("g"), users({"n"})}).group);
}

CHANGE_TEST("nobody blocks themselves") {
  CHECK(refused("1", block_users{users({"2", "1"})}) == errc::malformed);
  CHECK(reader->blocks(user("1"))->empty());
}

TEST_CASE("what a user reads on another node while a setting changes stays read",
          "[persistence][changes][postgresql]") {
  postgres_database database;
  auto store = opened(database.url);
  auto writer = store->make_writer(), other = store->make_writer();
  append(*writer, {chat("1", "2", "a"), chat("1", "2", "b")});
  const std::vector<read_mark> marks{{user("2"), user("1"), 2}};

  const auto done = writer->transact([&](change_transaction& tx) -> result<void> {
    const auto row = tx.lock_direct(user("2"), user("1"), false);
    REQUIRE((row && *row));
    const auto mine = tx.member((*row)->id, user("2"));
    REQUIRE((mine && *mine));
    const auto moved = other->mark_read(marks);
    REQUIRE(moved.has_value());
    CHECK(moved->at(0).moved);
    member_row pinned = **mine;
    pinned.pinned = true;
    return tx.put_members((*row)->id, std::span(&pinned, 1));
  });

  REQUIRE(done.has_value());
  const auto found = store->make_reader()->find_membership(user("2"), user("1"));
  REQUIRE((found && *found));
  CHECK((*found)->pinned);
  CHECK((*found)->read_seq == 2);
}
