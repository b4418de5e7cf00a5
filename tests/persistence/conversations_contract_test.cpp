/// The promises of persistence/store.hpp about logs, memberships, read positions and the epoch, over both
/// stores.
#include "tests/persistence/contract_fixtures.hpp"

#include <limits>
#include <map>

using namespace hongyan;
using namespace hongyan::testing;

// -- conversations and their logs ---------------------------------------------------------------------------

STORE_TEST("the list has pinned conversations first, then the newest, and a page of it begins anywhere") {
  TestType database;
  auto store = opened(database.url);
  auto writer = store->make_writer();
  auto reader = store->make_reader();
  const auto g = make_group(*writer, "g", {"1", "2"});
  std::vector<std::int64_t> of;
  for (const auto* peer : {"2", "3", "4", "5"})
    of.push_back(append(*writer, {chat("1", peer, "a")}, at(100))[0].conversation_id);
  append(*writer, {chat("3", "1", "newest")}, at(900));
  append(*writer, {to_group("2", "g", "c")}, at(300));
  mark(*writer, "3", user("1"), 1);
  in_transaction(*writer, [&](change_transaction& t) {
    auto pinned = *got(t.member(of[3], user("1")));
    pinned.pinned = true;
    auto cleared = *got(t.member(of[0], user("1")));
    cleared.first_seq = 2;
    got(t.put_members(of[3], std::vector{pinned}));
    got(t.put_members(of[0], std::vector{cleared}));
  });

  constexpr list_key begin{std::numeric_limits<std::int64_t>::min(), 0, 0};
  const auto ids_of = [](const std::vector<membership>& all) {
    std::vector<std::int64_t> ids;
    for (const auto& m : all) ids.push_back(m.conversation_id);
    return ids;
  };
  const auto all = got(reader->listed(user("1"), begin, 100));
  CHECK(ids_of(all) == std::vector{of[3], of[1], g, of[2]});
  CHECK(all[1].peer_read_seq == 1);
  CHECK(all[2].peer_read_seq == std::nullopt);
  for (std::size_t i = 0; i < all.size(); ++i) {
    const auto page = got(reader->listed(user("1"), i == 0 ? begin : list_key_of(all[i - 1]), 1));
    REQUIRE(page.size() == 1);
    CHECK(page[0].conversation_id == all[i].conversation_id);
  }
  CHECK(got(reader->listed(user("1"), list_key_of(all.back()), 5)).empty());
  CHECK(got(reader->listed(user("9"), begin, 5)).empty());
}

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
  CHECK(of[direct].peer_read_seq == std::nullopt); // see memberships()
  const std::vector ids{direct, g};
  std::map<std::int64_t, membership> some;
  for (auto& m : got(reader->some_memberships(user("1"), ids))) some[m.conversation_id] = m;
  REQUIRE(some.size() == 2);
  CHECK(some[direct].peer_read_seq == 2);
  CHECK(some[g].peer_read_seq == std::nullopt);
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
  // What came after the last that is told of is told and counted by itself.
  CHECK(got(reader->unread(user("2"), std::vector<unread_question>{{id, 0, 1}, {id, 1000, 1100}})) ==
        std::vector<std::size_t>{1, 100});
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
