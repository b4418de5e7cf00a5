#include "core/cluster/items.hpp"

#include <catch2/catch.hpp>

using namespace hongyan;
using namespace hongyan::cluster;

namespace {

user_id user(const char* text) { return *user_id::parse(text); }

wall_time at(std::int64_t ms) { return wall_time(std::chrono::milliseconds(ms)); }

message whole() {
  return {.id = 7,
          .conversation_id = 3,
          .seq = 5,
          .from = user("1"),
          .to = peer_or_group::group(user("g")),
          .from_name = "张三",
          .to_name = {},
          .kind = message_kind::image,
          .content = R"({"fileId":"f"})",
          .ext = "{}",
          .client_msg_id = "c",
          .created_at = at(1234),
          .recalled = true};
}

template <class T>
T there_and_back(const T& what) {
  const auto items = decode(encode(item(what)));
  REQUIRE(items.has_value());
  REQUIRE(items->size() == 1);
  return std::get<T>(items->front());
}

} // namespace

TEST_CASE("what a node tells comes out as it went in", "[cluster]") {
  there_and_back(snapshot_begin{});
  there_and_back(entries_missed{});
  there_and_back(snapshot_end{});

  const auto came = there_and_back(session_came{
      user("1"), 9, -3, {.id = "s", .device = "phone", .is_v1 = true, .since = at(5), .expires = at(6)}});
  CHECK(came.user == user("1"));
  CHECK(came.number == 9);
  CHECK(came.stamp == -3);
  CHECK(came.facts.id == "s");
  CHECK(came.facts.device == "phone");
  CHECK(came.facts.is_v1);
  CHECK(came.facts.since == at(5));
  CHECK_FALSE(came.facts.expires); // its node's own business

  const auto left = there_and_back(session_left{user("1"), 9});
  CHECK(left.user == user("1"));
  CHECK(left.number == 9);

  const auto read = there_and_back(position_read{1, user("1"), 2, user("2")});
  CHECK(read.conversation_id == 1);
  CHECK(read.seq == 2);
  CHECK(read.peer == user("2"));
  CHECK_FALSE(there_and_back(position_read{1, user("1"), 2, {}}).peer);

  const auto types = there_and_back(typing{1, user("1"), {user("2"), user("3")}});
  CHECK(types.users == std::vector{user("2"), user("3")});

  const auto blocked = there_and_back(users_blocked{user("1"), {user("2"), user("3")}});
  CHECK(blocked.user == user("1"));
  CHECK(blocked.blocked == std::vector{user("2"), user("3")});

  const auto kicked = there_and_back(user_kicked{user("1"), {{"a", 1}, {"b", 2}}});
  REQUIRE(kicked.sessions.size() == 2);
  CHECK(kicked.sessions[1].node == "b");
  CHECK(kicked.sessions[1].number == 2);
}

TEST_CASE("a user's own changes and revocations cross", "[cluster]") {
  const auto set = there_and_back(own_changed{user("1"), own_settings{7, true, false, 5, 9}});
  CHECK(set.user == user("1"));
  const auto& settings = std::get<own_settings>(set.what);
  CHECK(settings.conversation_id == 7);
  CHECK(settings.pinned);
  CHECK_FALSE(settings.muted);
  CHECK(settings.cleared_seq == 5);
  CHECK(settings.read_seq == 9);
  const auto named = there_and_back(own_changed{user("1"), profile{user("1"), "n", {}}});
  const auto& shown = std::get<profile>(named.what);
  CHECK(named.user == user("1"));
  CHECK(shown.user == user("1"));
  CHECK(shown.name == "n");
  CHECK_FALSE(shown.avatar);
  const auto revoked = there_and_back(tokens_revoked{user("1"), 1'700'000'000'000'001});
  CHECK(revoked.user == user("1"));
  CHECK(revoked.at_us == 1'700'000'000'000'001);
  const database_timeline newest{7'312'345'678'901'234'567, 0xFFFFFFFF};
  CHECK(there_and_back(timeline_met{newest}).at == newest);
  CHECK(there_and_back(epoch_changed{"e2"}).now == "e2");
}

TEST_CASE("a message crosses with everything it has", "[cluster]") {
  const auto sent = whole();
  const auto log = there_and_back(log_entries{{user("2")}, {std::make_shared<const message>(sent)}});
  CHECK(log.audience == std::vector{user("2")});
  REQUIRE(log.entries.size() == 1);
  const auto& m = *log.entries.front();
  CHECK(m.id == sent.id);
  CHECK(m.conversation_id == sent.conversation_id);
  CHECK(m.seq == sent.seq);
  CHECK(m.from == sent.from);
  CHECK(m.to == sent.to);
  CHECK(m.from_name == sent.from_name);
  CHECK(m.to_name == sent.to_name);
  CHECK(m.kind == sent.kind);
  CHECK(m.content == sent.content);
  CHECK(m.ext == sent.ext);
  CHECK(m.client_msg_id == sent.client_msg_id);
  CHECK(m.created_at == sent.created_at);
  CHECK(m.recalled == sent.recalled);
}

TEST_CASE("what happens to a message crosses", "[cluster]") {
  const auto liked = there_and_back(reacted{{7, 5, user("1"), "👍🏽", true}, {user("2"), user("3")}});
  CHECK(liked.what.conversation_id == 7);
  CHECK(liked.what.seq == 5);
  CHECK(liked.what.user == user("1"));
  CHECK(liked.what.emoji == "👍🏽");
  CHECK(liked.what.on);
  CHECK(liked.users == std::vector{user("2"), user("3")});
  CHECK_FALSE(there_and_back(reacted{{7, 5, user("1"), "👍🏽", false}, {}}).what.on);

  const auto grown = there_and_back(stream_grown{7, 5, 4096, "鸿雁", {user("2")}});
  CHECK(grown.conversation_id == 7);
  CHECK(grown.seq == 5);
  CHECK(grown.offset == 4096);
  CHECK(grown.delta == "鸿雁");
  CHECK(grown.users == std::vector{user("2")});

  const auto wanted = there_and_back(stream_wanted{7, 5});
  CHECK(wanted.conversation_id == 7);
  CHECK(wanted.seq == 5);

  const auto asked = there_and_back(trace_wanted{3, 7, 5, 900});
  CHECK(asked.ticket == 3);
  CHECK(asked.conversation_id == 7);
  CHECK(asked.seq == 5);
  CHECK(asked.message_id == 900);
  const auto at = [](std::int64_t us) { return decltype(trace_event::at)(std::chrono::microseconds(us)); };
  const trace_event taken{.of = trace_event::what::taken,
                          .conversation_id = 7,
                          .first = 4,
                          .last = 5,
                          .count = 2,
                          .at = at(1'234'567),
                          .user = "1",
                          .session = "s"};
  const auto followed = there_and_back(message_followed{7, 5, 900, "00-ab"});
  CHECK(std::tie(followed.conversation_id, followed.seq, followed.message_id, followed.under) ==
        std::tuple(7, 5, 900, "00-ab"));
  const auto told = there_and_back(trace_told{3, {{taken}, 31, at(1), at(2)}});
  CHECK(told.ticket == 3);
  CHECK(told.known.taken == 31);
  CHECK(told.known.first_taken == at(1));
  CHECK(told.known.last_taken == at(2));
  REQUIRE(told.known.events.size() == 1);
  const auto& event = told.known.events.front();
  CHECK(event.of == taken.of);
  CHECK(std::tie(event.conversation_id, event.first, event.last, event.count, event.at, event.user,
                 event.session) == std::tie(taken.conversation_id, taken.first, taken.last, taken.count,
                                            taken.at, taken.user, taken.session));
}

TEST_CASE("a message of a kind that is not known yet crosses as such", "[cluster]") {
  auto sent = whole();
  sent.kind = static_cast<message_kind>(42);
  const auto log = there_and_back(log_entries{{}, {std::make_shared<const message>(sent)}});
  REQUIRE(log.entries.size() == 1);
  CHECK(log.entries.front()->kind == message_kind::unknown);
  CHECK(log.entries.front()->seq == sent.seq);
  sent.kind = message_kind::video;
  CHECK(there_and_back(log_entries{{}, {std::make_shared<const message>(sent)}}).entries.front()->kind ==
        message_kind::video);
}

TEST_CASE("items are read one after the other, and what is newer is passed over", "[cluster]") {
  const std::string unknown{"\xC8\x03\x00\x00\x00xyz", 8};
  auto longer = encode(session_left{user("1"), 9});
  longer += "more";
  longer[1] = static_cast<char>(longer[1] + 4); // its length
  const auto items = decode(encode(snapshot_begin{}) + unknown + longer + encode(entries_missed{}));
  REQUIRE(items.has_value());
  REQUIRE(items->size() == 3);
  CHECK(std::get<session_left>((*items)[1]).number == 9);
}

TEST_CASE("an item with a value that is not known is looked up in the store", "[cluster]") {
  auto sent = whole();
  sent.ext = "newer";
  auto bytes = encode(log_entries{{}, {std::make_shared<const message>(sent)}});
  bytes[bytes.find("newer")] = '\xFF';
  const auto items = decode(encode(session_left{user("1"), 9}) + bytes + encode(snapshot_end{}));
  REQUIRE(items->size() == 3);
  CHECK(std::get<session_left>((*items)[0]).number == 9);
  CHECK(std::holds_alternative<entries_missed>((*items)[1]));
  auto kicked = there_and_back(user_kicked{user("1"), {{"b", 4}}, true});
  CHECK(kicked.only_these);
  CHECK(there_and_back(entries_missed{at(7)}).since == at(7));
}

TEST_CASE("whatever is cut short is no item", "[cluster]") {
  const auto bytes = encode(log_entries{{user("2")}, {std::make_shared<const message>(whole())}}) +
                     encode(user_kicked{user("1"), {{"a", 1}}});
  const auto first = encode(log_entries{{user("2")}, {std::make_shared<const message>(whole())}}).size();
  for (std::size_t length = 1; length < bytes.size(); ++length) {
    CAPTURE(length);
    CHECK(decode(bytes.substr(0, length)).has_value() == (length == first));
  }
}

TEST_CASE("ids and texts are checked before anybody is shown them", "[cluster]") {
  auto bytes = encode(session_left{user("ab"), 9});
  bytes[9] = ' ';
  CHECK(decode(bytes).error().detail == "an id is none");
  auto came = encode(session_came{user("1"), 1, 1, {.id = "x"}});
  came[came.find('x')] = '\xFF';
  CHECK(decode(came).error().detail == "a text is not UTF-8");
  CHECK(decode({}).value().empty());
}

TEST_CASE("a length is not believed before its bytes are there", "[cluster]") {
  // 4 GiB of users, of entries, and an item of 4 GiB.
  const std::string many("\x04\x08\x00\x00\x00\xFF\xFF\xFF\xFF\xFF\xFF\xFF\xFF", 13);
  CHECK(std::holds_alternative<entries_missed>(decode(many).value().at(0)));
  CHECK_FALSE(decode(std::string("\x04\xFF\xFF\xFF\xFF", 5)).has_value());
}
