/// Subscribe messages (core/chat/notice.hpp), over both stores.
#include "persistence/changes.hpp"
#include "tests/persistence/contract_fixtures.hpp"

using namespace hongyan;
using namespace hongyan::testing;
using namespace std::chrono_literals;

namespace {

const std::string identities = "wechat:wx1:";
const auto templates = std::make_shared<const std::vector<notice_template>>(
    std::vector{notice_template{.id = "T1", .delay = 10s}, notice_template{.id = "T2", .delay = 30s}});

/// A user of a login by WeChat.
void make_user(message_writer& writer, const std::string& who) {
  in_transaction(writer, [&](change_transaction& t) {
    got(t.user_of_identity(identities + "o" + who, user(who), at(10)));
  });
}
void grant(message_writer& writer, const std::string& who, std::int32_t count,
           const std::string& template_id = "T1") {
  make_user(writer, who);
  in_transaction(writer, [&](change_transaction& t) {
    got(t.put_grant(user(who), {.template_id = template_id, .grants = count, .told_at = at(10)}));
  });
}
std::int32_t left(message_writer& writer, const std::string& who, const std::string& template_id = "T1") {
  std::int32_t found = 0;
  in_transaction(writer, [&](change_transaction& t) {
    for (const auto& one : got(t.grants(user(who), true)))
      if (one.template_id == template_id) found = one.grants;
  });
  return found;
}

new_message noted(new_message m) {
  m.notice_after = 10s;
  return m;
}

std::vector<due_notice> due(message_writer& writer, wall_time now) {
  return change_it(writer, take_notices{templates, identities, 10}, {}, now).notices;
}
void settle(message_writer& writer, const due_notice& what, settle_notice::end end, wall_time now) {
  change_it(writer, settle_notice{what.user, what.conversation_id, what.last_seq, what.template_id, end}, {},
            now);
}

} // namespace

STORE_TEST("who has granted something is told of what is left unread, once") {
  TestType database;
  auto store = opened(database.url);
  auto writer = store->make_writer();
  grant(*writer, "b", 2);
  append(*writer,
         {noted(chat("a", "b", "one")), noted(chat("a", "c", "to who granted nothing")),
          noted(chat("a", "b", "two")), chat("a", "b", "not noted")},
         at(1000));
  CHECK(due(*writer, at(1000) + 9s).empty());
  auto found = due(*writer, at(1000) + 10s);
  REQUIRE(found.size() == 1);
  CHECK(found[0].user == user("b"));
  CHECK(found[0].openid == "ob");
  CHECK(found[0].template_id == "T1");
  CHECK(found[0].what.content == "two");
  CHECK(found[0].last_seq == 2);
  CHECK(due(*writer, at(1000) + 11s).empty());     // somebody has it
  CHECK(due(*writer, at(1000) + 26s).size() == 1); // who has ended
  settle(*writer, found[0], settle_notice::end::sent, at(1000) + 27s);
  CHECK(left(*writer, "b") == 1);
  append(*writer, {noted(chat("a", "b", "three"))}, at(50'000));
  CHECK(due(*writer, at(500'000)).empty());
  append(*writer, {noted(chat("d", "b", "of another"))}, at(60'000));
  CHECK(due(*writer, at(600'000)).size() == 1);
  change_it(*writer, tell_presence{.user = user("b"), .online = true, .node = "n", .is_back = true}, {},
            at(610'000));
  append(*writer, {noted(chat("a", "b", "after they were back"))}, at(620'000));
  found = due(*writer, at(700'000));
  REQUIRE(found.size() == 1);
  CHECK(found[0].what.content == "after they were back");
}

STORE_TEST("it is judged again when it is due") {
  TestType database;
  auto store = opened(database.url);
  auto writer = store->make_writer();
  for (const char* who : {"read", "muted", "blocker", "here", "some"}) grant(*writer, who, 5);
  for (const char* who : {"read", "muted", "blocker", "here", "some"})
    append(*writer, {noted(chat("a", who, "first")), noted(chat("a", who, "second"))}, at(1000));
  mark(*writer, "read", peer_or_group(user("a")), 2);
  change_it(*writer, set_conversation{.in = user("a"), .muted = true}, user("muted"), at(2000));
  block(*writer, "blocker", "a");
  recall(*writer, "a", peer_or_group(user("some")), 2);
  auto found = due(*writer, at(1000) + 1min);
  REQUIRE(found.size() == 2);
  std::ranges::sort(found, {}, &due_notice::user);
  CHECK(found[0].user == user("here"));
  CHECK(found[0].what.content == "second");
  CHECK(found[1].user == user("some"));
  CHECK(found[1].what.content == "first"); // the newest is taken back
  settle(*writer, found[0], settle_notice::end::not_wanted, at(1000) + 1min);
  CHECK(left(*writer, "here") == 5);
  append(*writer, {noted(chat("a", "here", "third"))}, at(200'000));
  CHECK(due(*writer, at(300'000)).size() == 2); // that, and the one that nobody has settled
}

STORE_TEST("of those that are due a few are looked at, and it is said that there are more") {
  TestType database;
  auto store = opened(database.url);
  auto writer = store->make_writer();
  for (const char* who : {"b", "c"}) {
    grant(*writer, who, 1);
    append(*writer, {noted(chat("a", who, "read"))}, at(1000));
    mark(*writer, who, peer_or_group(user("a")), 1);
  }
  const auto look = [&] {
    return change_it(*writer, take_notices{templates, identities, 1}, {}, at(20'000));
  };
  for (int i = 0; i < 2; ++i) {
    const auto one = look();
    CHECK(one.notices.empty()); // nobody need hear of it
    CHECK(one.is_more);
  }
  CHECK_FALSE(look().is_more);
}

STORE_TEST("what comes while it is looked at is not lost") {
  TestType database;
  auto store = opened(database.url);
  auto writer = store->make_writer();
  grant(*writer, "b", 2);
  append(*writer, {noted(chat("a", "b", "one"))}, at(1000));
  const auto found = due(*writer, at(20'000));
  REQUIRE(found.size() == 1);
  append(*writer, {noted(chat("a", "b", "two"))}, at(20'001));
  settle(*writer, found[0], settle_notice::end::not_wanted, at(20'002));
  const auto again = due(*writer, at(60'000));
  REQUIRE(again.size() == 1);
  CHECK(again[0].what.content == "two");
}

STORE_TEST("in a group those are told whom a message calls") {
  TestType database;
  auto store = opened(database.url);
  auto writer = store->make_writer();
  make_group(*writer, "g", {"a", "b", "c"});
  for (const char* who : {"a", "b", "c", "stranger"}) grant(*writer, who, 5);
  const auto calling = [&](std::string content, mentions whom) {
    auto m = noted(to_group("a", "g", std::move(content)));
    m.called = std::make_shared<const mentions>(std::move(whom));
    return m;
  };
  append(*writer,
         {noted(to_group("a", "g", "to nobody")),
          calling("to b", {.all = false, .users = {user("b"), user("stranger")}})},
         at(1000));
  auto found = due(*writer, at(20'000));
  REQUIRE(found.size() == 1);
  CHECK(found[0].user == user("b"));
  CHECK(found[0].what.content == "to b");
  CHECK(found[0].group_name == "name of g");
  settle(*writer, found[0], settle_notice::end::not_wanted, at(20'000));
  append(*writer, {calling("to all", {.all = true, .users = {}})}, at(30'000));
  found = due(*writer, at(50'000));
  std::ranges::sort(found, {}, &due_notice::user);
  REQUIRE(found.size() == 2);
  CHECK(found[0].user == user("b"));
  CHECK(found[1].user == user("c"));
}

STORE_TEST("another template is taken when one is used up, and waits as long as it says") {
  TestType database;
  auto store = opened(database.url);
  auto writer = store->make_writer();
  grant(*writer, "b", 1, "T1");
  grant(*writer, "b", 1, "T2");
  append(*writer, {noted(chat("a", "b", "one"))}, at(1000));
  auto found = due(*writer, at(1000) + 10s);
  REQUIRE(found.size() == 1);
  CHECK(found[0].template_id == "T1");
  settle(*writer, found[0], settle_notice::end::used_up, at(1000) + 10s);
  CHECK(left(*writer, "b", "T1") == 0);
  CHECK(due(*writer, at(1000) + 11s).empty());
  found = due(*writer, at(1000) + 31s);
  REQUIRE(found.size() == 1);
  CHECK(found[0].template_id == "T2");
  settle(*writer, found[0], settle_notice::end::given_up, at(1000) + 31s);
  CHECK(left(*writer, "b", "T2") == 1);
  CHECK(due(*writer, at(1'000'000)).empty());
}

STORE_TEST("one that a check is still to say of waits") {
  TestType database;
  auto store = opened(database.url);
  auto writer = store->make_writer();
  grant(*writer, "b", 1);
  auto m = noted(chat("a", "b", "one"));
  m.judged = std::make_shared<const content_verdict>();
  const auto stored = append(*writer, {m}, at(1000));
  CHECK(due(*writer, at(20'000)).empty());
  change_it(*writer, put_verdict{.message_id = stored[0].id, .verdict = passed_by_words}, {}, at(21'000));
  CHECK(due(*writer, at(60'000)).size() == 1);
}

STORE_TEST("a stream is noted when it is whole") {
  TestType database;
  auto store = opened(database.url);
  auto writer = store->make_writer();
  grant(*writer, "b", 1);
  auto m = of_kind(chat("robot", "b", ""), message_kind::text_stream, "");
  m.stream = std::make_shared<const stream_start>(
      stream_start{.id = "s1", .by = {.user = {}, .key = "k"}, .node = "n"});
  append(*writer, {m}, at(1000));
  CHECK(due(*writer, at(50'000)).empty());
  change ended{.action = end_stream{.id = "s1", .node = "n", .content = "all of it"}};
  ended.notice_after = 10s;
  got(apply(*writer, ended, at(60'000)));
  const auto found = due(*writer, at(70'000));
  REQUIRE(found.size() == 1);
  CHECK(found[0].what.content == "all of it");
}

STORE_TEST("the ledger goes by what the client and WeChat say") {
  TestType database;
  auto store = opened(database.url);
  auto writer = store->make_writer();
  make_user(*writer, "b");
  change_it(*writer, grant_notices{"T1", 2}, user("b"), at(1000));
  CHECK(left(*writer, "b") == 2);
  const auto says = [&](const std::string& call, bool accepted, const std::string& openid = "ob") {
    change_it(*writer, hear_grants{call, identities + openid, {{"T1", accepted}}}, {}, at(2000));
  };
  says("call 1", true);
  says("call 1", true);
  says("call 2", true);
  CHECK(left(*writer, "b") == 2); // both were told of
  says("call 3", true);
  CHECK(left(*writer, "b") == 3);
  says("call 4", true, "nobody");
  says("call 5", false);
  CHECK(left(*writer, "b") == 0);
  auto reader = store->make_reader();
  const auto all = got(reader->grants(user("b")));
  REQUIRE(all.size() == 1);
  CHECK(all[0].template_id == "T1");
  CHECK(got(reader->grants(user("c"))).empty());
}
