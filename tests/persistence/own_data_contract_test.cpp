/// All that is one user's, to copy it and to end it, and what operators have done; over both stores.
#include "tests/persistence/contract_fixtures.hpp"

using namespace hongyan;
using namespace hongyan::testing;

namespace {

using part = own_data_place::part;

/// All portions, one behind the other.
own_data all_of(message_writer& writer, std::string_view who) {
  own_data all;
  for (own_data_place place; place.in != part::end;) {
    const auto done = change_it(writer, read_own_data{user(who), place});
    REQUIRE(done.portion.has_value());
    const auto& some = *done.portion;
    if (some.who) {
      all.who = some.who;
      all.person = some.person;
      all.grants = some.grants;
    }
    const auto add = [](auto& to, const auto& from) { to.insert(to.end(), from.begin(), from.end()); };
    add(all.conversations, some.conversations);
    add(all.messages, some.messages);
    add(all.files, some.files);
    place = some.next;
  }
  return all;
}

/// Step by step, until nobody is left to be erased; answers how many steps that were.
std::size_t erase_all(message_writer& writer, std::int64_t now = 100'000) {
  for (std::size_t steps = 0;; ++steps)
    if (!change_it(writer, go_on_erasing{.begun_by = at(now)}, {}, at(now)).erased) return steps;
}

std::string file_id(char digit) { return std::string(file_id_digits, digit); }

void put_file(message_writer& writer, char digit, std::string_view owner) {
  change_it(writer, begin_file{file_id(digit), std::chrono::hours(1)}, user(owner));
  in_transaction(writer, [&](change_transaction& t) {
    CHECK(got(t.finish_file({.id = file_id(digit), .owner = user(owner), .mime = "image/png", .size = 7})));
  });
}

new_message named(new_message m, std::string from, std::string to) {
  m.from_name = std::move(from);
  m.to_name = std::move(to);
  return m;
}

/// What "a" has in a store: with "b" and in two groups, by all ways of writing.
void fill(message_writer& writer) {
  make_group(writer, "g", {"a", "b", "c"});
  make_group(writer, "h", {"b", "a"});
  append(writer, {named(chat("a", "b", "雁 classic"), "Anna", "Ben"),
                  named(chat("b", "a", "雁 from b"), "Ben", "Anna"), chat("a", "b", "雁 v1", "k1"),
                  chat("a", "b", "雁 recalled", "k2"), to_group("a", "g", "雁 in g", "k3"),
                  to_group("b", "g", "雁 b in g", "k1"), to_group("a", "h", "雁 in h", "k4")});
  recall(writer, "a", user("b"), 4);
  change_it(writer, update_profile{.name = "Anna", .avatar = "pic"}, user("a"));
  change_it(writer, grant_notices{"T1", 2}, user("a"));
  change_it(writer, identify_user{"wechat:app:openid-of-b"}, {});
  in_transaction(writer, [&](change_transaction& t) {
    got(t.user_of_identity("wechat:app:openid", user("a"), at(10)));
  });
  block(writer, "a", "c");
  block(writer, "c", "a");
  put_file(writer, 'a', "a");
  put_file(writer, 'b', "b");
  change_it(writer, ban_user{{.user = user("a"), .reason = "loud", .since = at(1)}});
}

} // namespace

STORE_TEST("a copy of what is one user's has their own words, and nobody else's") {
  TestType database;
  auto store = opened(database.url);
  auto writer = store->make_writer();
  fill(*writer);
  const auto all = all_of(*writer, "a");
  CHECK(all.who->name == "Anna");
  CHECK(all.person.identities == texts{"wechat:app:openid"});
  CHECK(names(all.person.blocks) == texts{"c"});
  CHECK(all.person.banned->reason == "loud");
  REQUIRE(all.grants.size() == 1);
  CHECK(all.grants[0].grants == 2);
  CHECK(contents(all.messages) == texts{"雁 v1", "雁 in g", "雁 in h", "雁 classic"});
  REQUIRE(all.files.size() == 1);
  CHECK(all.files[0].id == file_id('a'));
  std::map<std::string, group_role> roles;
  for (const auto& one : all.conversations) roles[one.in.id.text()] = one.role;
  CHECK(roles == std::map<std::string, group_role>{
                     {"b", group_role::member}, {"g", group_role::owner}, {"h", group_role::member}});
  const auto nobody = all_of(*writer, "nobody");
  CHECK_FALSE(nobody.who->name.has_value());
  CHECK((nobody.conversations.empty() && nobody.messages.empty() && nobody.files.empty()));
}

STORE_TEST("a copy comes in portions, each message once") {
  TestType database;
  auto store = opened(database.url);
  auto writer = store->make_writer();
  std::vector<new_message> many;
  for (int i = 0; i < 150; ++i) {
    many.push_back(chat("a", "b", "keyed " + std::to_string(i), "k" + std::to_string(i)));
    many.push_back(chat("a", "c", "classic " + std::to_string(i)));
  }
  append(*writer, many);
  auto said = contents(all_of(*writer, "a").messages);
  CHECK(said.size() == 300);
  std::ranges::sort(said);
  CHECK(std::ranges::unique(said).empty());
}

STORE_TEST("who is erased is gone everywhere, and what others said stays") {
  TestType database;
  auto store = opened(database.url);
  auto writer = store->make_writer();
  auto reader = store->make_reader();
  fill(*writer);
  append(*writer, {of_kind(chat("b", "a", R"({"fileId":"x"})", "k9"), message_kind::image, "{}")});
  change_it(*writer, erase_user{user("a"), 777}, {}, at(50'000));
  CHECK(erase_all(*writer, 49'999) == 0); // not before it was asked for
  CHECK(erase_all(*writer) > 0);
  CHECK(erase_all(*writer) == 0);

  const auto all = all_of(*writer, "a");
  CHECK_FALSE(all.who->name.has_value());
  CHECK_FALSE(all.who->avatar.has_value());
  CHECK((all.person.identities.empty() && all.person.blocks.empty() && all.grants.empty()));
  CHECK(all.person.banned->is_over(at(100'000)));
  CHECK(all.person.banned->reason.empty());
  CHECK(all.messages.empty());
  for (const auto& one : all.conversations) CHECK_FALSE(one.in.is_group());
  CHECK(got(reader->revocations(0)).size() == 1);
  CHECK(got(reader->memberships(user("a"))).empty());
  // What was said to them is said still, without their name; of their own words only the place is left.
  CHECK(found(*reader, "b", "雁") == texts{"雁 b in g", "雁 from b"});
  const auto log = got(read_history(*reader, {.user = user("b"), .in = user("a"), .limit = 100})).messages;
  REQUIRE(log.size() == 5);
  for (const auto& m : log) {
    CHECK(m.recalled == (m.from == user("a")));
    CHECK((!m.recalled || m.content.empty()));
    CHECK_FALSE((m.from == user("a") ? m.from_name : m.to_name).has_value());
  }
  CHECK(log[1].from_name == "Ben");
  // A group goes on with somebody else.
  const auto g = got(reader->find_group(user("b"), user("g")));
  CHECK(g->owner == user("b"));
  CHECK(g->member_count == 2);
  // Files: their own go, another's stay.
  CHECK(change_it(*writer, take_due_files{}, {}, at(3'000'000)).files == texts{file_id('a')});
  CHECK(got(reader->has_blocked(user("c"), user("a")))); // what another wants of them
  // Whoever comes by the same login is somebody else.
  in_transaction(*writer, [&](change_transaction& t) {
    CHECK(got(t.user_of_identity("wechat:app:openid", user("new"), at(200))) == user("new"));
  });
}

STORE_TEST("an erasure goes on where it was, a little at a time") {
  TestType database;
  auto store = opened(database.url);
  auto writer = store->make_writer();
  std::vector<new_message> many;
  for (int i = 0; i < 40; ++i)
    many.push_back(chat("a", "b", "keyed " + std::to_string(i), "k" + std::to_string(i)));
  for (int i = 0; i < 40; ++i) many.push_back(chat("a", "b", "classic " + std::to_string(i)));
  append(*writer, many);
  change_it(*writer, erase_user{user("a"), 1}, {}, at(1));
  change_it(*writer, erase_user{user("b"), 1}, {}, at(2));
  std::size_t before = 80;
  for (int i = 0; i < 100; ++i) {
    const auto step = change_it(*writer, go_on_erasing{.begun_by = at(10)}, {}, at(10)).erased;
    REQUIRE(step.has_value());
    CHECK(step->user == user("a"));
    const auto left = all_of(*writer, "a").messages.size();
    CHECK(before - left <= 16);
    before = left;
    if (step->place.in == part::end) break;
    writer = store->make_writer(); // another goes on
  }
  CHECK(before == 0);
  CHECK(change_it(*writer, go_on_erasing{.begun_by = at(10)}, {}, at(10)).erased->user == user("b"));
}

STORE_TEST("the last member's group ends with them") {
  TestType database;
  auto store = opened(database.url);
  auto writer = store->make_writer();
  make_group(*writer, "g", {"a"});
  change_it(*writer, erase_user{user("a"), 1}, {}, at(1));
  erase_all(*writer);
  in_transaction(*writer, [&](change_transaction& t) { CHECK(got(t.lock_group(user("g")))->dismissed); });
}

STORE_TEST("what operators did is told newest first, page by page") {
  TestType database;
  auto store = opened(database.url);
  auto writer = store->make_writer();
  for (int i = 1; i <= 5; ++i)
    change_it(*writer, note_audit{{.who = "ops", .what = "POST /v1/bans " + std::to_string(i), .why = "雁"}},
              {}, at(i));
  const auto first = change_it(*writer, read_audit{.limit = 3}).audit;
  REQUIRE(first.size() == 3);
  CHECK(first[0].what == "POST /v1/bans 5");
  CHECK(first[0].at == at(5));
  CHECK(first[0].who == "ops");
  CHECK(first[0].why == "雁");
  const auto rest = change_it(*writer, read_audit{.below = first[2].id, .limit = 3}).audit;
  REQUIRE(rest.size() == 2);
  CHECK(rest[1].what == "POST /v1/bans 1");
}
