/// The rules of persistence/changes.hpp about single messages: edits, reactions, recalls by others.
#include "tests/persistence/change_fixture.hpp"

#include "persistence/views.hpp"

using namespace hongyan;
using namespace hongyan::testing;
using namespace std::chrono_literals;

namespace {

react_to_message like(const peer_or_group& in, std::int64_t seq, std::string emoji = "👍", bool on = true) {
  return {in, seq, std::move(emoji), on};
}

/// Of the one entry.
std::string told_as(const change_outcome& outcome) {
  REQUIRE(outcome.entries.size() == 1);
  return outcome.entries[0].entry.content;
}

/// As "one" sees the message.
message shown(change_fixture& f, std::string_view one, const peer_or_group& in, std::int64_t seq) {
  const auto found = read_messages(*f.reader, {user(one), in, {seq}});
  REQUIRE(found.has_value());
  REQUIRE(found->size() == 1);
  return found->front();
}

} // namespace

// ---- edits ----

CHANGE_TEST("an edited text is another, and the log says which, as it is read") {
  const auto seq = say("1", user("2"), "frist");
  const auto done = as("1", edit_message{user("2"), seq, "first"});

  REQUIRE(done.edited);
  CHECK(done.edited->content == "first");
  CHECK(done.edited->edits == 1);
  REQUIRE(done.entries.size() == 1);
  CHECK(done.entries[0].entry.kind == message_kind::edit);
  CHECK(done.entries[0].entry.seq == 2);
  CHECK(done.entries[0].entry.from == user("1"));
  CHECK(told_as(done) == R"({"seq":1,"content":"first"})");
  const auto& log = conversation(user("2"), "1").log;
  CHECK(log[0].content == "first");
  CHECK(log[1].content == R"({"seq":1,"edits":1})"); // the text is kept once

  as("1", edit_message{user("2"), seq, "First"});
  const auto page = read_history(*reader, {.user = user("2"), .in = user("1")});
  CHECK(contents(page->messages) == std::vector<std::string>{"First", R"({"seq":1,"content":"First"})",
                                                             R"({"seq":1,"content":"First"})"});
  as("1", recall_message{user("2"), seq});
  CHECK(shown(*this, "2", user("1"), 2).content == R"({"seq":1,"content":null})");
}

CHANGE_TEST("the same text again is no entry") {
  const auto seq = say("1", user("2"), "first");
  const auto done = as("1", edit_message{user("2"), seq, "first"});
  CHECK(done.entries.empty());
  CHECK(done.edited->edits == 0);
}

CHANGE_TEST("one's own texts are edited, for a while") {
  make_group();
  const auto seq = say("m", group("g"));
  CHECK(refused("o", edit_message{group("g"), seq, "y"}) == errc::forbidden);
  CHECK(refused("m", edit_message{group("g"), 1, "y"}) == errc::forbidden); // the log's own
  CHECK(refused("m", edit_message{group("g"), 9, "y"}) == errc::not_found);
  CHECK(refused("x", edit_message{group("g"), seq, "y"}) == errc::not_found);
  CHECK(refused("m", edit_message{group("g"), seq, "y", 0s}) == errc::forbidden);
  now += 900s;
  as("m", edit_message{group("g"), seq, "y"});
  now += 1ms;
  CHECK(refused("m", edit_message{group("g"), seq, "z"}) == errc::forbidden);

  auto object = chat("m", "-", R"({"a":1})");
  object.to = group("g");
  object.kind = message_kind::custom;
  const auto custom = append(*writer, {object}, now)[0].seq;
  CHECK(refused("m", edit_message{group("g"), custom, "y"}) == errc::forbidden);
  const auto gone = say("m", group("g"));
  as("m", recall_message{group("g"), gone});
  CHECK(refused("m", edit_message{group("g"), gone, "y"}) == errc::not_found);
}

CHANGE_TEST("a message is edited twenty times") {
  const auto seq = say("1", user("2"));
  for (int i = 0; i < edits_max; ++i) as("1", edit_message{user("2"), seq, "y" + std::to_string(i)});
  CHECK(refused("1", edit_message{user("2"), seq, "z"}) == errc::too_large);
  CHECK(as("1", edit_message{user("2"), seq, "y19"}).entries.empty()); // as it is
}

CHANGE_TEST("who may not write may not edit or react") {
  make_group();
  const auto seq = say("m", group("g"));
  as("o", update_group{.group = user("g"), .muted = true});
  CHECK(failure(try_as(user("m"), edit_message{group("g"), seq, "y"})).reason == "muted");
  CHECK(failure(try_as(user("m"), like(group("g"), seq))).reason == "muted");
  CHECK(as("a", like(group("g"), seq)).reaction);

  const auto direct = say("1", user("2"));
  as("2", block_users{users({"1"})});
  CHECK(failure(try_as(user("1"), edit_message{user("2"), direct, "y"})).reason == "blocked");
  CHECK(failure(try_as(user("1"), like(user("2"), direct))).reason == "blocked");
  CHECK(as("2", like(user("1"), direct)).reaction);
}

CHANGE_TEST("what was sent first is still known when it is sent again after an edit") {
  const auto sent = append(*writer, {chat("1", "2", "frist", "c1")})[0];
  now = at(1000);
  as("1", edit_message{user("2"), sent.seq, "first"});

  const auto again = append(*writer, {chat("1", "2", "frist", "c1"), chat("1", "2", "first", "c1")});
  CHECK(again[0].status == append_status::duplicate);
  CHECK(again[0].content == "first");
  CHECK(again[0].edits == 1);
  CHECK(again[1].status == append_status::conflict);
}

// ---- reactions ----

CHANGE_TEST("reactions are counted, in the order in which each emoji first came") {
  make_group();
  const auto seq = say("m", group("g"));
  as("m", like(group("g"), seq, "❤️"));
  as("n", like(group("g"), seq, "👍"));
  const auto done = as("o", like(group("g"), seq, "👍"));

  REQUIRE(done.reaction);
  CHECK(done.entries.empty());
  CHECK(done.reaction->what.user == user("o"));
  CHECK(done.reaction->what.emoji == "👍");
  CHECK(*done.reaction->audience == users({"a", "b", "m", "n", "o"}));
  const auto tallies = shown(*this, "o", group("g"), seq).reactions;
  REQUIRE(tallies.size() == 2);
  CHECK(tallies[0].emoji == "❤️");
  CHECK_FALSE(tallies[0].mine);
  CHECK(tallies[1].count == 2);
  CHECK(tallies[1].mine);
}

CHANGE_TEST("what is so already is told to nobody, and the last takes the emoji away") {
  const auto seq = say("1", user("2"));
  CHECK_FALSE(as("2", like(user("1"), seq, "👍", false)).reaction);
  CHECK(*as("2", like(user("1"), seq)).reaction->audience == users({"1", "2"}));
  CHECK_FALSE(as("2", like(user("1"), seq)).reaction);
  CHECK(as("2", like(user("1"), seq, "👍", false)).reaction);
  CHECK(shown(*this, "1", user("2"), seq).reactions.empty());
}

CHANGE_TEST("a message has at most twenty different emoji, and one of each a user") {
  const auto seq = say("1", user("2"));
  for (char c = 'a'; c < 'a' + 20; ++c) as("1", like(user("2"), seq, std::string(1, c)));
  CHECK(refused("2", like(user("1"), seq, "z")) == errc::too_large);
  as("2", like(user("1"), seq, "a"));
  as("1", like(user("2"), seq, "b", false));
  as("2", like(user("1"), seq, "z"));
  CHECK(shown(*this, "1", user("2"), seq).reactions.front().count == 2);
}

CHANGE_TEST("one reacts to messages that are there") {
  make_group();
  const auto seq = say("m", group("g"));
  CHECK(refused("m", like(group("g"), 1)) == errc::forbidden); // the log's own
  CHECK(refused("m", like(group("g"), 99)) == errc::not_found);
  CHECK(refused("x", like(group("g"), seq)) == errc::not_found);
  as("m", like(group("g"), seq));
  as("m", recall_message{group("g"), seq});
  CHECK(refused("n", like(group("g"), seq)) == errc::not_found);
  CHECK(shown(*this, "n", group("g"), seq).reactions.empty());
}

CHANGE_TEST("changes that share a transaction have an outcome each") {
  make_group();
  const auto seq = say("m", group("g"));
  const std::vector<change> all{{user("m"), like(group("g"), seq)},
                                {user("x"), like(group("g"), seq)},
                                {user("n"), like(group("g"), seq)}};
  CHECK(may_share(all[0], all[1]));
  CHECK_FALSE(may_share(all[0], {user("m"), like(group("h"), seq)}));
  CHECK_FALSE(may_share({user("m"), like(user("n"), seq)}, {user("m"), like(user("n"), seq)}));
  CHECK_FALSE(may_share(all[0], {user("m"), begin_file{}}));

  const auto done = apply_all(*writer, all, now);
  REQUIRE(done.has_value());
  CHECK(done->at(0)->reaction);
  CHECK(failure(done->at(1)).code == errc::not_found);
  CHECK(done->at(2)->reaction);
  CHECK(shown(*this, "m", group("g"), seq).reactions.front().count == 2);
}

CHANGE_TEST("a group of 2,000 that reacts together has its members looked up once") {
  std::vector<user_id> all;
  for (int i = 1; i < 2'000; ++i) all.push_back(user("u" + std::to_string(i)));
  as("o", create_group{user("g"), "Geese", all, group_history::joined});
  const auto seq = say("o", group("g"));
  std::vector<change> changes;
  for (const auto& one : all) changes.push_back({one, like(group("g"), seq)});
  const auto before = store.state().member_lists_read;
  const auto done = apply_all(*writer, changes, now);
  REQUIRE(done.has_value());
  CHECK(store.state().member_lists_read == before + 1);
  CHECK(done->back()->reaction->audience->size() == 2'000);
  CHECK(shown(*this, "o", group("g"), seq).reactions.front().count == 1'999);
}

// ---- recalls by others ----

CHANGE_TEST("owner and admins recall any message of their group, and the log says who") {
  make_group();
  const auto seq = say("o", group("g"));
  now += 24h;
  CHECK(refused("m", recall_message{group("g"), seq}) == errc::forbidden);
  const auto done = as("a", recall_message{group("g"), seq});
  CHECK(told_as(done) == R"({"seq":)" + std::to_string(seq) + R"(,"by":"a"})");
  CHECK(done.entries[0].entry.from == user("a"));
  const auto own = say("a", group("g"));
  now += 24h;
  CHECK(told_as(as("a", recall_message{group("g"), own})) == R"({"seq":)" + std::to_string(own) + "}");
}

CHANGE_TEST("the back end recalls any message by its id") {
  const auto sent = append(*writer, {chat("1", "2", "x")})[0];
  CHECK(refused(std::nullopt, recall_by_id{sent.id + 1}) == errc::not_found);
  const auto done = as_back_end(recall_by_id{sent.id});
  CHECK(told_as(done) == R"({"seq":1,"by":null})");
  CHECK(done.entries[0].entry.from == user("1"));
  CHECK(done.entries[0].entry.to == peer_or_group(user("2")));
  CHECK(conversation(user("2"), "1").log[0].recalled);
  CHECK(as_back_end(recall_by_id{sent.id}).entries.empty());
  CHECK(refused(std::nullopt, recall_by_id{done.entries[0].entry.id}) == errc::forbidden);
}

// ---- what they leave as it was ----

CHANGE_TEST("edits and recalls move no conversation in the list") {
  const auto old = say("1", user("2"), "old");
  now += 1s;
  say("1", user("3"), "new");
  now += 1s;
  as("1", edit_message{user("2"), old, "older"});

  auto page = list_conversations(*reader, {user("1"), "", 10});
  REQUIRE(page->conversations.size() == 2);
  CHECK(page->conversations[0].of.with == peer_or_group(user("3")));
  CHECK(page->conversations[1].last->content == "older");
  CHECK(page->conversations[1].of.last_seq == 2);
  as("1", recall_message{user("2"), old});
  page = list_conversations(*reader, {user("1"), "", 10});
  CHECK(page->conversations[1].last->recalled);
  CHECK(page->conversations[1].of.shown_seq == 1);
}
