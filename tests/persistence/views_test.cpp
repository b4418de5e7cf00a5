/// persistence/views.hpp over the store in memory.
#include "persistence/views.hpp"

#include "persistence/changes.hpp"
#include "tests/persistence/store_fixtures.hpp"
#include "tests/support/memory_store.hpp"

#include <tuple>

using namespace hongyan;
using namespace hongyan::testing;

namespace {

using seqs = std::vector<std::int64_t>;

seqs seqs_of(const std::vector<message>& messages) {
  seqs list;
  for (const message& m : messages) list.push_back(m.seq);
  return list;
}

/// Counts the questions that a view asks.
struct counting_reader : message_reader {
  explicit counting_reader(message_reader& reader) : real(reader) {}

  result<std::vector<message>> latest(const history_query& q) override { return real.latest(q); }
  result<std::vector<membership>> memberships(const user_id& u) override {
    ++whole_lists;
    return real.memberships(u);
  }
  result<std::vector<membership>> listed(const user_id& u, const list_key& after,
                                         std::size_t limit) override {
    return real.listed(u, after, limit);
  }
  result<std::vector<membership>> some_memberships(const user_id& u,
                                                   std::span<const std::int64_t> of) override {
    return real.some_memberships(u, of);
  }
  result<std::optional<membership>> find_membership(const user_id& u, const peer_or_group& p) override {
    return real.find_membership(u, p);
  }
  result<std::vector<message>> log(std::span<const log_range> ranges) override {
    ++logs;
    return real.log(ranges);
  }
  result<std::vector<std::size_t>> unread(const user_id& u, std::span<const unread_question> q) override {
    ++unreads;
    asked += q.size();
    return real.unread(u, q);
  }
  result<std::vector<std::optional<std::int64_t>>>
  first_mentions(const user_id& u, std::span<const unread_question> q) override {
    return real.first_mentions(u, q);
  }
  result<std::vector<message_reactions>> reactions(const user_id& u, std::span<const log_range> r) override {
    return real.reactions(u, r);
  }
  result<search_matches> search(const search_question& q) override { return real.search(q); }
  result<std::optional<group_info>> find_group(const user_id& u, const user_id& g) override {
    return real.find_group(u, g);
  }
  result<std::vector<group_info>> groups(const user_id& u, const std::string& a, std::size_t n) override {
    return real.groups(u, a, n);
  }
  result<std::vector<hongyan::group_member>> members(std::int64_t c, const std::string& a,
                                                     std::size_t n) override {
    return real.members(c, a, n);
  }
  result<std::vector<profile>> profiles(std::span<const user_id> u) override { return real.profiles(u); }
  result<std::optional<stored_file>> find_file(const file_question& q, wall_time now) override {
    return real.find_file(q, now);
  }
  result<std::vector<user_id>> blocks(const user_id& u) override { return real.blocks(u); }
  result<bool> has_blocked(const user_id& u, const user_id& o) override { return real.has_blocked(u, o); }
  result<settled_ids> settled() override { return real.settled(); }
  result<std::vector<message>> entries_by_id(std::int64_t after, std::int64_t up_to,
                                             std::size_t limit) override {
    return real.entries_by_id(after, up_to, limit);
  }
  result<std::vector<ban>> bans(wall_time since) override { return real.bans(since); }
  result<std::vector<push_grant>> grants(const user_id& user) override { return real.grants(user); }
  result<std::vector<side_event>> side_events(std::int64_t after, std::int64_t up_to,
                                              std::size_t limit) override {
    return real.side_events(after, up_to, limit);
  }
  result<std::vector<kept_version>> kept_versions(std::span<const log_range> ranges) override {
    return real.kept_versions(ranges);
  }
  result<std::vector<webhook_row>> webhooks() override { return real.webhooks(); }
  result<std::vector<failed_event>> failed_events(const std::string& webhook, std::int64_t after,
                                                  std::size_t limit) override {
    return real.failed_events(webhook, after, limit);
  }
  result<std::vector<revocation>> revocations(std::int64_t since) override { return real.revocations(since); }

  message_reader& real;
  int whole_lists = 0;
  int logs = 0;
  int unreads = 0;
  std::size_t asked = 0;
};

struct fixture {
  memory_store store;
  std::unique_ptr<message_writer> writer = store.make_writer();
  std::unique_ptr<message_reader> memory_reader = store.make_reader();
  counting_reader reader{*memory_reader};
  wall_time now = at(10'000);

  /// `count` messages, each a moment after the one before. The answer is the conversation.
  std::int64_t say(std::string_view from, const peer_or_group& to, int count = 1,
                   const std::string& text = "x") {
    std::int64_t id = 0;
    for (int i = 0; i < count; ++i) {
      auto message = chat(from, "-", text);
      message.to = to;
      now += std::chrono::milliseconds(1);
      const auto got = append(*writer, {message}, now)[0];
      REQUIRE(got.status == append_status::stored);
      id = got.conversation_id;
    }
    return id;
  }
  void as(std::string_view by, change_action what) {
    now += std::chrono::milliseconds(1);
    const auto done = apply(*writer, {user(by), std::move(what)}, now);
    if (!done) FAIL(done.error().detail);
  }
  void read(std::string_view by, const peer_or_group& in, std::int64_t seq) {
    REQUIRE((*writer->mark_read(std::vector<read_mark>{{user(by), in, seq}}))[0].found);
  }

  history_page history(page_query query) {
    auto page = read_history(reader, query);
    if (!page) FAIL(page.error().detail);
    return *std::move(page);
  }
  conversation_page list(list_query query) {
    auto page = list_conversations(reader, query);
    if (!page) FAIL(page.error().detail);
    return *std::move(page);
  }
  sync_page resume(sync_query query) {
    auto page = sync(reader, query);
    if (!page) FAIL(page.error().detail);
    return *std::move(page);
  }
  search_page find(search_query query) {
    auto page = search(reader, query);
    if (!page) FAIL(page.error().detail);
    return *std::move(page);
  }
};

/// A conversation in an answer to sync: its id, the messages, has_more.
using told = std::tuple<std::int64_t, seqs, bool>;
std::vector<told> told_of(const sync_page& page) {
  std::vector<told> list;
  for (const auto& c : page.conversations)
    list.emplace_back(c.of.conversation_id, seqs_of(c.messages), c.has_more);
  return list;
}

std::vector<peer_or_group> places(const conversation_page& page) {
  std::vector<peer_or_group> list;
  for (const auto& view : page.conversations) list.push_back(view.of.with);
  return list;
}

} // namespace

#define VIEW_TEST(name) TEST_CASE_METHOD(fixture, name, "[persistence][views]")

VIEW_TEST("history is paged in both directions") {
  say("1", peer_or_group(user("2")), 10);
  const page_query all{.user = user("2"), .in = user("1"), .limit = 4};

  const auto check = [&](std::optional<std::int64_t> before, std::optional<std::int64_t> after,
                         const seqs& expected, bool has_more) {
    auto query = all;
    query.before_seq = before;
    query.after_seq = after;
    const auto page = history(query);
    CHECK(seqs_of(page.messages) == expected);
    CHECK(page.has_more == has_more);
  };
  check({}, {}, {7, 8, 9, 10}, true);
  check(7, {}, {3, 4, 5, 6}, true);
  check(5, {}, {1, 2, 3, 4}, false);
  check(3, {}, {1, 2}, false);
  check(1, {}, {}, false);
  check(-5, {}, {}, false);
  check(99, {}, {7, 8, 9, 10}, true);
  check({}, 0, {1, 2, 3, 4}, true);
  check({}, 6, {7, 8, 9, 10}, false);
  check({}, 5, {6, 7, 8, 9}, true);
  check({}, 10, {}, false);
  check({}, -1, {1, 2, 3, 4}, true);
  check({}, std::numeric_limits<std::int64_t>::max(), {}, false);
  check(std::numeric_limits<std::int64_t>::max(), {}, {7, 8, 9, 10}, true);
  check(std::numeric_limits<std::int64_t>::min(), {}, {}, false);
}

VIEW_TEST("history ends where the user's own begins") {
  say("1", peer_or_group(user("2")), 5);
  as("1", clear_conversation{user("2")});
  CHECK(history({.user = user("1"), .in = user("2")}).messages.empty());
  say("2", peer_or_group(user("1")), 3);

  const auto newest = history({.user = user("1"), .in = user("2"), .limit = 2});
  CHECK(seqs_of(newest.messages) == seqs{7, 8});
  CHECK(newest.has_more);
  const auto older = history({.user = user("1"), .in = user("2"), .before_seq = 7});
  CHECK(seqs_of(older.messages) == seqs{6});
  CHECK_FALSE(older.has_more);
  CHECK(seqs_of(history({.user = user("1"), .in = user("2"), .after_seq = 2}).messages) == seqs{6, 7, 8});
  CHECK(history({.user = user("2"), .in = user("1")}).messages.size() == 8);
}

VIEW_TEST("history of nothing is empty, of another's group not found") {
  as("1", create_group{user("g"), "Geese", {}});

  CHECK(history({.user = user("1"), .in = user("2")}).messages.empty());
  CHECK(failure(read_history(reader, {.user = user("2"), .in = group("g")})).code == errc::not_found);
  CHECK(failure(read_history(reader, {.user = user("1"), .in = group("h")})).code == errc::not_found);
  CHECK(history({.user = user("1"), .in = group("g")}).messages.size() == 1);
}

VIEW_TEST("the list begins with what is pinned, then what is newest") {
  say("1", peer_or_group(user("2")));
  say("3", peer_or_group(user("1")), 2);
  as("1", create_group{user("g"), "Geese", {}});
  say("4", peer_or_group(user("1")));
  say("1", peer_or_group(user("5")));
  as("1", set_conversation{user("2"), true, {}});
  as("1", clear_conversation{user("4")});

  const auto all = list({.user = user("1")});

  CHECK(places(all) == std::vector<peer_or_group>{user("2"), user("5"), group("g"), user("3")});
  CHECK(all.cursor.empty());
  CHECK(all.conversations[3].unread == 2);
  CHECK(all.conversations[1].unread == 0);
  REQUIRE(all.conversations[3].last);
  CHECK(all.conversations[3].last->seq == 2);
  CHECK(all.conversations[2].last->kind == message_kind::group);
  CHECK(reader.logs == 1);
  CHECK(reader.unreads == 1);
}

VIEW_TEST("the list is paged without a gap or a repeat") {
  for (const auto other : {"2", "3", "4", "5", "6"}) say("1", peer_or_group(user(other)));
  append(*writer, {chat("1", "7", "at"), chat("1", "8", "one"), chat("1", "9", "time")}, now);
  as("1", set_conversation{user("3"), true, {}});
  const auto all = places(list({.user = user("1")}));
  REQUIRE(all.size() == 8);
  const std::size_t limit = GENERATE(1U, 3U, 7U, 8U);

  std::vector<peer_or_group> paged;
  std::string cursor;
  std::size_t pages = 0;
  do {
    const auto page = list({.user = user("1"), .cursor = cursor, .limit = limit});
    for (const peer_or_group& p : places(page)) paged.push_back(p);
    cursor = page.cursor;
    ++pages;
  } while (!cursor.empty() && pages < 20);

  CHECK(paged == all);
  CHECK(pages == (8 + limit - 1) / limit);
}

VIEW_TEST("a cursor that is not ours is malformed") {
  say("1", peer_or_group(user("2")));
  const std::string cursor = GENERATE("x", "1", "1.2", "1.2.3.4", "1.2.x", "1.2.3 ", "1..3", "-", "1.2.",
                                      "1.2.99999999999999999999");
  CAPTURE(cursor);

  CHECK(failure(list_conversations(reader, {.user = user("1"), .cursor = cursor})).code == errc::malformed);
  if (cursor != "1")
    CHECK(failure(search(reader, {.user = user("1"), .text = "x", .cursor = cursor})).code ==
          errc::malformed);
}

VIEW_TEST("unread counts others' messages after the read position, not the log's own nor recalled ones") {
  say("2", peer_or_group(user("1")), 3);
  say("1", peer_or_group(user("2")));
  say("2", peer_or_group(user("1")), 3);
  as("2", recall_message{user("1"), 6});
  read("1", user("2"), 2);

  CHECK(list({.user = user("1")}).conversations[0].unread == 3);
  CHECK(resume({.user = user("1"), .positions = {}}).conversations[0].unread == 3);
  as("1", clear_conversation{user("2")});
  say("2", peer_or_group(user("1")));
  CHECK(list({.user = user("1")}).conversations[0].unread == 1);
  read("1", user("2"), 9);
  CHECK(list({.user = user("1")}).conversations[0].unread == 0);
}

VIEW_TEST("a resume brings all after each position, newest active first, by one question of each kind") {
  const auto a = say("2", peer_or_group(user("1")), 5);
  const auto b = say("3", peer_or_group(user("1")), 5);
  const auto c = say("4", peer_or_group(user("1")), 5);
  say("2", peer_or_group(user("1")));

  const auto page = resume({.user = user("1"), .positions = {{a, 2}, {b, 5}, {c, 4}}});

  CHECK(told_of(page) == std::vector<told>{{a, {3, 4, 5, 6}, false}, {c, {5}, false}, {b, {}, false}});
  CHECK(page.gone.empty());
  CHECK_FALSE(page.has_more);
  CHECK(page.conversations[0].unread == 6);
  CHECK(reader.logs == 1);
  CHECK(reader.unreads == 1);
}

VIEW_TEST("unread messages that a resume brings are counted without the store, and like it") {
  as("1", create_group{.id = user("g"), .name = "n", .members = {user("2")}});
  say("2", group("g"), 3);
  say("1", group("g"), 2);
  as("2", recall_message{.in = group("g"), .seq = 3, .window = std::chrono::seconds(120)});
  const auto at = GENERATE(0, 1, 2, 4);
  if (at > 0) read("1", group("g"), at);
  const auto listed = list({.user = user("1")}).conversations[0];

  reader.unreads = 0;
  const auto position = GENERATE(0, 1, 3);
  const auto page =
      resume({.user = user("1"), .positions = {{listed.of.conversation_id, position}}}).conversations[0];

  CHECK(page.unread == listed.unread);
  CHECK(reader.unreads == (position <= at ? 0 : 1));
}

VIEW_TEST("a resume with nothing to say asks for nothing") {
  const auto a = say("2", peer_or_group(user("1")), 5);
  read("1", user("2"), 5);

  const auto page = resume({.user = user("1"), .positions = {{a, 5}}});

  CHECK(told_of(page) == std::vector<told>{{a, {}, false}});
  CHECK_FALSE(page.has_more);
  CHECK(reader.logs == 0);
  CHECK(reader.unreads == 0);
}

VIEW_TEST("a conversation that the client does not have comes with its newest messages") {
  const auto a = say("2", peer_or_group(user("1")), 9);
  const auto b = say("3", peer_or_group(user("1")), 2);

  CHECK(told_of(resume({.user = user("1"), .positions = {}, .recent = 4})) ==
        std::vector<told>{{b, {1, 2}, false}, {a, {6, 7, 8, 9}, false}});
  const auto none = resume({.user = user("1"), .positions = {}, .recent = 0});
  CHECK(told_of(none) == std::vector<told>{{b, {}, false}, {a, {}, false}});
  CHECK_FALSE(none.has_more);
}

VIEW_TEST("when the limit is used up, the rest follows") {
  const auto a = say("2", peer_or_group(user("1")), 5);
  const auto b = say("3", peer_or_group(user("1")), 5);
  const auto c = say("4", peer_or_group(user("1")), 5);

  const auto first = resume({.user = user("1"), .positions = {{a, 0}, {b, 1}, {c, 5}}, .limit = 6});
  CHECK(told_of(first) == std::vector<told>{{b, {2, 3, 4, 5}, false}, {a, {1, 2}, true}});
  CHECK(first.has_more);
  const auto second = resume({.user = user("1"), .positions = {{a, 2}, {b, 5}, {c, 5}}, .limit = 6});
  CHECK(told_of(second) == std::vector<told>{{a, {3, 4, 5}, false}, {c, {}, false}, {b, {}, false}});
  CHECK_FALSE(second.has_more);
}

VIEW_TEST("a conversation for which no room is left is not told empty") {
  const auto a = say("2", peer_or_group(user("1")), 5);
  const auto b = say("3", peer_or_group(user("1")), 5);
  const auto c = say("4", peer_or_group(user("1")), 5);

  const auto page = resume({.user = user("1"), .positions = {{c, 0}, {b, 0}}, .limit = 5});
  CHECK(told_of(page) == std::vector<told>{{c, {1, 2, 3, 4, 5}, false}});
  CHECK(page.has_more);
  const auto less = resume({.user = user("1"), .positions = {{c, 3}, {b, 5}}, .limit = 5});
  CHECK(told_of(less) == std::vector<told>{{c, {4, 5}, false}, {a, {1, 2, 3}, true}});
  CHECK(less.has_more);
}

VIEW_TEST("positions before the user's own do no harm") {
  const auto a = say("2", peer_or_group(user("1")), 5);
  as("1", clear_conversation{user("2")});
  say("2", peer_or_group(user("1")), 2);

  CHECK(told_of(resume({.user = user("1"), .positions = {{a, -9}}})) ==
        std::vector<told>{{a, {6, 7}, false}});
  const auto page = resume({.user = user("1"), .positions = {{a, 2}}});
  CHECK(told_of(page) == std::vector<told>{{a, {6, 7}, false}});
  CHECK(page.conversations[0].of.first_seq == 6);
}

VIEW_TEST("a position beyond the end voids all positions") {
  const auto a = say("2", peer_or_group(user("1")), 5);
  const auto b = say("3", peer_or_group(user("1")), 2);
  CHECK(resume({.user = user("1"), .positions = {{a, 5}, {b, 2}}}).reset.empty());
  const auto page = resume({.user = user("1"), .positions = {{a, 6}, {b, 2}}});
  CHECK(page.reset == "ahead");
  CHECK(told_of(page) == std::vector<told>{{b, {1, 2}, false}, {a, {1, 2, 3, 4, 5}, false}});
  CHECK(page.gone.empty());
  // Of what is not theirs to see any more nothing is judged.
  as("1", clear_conversation{user("2")});
  CHECK(resume({.user = user("1"), .positions = {{a, 99}, {b, 2}}}).reset.empty());
}

VIEW_TEST("a message that the client holds and the store has not, or has otherwise, voids all positions") {
  const auto a = say("2", peer_or_group(user("1")), 5);
  const auto b = say("3", peer_or_group(user("1")), 2);
  as("9", create_group{.id = user("g"), .name = "n", .members = {user("1")}});
  const auto g = say("9", group("g"));
  const auto held = [&](std::int64_t conversation, std::int64_t seq) {
    const log_range range{conversation, seq - 1, seq + 1, 1};
    const auto found = *reader.log(std::span(&range, 1));
    REQUIRE(found.size() == 1);
    return held_message{conversation, seq, found[0].id, found[0].created_at};
  };
  const auto a5 = held(a, 5), a3 = held(a, 3), b2 = held(b, 2), g2 = held(g, 2);
  const auto reset = [&](std::vector<held_message> last) {
    const auto page = resume({.user = user("1"), .positions = {{a, 5}, {b, 1}}, .last = std::move(last)});
    if (!page.reset.empty()) CHECK(told_of(page).size() == 3); // as if nothing had been named
    return std::string(page.reset);
  };
  CHECK(reset({}).empty());
  CHECK(reset({a5, b2, g2, a3}).empty());
  CHECK(reset({a5, {b, 2, b2.id + 1, b2.created_at}}) == "other_message");
  CHECK(reset({{a, 5, a5.id, a5.created_at + std::chrono::milliseconds(1)}, b2}) == "other_message");
  CHECK(reset({a5, {b, 3, b2.id + 1, b2.created_at}}) == "no_message");
  CHECK(reset({b2, {4711, 3, 17, b2.created_at}}) == "no_conversation");
  // A recall changes neither id nor time.
  as("9", recall_message{.in = group("g"), .seq = 2, .window = std::chrono::hours(1)});
  CHECK(reset({a5, b2, g2}).empty());
}

VIEW_TEST("what was left or cleared is not judged by what the client holds of it") {
  const auto a = say("2", peer_or_group(user("1")), 3);
  as("9", create_group{.id = user("g"), .name = "n", .members = {user("1")}});
  const auto g = say("9", group("g"), 3);
  const log_range ranges[] = {{a, 2, 4, 1}, {g, 3, 5, 1}};
  const auto found = *reader.log(ranges);
  REQUIRE(found.size() == 2);
  const held_message in_a{a, 3, found[0].id, found[0].created_at},
      in_g{g, 4, found[1].id, found[1].created_at};
  as("1", clear_conversation{user("2")});
  as("1", leave_group{user("g")});
  const auto reset = [&](std::vector<held_message> last) {
    return std::string(
        resume({.user = user("1"), .positions = {{a, 3}, {g, 4}}, .last = std::move(last)}).reset);
  };
  CHECK(reset({in_a, in_g}).empty());
  CHECK(reset({{g, 99, 1, in_g.created_at}}).empty());
  say("2", peer_or_group(user("1"))); // seq 4, the lowest that may be read
  CHECK(reset({{a, 2, 12345, in_a.created_at}}).empty());
  CHECK(reset({{a, 5, 12345, in_a.created_at}}) == "no_message");
}

VIEW_TEST("what was left, dismissed, cleared or never the user's is gone") {
  as("1", create_group{user("g"), "Geese", {user("2")}});
  as("1", create_group{user("h"), "Swans", {user("2")}});
  const auto g = say("1", group("g")), h = say("1", group("h"));
  const auto cleared = say("1", peer_or_group(user("2"))), others = say("1", peer_or_group(user("3")));
  const auto kept = say("2", peer_or_group(user("4")));
  as("2", leave_group{user("g")});
  as("1", dismiss_group{user("h")});
  as("2", clear_conversation{user("1")});

  const auto page = resume(
      {.user = user("2"), .positions = {{g, 1}, {h, 1}, {cleared, 1}, {others, 1}, {kept, 1}, {99, 1}}});

  CHECK(page.gone == std::vector<std::int64_t>{g, h, cleared, others, 99});
  CHECK(told_of(page) == std::vector<told>{{kept, {}, false}});
}

VIEW_TEST("an answer holds 500 conversations; what is new goes before what is not") {
  sync_query query{.user = user("1"), .positions = {}, .limit = 10'000, .recent = 1};
  for (int i = 0; i < 510; ++i) {
    const auto id = say("1", peer_or_group(user("u" + std::to_string(i))));
    if (i >= 300) query.positions[id] = 1; // the newest 210 are known
  }

  const auto page = resume(query);
  CHECK(page.conversations.size() == sync_conversations_max);
  CHECK(page.conversations[299].messages.size() == 1);
  CHECK(page.conversations[300].messages.empty());
  CHECK_FALSE(page.has_more); // the ten left out hold nothing new

  query.positions.clear();
  query.recent = GENERATE(0U, 1U);
  const auto first = resume(query);
  CHECK(first.conversations.size() == sync_conversations_max);
  CHECK(first.has_more);
  for (const auto& c : first.conversations) query.positions[c.of.conversation_id] = c.of.last_seq;
  const auto rest = resume(query);
  CHECK(rest.conversations.size() == sync_conversations_max);
  CHECK_FALSE(rest.has_more);
  CHECK(std::ranges::none_of(std::span(rest.conversations).first(10), [&](const synced_conversation& c) {
    return query.positions.contains(c.of.conversation_id);
  }));
}

VIEW_TEST("repeating while there is more ends, with everything") {
  const auto limit = GENERATE(0U, 1U, 3U, 7U, 500U);
  const auto recent = GENERATE(0U, 1U, 5U);
  const bool in_a_session = GENERATE(true, false);
  CAPTURE(limit, recent, in_a_session);
  sync_query query{.user = user("1"), .positions = {}, .limit = limit, .recent = recent};
  for (const auto other : {"2", "3", "4", "5"}) {
    const auto id = say(other, peer_or_group(user("1")), 9);
    if (other[0] != '5') query.positions[id] = other[0] - '2';
  }
  as("1", clear_conversation{user("2")});
  as("1", clear_conversation{user("3")});
  say("3", peer_or_group(user("1")), 4);

  std::size_t got = 0;
  int pages = 0;
  for (bool more = true; more; ++pages) {
    REQUIRE(pages < 100);
    const auto page = resume(query);
    for (const auto id : page.gone) query.positions.erase(id);
    for (const auto& c : page.conversations) {
      got += c.messages.size();
      query.positions[c.of.conversation_id] = c.has_more ? c.messages.back().seq : c.of.last_seq;
    }
    if (in_a_session) query.left = page.left;
    more = page.has_more;
  }

  // 4 after what was cleared, 7 after position 2, and of the unknown one as many as there is room for.
  CHECK(got >= 11 + std::min<std::size_t>(recent, 1));
  CHECK(got <= 11 + recent);
  CHECK(query.positions.size() == 3);
}

VIEW_TEST("a resume of many pages does not read the whole list for each") {
  for (int i = 0; i < 2'500; ++i) say("u" + std::to_string(i), peer_or_group(user("1")), 2);
  sync_query query{.user = user("1"), .positions = {}, .limit = 20};
  std::map<std::int64_t, seqs> told;
  std::vector<std::int64_t> order;
  int pages = 0;
  for (bool more = true; more; ++pages) {
    REQUIRE(pages < 1'000);
    const auto page = resume(query);
    for (const auto& c : page.conversations) {
      if (c.messages.empty()) continue;
      order.push_back(c.of.conversation_id);
      for (const auto& m : c.messages) told[c.of.conversation_id].push_back(m.seq);
      query.positions[c.of.conversation_id] = c.messages.back().seq;
    }
    if (pages == 10) say("u0", peer_or_group(user("1")));    // the oldest, not told yet
    if (pages == 20) say("u2499", peer_or_group(user("1"))); // told already
    query.left = page.left;
    more = page.has_more;
  }
  CHECK(pages >= 250);
  CHECK(reader.whole_lists <= 2'500 / static_cast<int>(sync_left_max) + 2);
  CHECK(told.size() == 2'500);
  std::size_t messages = 0;
  for (const auto& [id, its] : told) {
    CHECK(std::ranges::is_sorted(its));
    messages += its.size();
  }
  CHECK(messages == 5'002);
  // Newest active first, for what was not said meanwhile.
  CHECK(std::ranges::is_sorted(std::span(order).first(1'024), std::ranges::greater()));
}

VIEW_TEST("what was left over and is the user's no more is not told") {
  for (const auto other : {"2", "3", "4", "5"}) say(other, peer_or_group(user("1")));
  sync_query query{.user = user("1"), .positions = {}, .limit = 1};
  const auto first = resume(query);
  REQUIRE(first.left.size() == 3);
  query.positions[first.conversations[0].of.conversation_id] = 1;
  query.left = first.left;
  as("1", clear_conversation{user("4")});
  as("1", clear_conversation{user("3")});
  const auto second = resume(query);
  CHECK_FALSE(second.has_more);
  REQUIRE(second.conversations.size() == 2); // what is new, and then what is not
  CHECK(second.conversations[0].of.with == peer_or_group(user("2")));
  CHECK(second.conversations[1].messages.empty());
}

VIEW_TEST("search finds in one's own conversations, newest first, page by page") {
  say("1", peer_or_group(user("2")), 1, "the wild goose");
  say("2", peer_or_group(user("1")), 3, "goose again");
  say("1", peer_or_group(user("3")), 1, "no bird");
  say("2", peer_or_group(user("3")), 1, "another goose");
  as("1", create_group{user("g"), "Geese", {}});
  say("1", group("g"), 1, "鸿雁 goose");

  const auto first = find({.user = user("1"), .text = "Goose", .limit = 3});
  CHECK(contents(first.messages) == std::vector<std::string>{"鸿雁 goose", "goose again", "goose again"});
  REQUIRE_FALSE(first.cursor.empty());
  const auto second = find({.user = user("1"), .text = "Goose", .cursor = first.cursor, .limit = 2});
  CHECK(contents(second.messages) == std::vector<std::string>{"goose again", "the wild goose"});
  CHECK(second.cursor.empty());
  CHECK(find({.user = user("1"), .text = "goose", .in = group("g")}).messages.size() == 1);
  CHECK(find({.user = user("1"), .text = "goose", .in = user("9")}).messages.empty());
  CHECK(find({.user = user("1"), .text = "鸿雁"}).messages.size() == 1);
}

VIEW_TEST("search finds nothing by signs alone, and refuses places of others") {
  say("1", peer_or_group(user("2")), 1, "!? what");
  as("1", create_group{user("g"), "Geese", {}});

  for (const auto* text : {"", " ", "!?", "。"})
    CHECK(find({.user = user("1"), .text = text}).messages.empty());
  CHECK(failure(search(reader, {.user = user("2"), .text = "x", .in = group("g")})).code == errc::not_found);
}

VIEW_TEST("what is cleared or recalled is not found") {
  say("1", peer_or_group(user("2")), 2, "goose");
  as("1", recall_message{user("2"), 1});
  CHECK(seqs_of(find({.user = user("2"), .text = "goose"}).messages) == seqs{2});

  as("2", clear_conversation{user("1")});
  CHECK(find({.user = user("2"), .text = "goose"}).messages.empty());
  CHECK(find({.user = user("1"), .text = "goose"}).messages.size() == 1);
}

VIEW_TEST("a sign of life reaches everyone else in a place") {
  const auto reached = [&](std::string_view by, const peer_or_group& in) {
    const auto answer = audience(reader, user(by), in);
    if (!answer) FAIL(answer.error().detail);
    return *answer;
  };
  CHECK(reached("1", user("2")).users.empty());
  CHECK(reached("1", user("2")).conversation_id == 0);
  const auto direct = say("1", peer_or_group(user("2")));
  as("1", create_group{user("g"), "Geese", {user("2"), user("3")}});
  say("1", peer_or_group(user("1")));

  CHECK(reached("1", user("2")).users == std::vector{user("2")});
  CHECK(reached("1", user("2")).conversation_id == direct);
  CHECK(reached("2", group("g")).users == std::vector{user("1"), user("3")});
  CHECK(reached("1", user("1")).users.empty());
  CHECK(failure(audience(reader, user("4"), group("g"))).code == errc::not_found);
  as("2", block_users{{user("1"), user("4")}});
  CHECK(failure(audience(reader, user("1"), user("2"))).code == errc::forbidden);
  CHECK(failure(audience(reader, user("4"), user("2"))).code == errc::forbidden); // nothing was ever said
  CHECK(reached("2", user("1")).users == std::vector{user("1")});
  CHECK(reached("2", user("4")).conversation_id == 0);
  CHECK(reached("1", group("g")).users == std::vector{user("2"), user("3")}); // in groups nothing changes
}
