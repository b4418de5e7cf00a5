// The golden files in tests/golden/v1 are the protocol's examples: documentation, and what clients test
// against.
#include "core/wire/json.hpp"
#include "core/wire/v1/commands.hpp"
#include "core/wire/v1/encode.hpp"

#include <boost/json.hpp>
#include <catch2/catch.hpp>
#include <filesystem>
#include <fstream>
#include <sstream>

using namespace hongyan;
namespace json = boost::json;

namespace {

const std::filesystem::path folder = HONGYAN_SOURCE_DIR "/tests/golden/v1";
const limits defaults{.notice_templates = {"a1B2-c3_D4", "other"}};
const auto none = std::nullopt;
const wall_time then(std::chrono::milliseconds(1'795'373'319'123));

user_id id(std::string_view text) { return *user_id::parse(text); }
const user_id li = id("2"), zhang = id("1"), wx = id("wx:o6_b@w");
const peer_or_group tea = peer_or_group::group(id("tea"));

std::string compact(const json::value& value) {
  std::string out;
  append_json(out, value);
  return out;
}

/// One golden file.
struct golden {
  json::object file;

  explicit golden(const std::string& name) {
    std::ifstream in(folder / (name + ".json"));
    std::stringstream text;
    text << in.rdbuf();
    CAPTURE(name);
    auto parsed = parse_json(text.str());
    REQUIRE(parsed.has_value());
    file = parsed->as_object();
  }

  /// A part without white space.
  std::string part(std::string_view name) const { return compact(file.at(name)); }
  std::string result() const { return part("result"); }

  template <class T>
  T command() const {
    auto parsed = v1::parse_request(part("request"), li, defaults);
    CHECK(parsed.id == "1");
    REQUIRE(parsed.what.has_value());
    REQUIRE(std::holds_alternative<T>(*parsed.what));
    return std::get<T>(*parsed.what);
  }

  template <class T>
  T action() const {
    const auto wanted = command<change>();
    CHECK(wanted.by == li);
    REQUIRE(std::holds_alternative<T>(wanted.action));
    return std::get<T>(wanted.action);
  }
};

message hello() {
  return {.id = 17,
          .conversation_id = 3,
          .seq = 4,
          .from = li,
          .to = zhang,
          .from_name = "only classic clients see it",
          .content = "你好",
          .ext = R"({"mentions":["1"],"quote":{"seq":3}})",
          .client_msg_id = "c-1",
          .created_at = then};
}

message entry(message_kind kind, std::string content) {
  auto m = hello();
  m.kind = kind;
  m.content = std::move(content);
  m.ext.reset();
  return m;
}

message recalled() {
  auto m = hello();
  m.id = 15;
  m.seq = 2;
  m.content.clear();
  m.client_msg_id = "c-0";
  m.recalled = true; // and ext is not shown, be it there or not
  return m;
}

/// Of the conversation with Zhang; no client sent it.
message own_entry(message_kind kind, std::string content) {
  auto m = entry(kind, std::move(content));
  m.id = 16;
  m.seq = 3;
  m.client_msg_id.reset();
  return m;
}

message edited() {
  auto m = hello();
  m.content = "你好吗";
  m.edits = 2;
  m.reactions = {{"👍", 2, true}, {"❤️", 1, false}};
  return m;
}

message recall_entry() { return own_entry(message_kind::recall, R"({"seq":2})"); }

message group_entry() {
  auto m = entry(message_kind::group,
                 R"({"action":"create","by":"2","userIds":["2","1","wx:o6_b@w"],"name":"茶馆"})");
  m.id = 9;
  m.conversation_id = 5;
  m.seq = 1;
  m.to = tea;
  m.client_msg_id.reset();
  return m;
}

group_info tea_house() {
  return {
      .conversation_id = 5, .id = tea.id, .name = "茶馆", .owner = li, .member_count = 3, .created_at = then};
}

membership with_zhang() {
  return {
      .conversation_id = 3, .with = zhang, .last_seq = 4, .last_at = then, .read_seq = 2, .peer_read_seq = 1};
}

membership in_tea() {
  return {.conversation_id = 5,
          .with = tea,
          .role = group_role::owner,
          .last_seq = 1,
          .last_at = then,
          .read_seq = 1,
          .pinned = true,
          .muted = true};
}

} // namespace

TEST_CASE("golden: message.send", "[v1][golden]") {
  const golden file("message.send");
  const auto m = file.command<new_message>();
  CHECK(m.from == li);
  CHECK(m.to == peer_or_group(zhang));
  CHECK(m.kind == message_kind::text);
  CHECK(m.content == "你好");
  CHECK(m.ext == R"({"mentions":["1"],"quote":{"seq":3}})");
  CHECK(m.client_msg_id == "c-1");
  CHECK_FALSE(m.from_name);
  CHECK(file.result() == v1::send_result(hello(), false));
}

TEST_CASE("golden: message.history", "[v1][golden]") {
  const golden file("message.history");
  const auto q = file.command<page_query>();
  CHECK(q.user == li);
  CHECK(q.in == peer_or_group(zhang));
  CHECK(q.before_seq == 5);
  CHECK_FALSE(q.after_seq);
  CHECK(q.limit == 3);
  CHECK(file.result() == v1::history_result({{recalled(), recall_entry(), hello()}, true}));
}

TEST_CASE("golden: message.search", "[v1][golden]") {
  const golden file("message.search");
  const auto q = file.command<search_query>();
  CHECK(q.user == li);
  CHECK(q.text == "你好");
  CHECK(q.in == peer_or_group(zhang));
  CHECK(q.cursor.empty());
  CHECK(q.limit == 20);
  CHECK(file.result() == v1::search_result({{hello()}, "17"}));
}

TEST_CASE("golden: message.recall", "[v1][golden]") {
  const golden file("message.recall");
  const auto action = file.action<recall_message>();
  CHECK(action.in == peer_or_group(zhang));
  CHECK(action.seq == 2);
  CHECK(file.result() == v1::empty_result);
}

TEST_CASE("golden: message.edit", "[v1][golden]") {
  const golden file("message.edit");
  const auto action = file.action<edit_message>();
  CHECK(action.in == peer_or_group(zhang));
  CHECK(action.seq == 4);
  CHECK(action.content == "你好吗");
  CHECK(file.result() == v1::message_result(edited()));
}

TEST_CASE("golden: message.react", "[v1][golden]") {
  const golden file("message.react");
  const auto action = file.action<react_to_message>();
  CHECK(action.in == tea);
  CHECK(action.seq == 4);
  CHECK(action.emoji == "👍");
  CHECK(action.on);
  CHECK(file.result() == v1::empty_result);
}

TEST_CASE("golden: message.get", "[v1][golden]") {
  const golden file("message.get");
  const auto q = file.command<messages_query>();
  CHECK(q.user == li);
  CHECK(q.in == peer_or_group(zhang));
  CHECK(q.seqs == std::vector<std::int64_t>{4, 2});
  CHECK(file.result() == v1::messages_result({recalled(), edited()}));
}

TEST_CASE("golden: conversation.list", "[v1][golden]") {
  const golden file("conversation.list");
  const auto q = file.command<list_query>();
  CHECK(q.user == li);
  CHECK(q.cursor.empty());
  CHECK(q.limit == 2);
  CHECK(file.result() == v1::list_result({{{in_tea(), 0, none, group_entry()}, {with_zhang(), 1, 4, hello()}},
                                          "0-1795373319123-3"}));
}

TEST_CASE("golden: conversation.read and .typing", "[v1][golden]") {
  const golden read("conversation.read");
  const auto mark = read.command<read_mark>();
  CHECK(mark.user == li);
  CHECK(mark.in == peer_or_group(zhang));
  CHECK(mark.seq == 4);
  CHECK(read.result() == v1::empty_result);

  const golden typing("conversation.typing");
  CHECK(typing.command<v1::show_typing>().in == tea);
  CHECK(typing.result() == v1::empty_result);
}

TEST_CASE("golden: conversation.set and .clear", "[v1][golden]") {
  const golden set("conversation.set");
  const auto action = set.action<set_conversation>();
  CHECK(action.in == peer_or_group(zhang));
  CHECK(action.pinned == true);
  CHECK(action.muted == false);
  CHECK(set.result() == v1::empty_result);

  const golden clear("conversation.clear");
  CHECK(clear.action<clear_conversation>().in == peer_or_group(zhang));
  CHECK(clear.result() == v1::empty_result);
}

TEST_CASE("golden: sync", "[v1][golden]") {
  const golden file("sync");
  const auto asked = file.command<v1::resume>();
  CHECK(asked.epoch == "e-1");
  CHECK(asked.query.user == li);
  CHECK(asked.query.positions == std::map<std::int64_t, std::int64_t>{{3, 3}, {8, 40}});
  CHECK(asked.query.limit == 200);
  CHECK(asked.query.recent == 20);
  const sync_page page{.conversations = {{with_zhang(), 1, 4, {hello()}, {{3, 2, {{"👍", 2, true}}}}},
                                         {in_tea(), 0, none, {group_entry()}}},
                       .gone = {8}};
  CHECK(file.result() == v1::sync_result(page, "e-1", false));
}

TEST_CASE("golden: presence.watch and .unwatch", "[v1][golden]") {
  const golden watch("presence.watch");
  const auto on = watch.command<v1::watch_users>();
  CHECK(on.users == std::vector{zhang, id("7")});
  CHECK(watch.result() == v1::presence_result({zhang}));

  const golden unwatch("presence.unwatch");
  const auto off = unwatch.command<v1::unwatch_users>();
  CHECK(off.users == std::vector{zhang});
  CHECK(unwatch.result() == v1::empty_result);
}

TEST_CASE("golden: user.get and .update", "[v1][golden]") {
  const golden get("user.get");
  CHECK(get.command<v1::get_profiles>().users == std::vector{zhang, wx});
  CHECK(get.result() ==
        v1::profiles_result({{zhang, "张三", "https://example.com/1.png"}, {wx, none, none}}));

  const golden update("user.update");
  const auto action = update.action<update_profile>();
  CHECK(action.name == "李四");
  CHECK(action.avatar == "https://example.com/2.png");
  CHECK(update.result() == v1::empty_result);
}

TEST_CASE("golden: block.add, .remove and .list", "[v1][golden]") {
  const golden add("block.add");
  const auto blocked = add.action<block_users>();
  CHECK(blocked.users == std::vector{id("9")});
  CHECK(blocked.blocked);
  CHECK(add.result() == v1::empty_result);

  const golden remove("block.remove");
  const auto freed = remove.action<block_users>();
  CHECK(freed.users == std::vector{id("9")});
  CHECK_FALSE(freed.blocked);
  CHECK(remove.result() == v1::empty_result);

  const golden list("block.list");
  list.command<v1::list_blocks>();
  CHECK(list.result() == v1::blocks_result({id("9"), wx}));
}

TEST_CASE("golden: push.grant and .status", "[v1][golden]") {
  const golden grant("push.grant");
  const auto granted = grant.action<grant_notices>();
  CHECK(granted.template_id == "a1B2-c3_D4");
  CHECK(granted.count == 2);
  CHECK(grant.result() == v1::empty_result);

  const golden status("push.status");
  const auto asked = status.command<v1::list_grants>();
  CHECK(asked.templates == defaults.notice_templates);
  CHECK(status.result() == v1::grants_result(asked.templates, {{.template_id = "gone", .grants = 5},
                                                               {.template_id = "a1B2-c3_D4", .grants = 2}}));
}

TEST_CASE("golden: group.create, .get and .update", "[v1][golden]") {
  const golden create("group.create");
  const auto created = create.action<create_group>();
  CHECK(created.id == tea.id);
  CHECK(created.name == "茶馆");
  CHECK(created.members == std::vector{zhang, wx});
  CHECK(created.history == group_history::joined);
  CHECK(create.result() == v1::group_result(tea_house()));

  const golden get("group.get");
  CHECK(get.command<v1::get_group>().group == tea.id);
  CHECK(get.result() == v1::group_result(tea_house()));

  const golden update("group.update");
  const auto updated = update.action<update_group>();
  CHECK(updated.group == tea.id);
  CHECK(updated.name == "茶馆");
  CHECK(updated.muted == true);
  CHECK(updated.history == group_history::all);
  auto after = tea_house();
  after.muted = true;
  after.history = group_history::all;
  CHECK(update.result() == v1::group_result(after));
}

TEST_CASE("golden: group.list and .members", "[v1][golden]") {
  const golden list("group.list");
  const auto groups = list.command<v1::list_groups>();
  CHECK(groups.cursor.empty());
  CHECK(groups.limit == 50);
  const group_info team{.conversation_id = 6,
                        .id = id("g-9"),
                        .name = "Team \"A\"\n",
                        .owner = zhang,
                        .member_count = 2,
                        .muted = true,
                        .history = group_history::all,
                        .created_at = then};
  CHECK(list.result() == v1::groups_result({tea_house(), team}, ""));

  const golden members("group.members");
  const auto asked = members.command<v1::list_members>();
  CHECK(asked.group == tea.id);
  CHECK(asked.cursor.empty());
  CHECK(asked.limit == 3);
  CHECK(members.result() ==
        v1::members_result(
            {{li, group_role::owner, 1}, {zhang, group_role::admin, 1}, {wx, group_role::member, 1}},
            "wx:o6_b@w"));
}

TEST_CASE("golden: group.add, .remove and .role", "[v1][golden]") {
  const golden add("group.add");
  const auto added = add.action<add_members>();
  CHECK(added.group == tea.id);
  CHECK(added.users == std::vector{id("7")});
  auto four = tea_house();
  four.member_count = 4;
  CHECK(add.result() == v1::group_result(four));

  const golden remove("group.remove");
  const auto removed = remove.action<remove_members>();
  CHECK(removed.group == tea.id);
  CHECK(removed.users == std::vector{id("7")});
  CHECK(remove.result() == v1::group_result(tea_house()));

  const golden role("group.role");
  const auto given = role.action<set_role>();
  CHECK(given.group == tea.id);
  CHECK(given.user == zhang);
  CHECK(given.role == group_role::owner);
  auto handed_over = tea_house();
  handed_over.owner = zhang;
  CHECK(role.result() == v1::group_result(handed_over));
}

TEST_CASE("golden: group.leave and .dismiss", "[v1][golden]") {
  const golden leave("group.leave");
  CHECK(leave.action<leave_group>().group == tea.id);
  CHECK(leave.result() == v1::empty_result);

  const golden dismiss("group.dismiss");
  CHECK(dismiss.action<dismiss_group>().group == tea.id);
  CHECK(dismiss.result() == v1::empty_result);
}

TEST_CASE("golden: session.refresh", "[v1][golden]") {
  const golden file("session.refresh");
  CHECK(file.command<v1::refresh_token>().token == "eyJhbGciOiJIUzI1NiJ9.e30.c2ln");
  CHECK(file.result() == v1::refresh_result(then));
}

TEST_CASE("golden: ping", "[v1][golden]") {
  const golden file("ping");
  file.command<v1::ping>();
  CHECK(file.result() == v1::ping_result(then, {{3, 4}, {5, 1}}));
}

TEST_CASE("golden: notifications", "[v1][golden]") {
  const auto text = [](const std::string& name) {
    return golden("notification." + name).part("notification");
  };
  CHECK(text("session") == v1::session_notification({.user = li,
                                                     .session_id = "s-1",
                                                     .node = "127.0.0.1:8080",
                                                     .epoch = "e-1",
                                                     .heartbeat = std::chrono::seconds(25),
                                                     .now = then,
                                                     .recall_window = std::chrono::seconds(120),
                                                     .edit_window = std::chrono::seconds(900),
                                                     .expires = then},
                                                    defaults));
  CHECK(v1::session_notification({}, defaults).ends_with(R"("expiresAt":null}})"));
  CHECK(text("conversation") == v1::own_notification(own_settings{3, true, false, 4, 6}));
  CHECK(text("profile") == v1::own_notification(profile{li, "李四", none}));
  CHECK(text("message") == v1::message_notification(hello()));
  CHECK(text("messages") ==
        v1::messages_notification(std::vector{v1::terse_message(hello()), v1::terse_message(recall_entry()),
                                              v1::terse_message(recalled())}));
  CHECK(text("reaction") == v1::reaction_notification({3, 4, zhang, "👍", true}));
  CHECK(text("stream") == v1::stream_notification(3, 5, 6, "在这里"));
  CHECK(text("read") == v1::read_notification(3, zhang, 4));
  CHECK(text("typing") == v1::typing_notification(3, zhang));
  CHECK(text("presence") == v1::presence_notification(zhang, true));
  CHECK(text("closing") == v1::closing_notification(close_code::going_away, "the server is going away",
                                                    std::chrono::milliseconds(1500)));
  CHECK(v1::closing_notification(close_code::kicked, "an operator ended it", none)
            .ends_with(R"("reconnectAfterMs":null}})"));
}

TEST_CASE("golden: messages of every kind", "[v1][golden]") {
  auto escapes = entry(message_kind::text, "\"quoted\" \\ back\nnew line\ttab / \x01 😀");
  escapes.conversation_id = 5;
  escapes.seq = 2;
  escapes.from = wx;
  escapes.to = tea;
  const std::vector<message> messages = {
      entry(message_kind::text, "你好"),
      entry(message_kind::image, R"({"fileId":"f-1","width":800,"height":600,"size":34567})"),
      entry(message_kind::voice, R"({"fileId":"f-2","seconds":2.5,"size":4000})"),
      entry(message_kind::video, R"({"fileId":"f-4","seconds":12,"width":720,"height":1280,"size":1500000})"),
      entry(message_kind::file, R"({"fileId":"f-3","name":"报告.pdf","size":123456})"),
      entry(message_kind::location, R"({"latitude":39.90421234567891,"longitude":116.4074123456789,)"
                                    R"("name":"天安门","address":""})"),
      entry(message_kind::custom, R"({"type":"vote","options":["a","b"],"open":true,"until":null})"),
      recall_entry(),
      own_entry(message_kind::edit, R"({"seq":2,"content":"你好吗"})"),
      group_entry(),
      own_entry(kind_of(42), R"({"of":"a newer release"})"),
      recalled(),
      escapes,
      edited(),
      own_entry(message_kind::edit, R"({"seq":2,"content":null})"),
      entry(message_kind::text_stream, "你"),
  };
  const golden file("messages");
  const auto& shown = file.file.at("messages").as_array();
  REQUIRE(shown.size() == messages.size());
  for (std::size_t i = 0; i < messages.size(); ++i)
    CHECK(compact(shown[i]) == v1::encode_message(messages[i]));
}

TEST_CASE("a kind that is not known is shown with what it holds, or null, and counts for nothing", "[v1]") {
  CHECK(kind_of(42) == message_kind::unknown);
  CHECK(kind_of(-1) == message_kind::unknown);
  CHECK(kind_of(8) == message_kind::video);
  CHECK(name_of(static_cast<message_kind>(200)) == "unknown");
  CHECK(is_own_entry(message_kind::unknown));
  CHECK(is_own_entry(message_kind::edit));
  CHECK_FALSE(is_own_entry(message_kind::video));
  for (const auto& [content, shown] : {std::pair{R"({"a":[1]})", R"({"a":[1]})"},
                                       {"", "null"},
                                       {"text", "null"},
                                       {"[1]", "null"},
                                       {"{\"a\":", "null"}})
    CHECK_THAT(v1::encode_message(entry(kind_of(42), content)),
               Catch::Contains(R"("kind":"unknown","content":)" + std::string(shown) + R"(,"ext")"));
  auto gone = recalled();
  gone.kind = message_kind::unknown;
  CHECK_THAT(v1::encode_message(gone), Catch::Contains(R"("content":null)"));
  CHECK_THAT(v1::encode_message(entry(message_kind::video, R"({"fileId":"f"})")),
             Catch::Contains(R"("kind":"video","content":{"fileId":"f"})"));
}

TEST_CASE("golden: errors", "[v1][golden]") {
  const golden file("errors");
  for (const auto& example : file.file.at("requests").as_array()) {
    const auto parsed = v1::parse_request(example.at("text").as_string(), li, defaults);
    CAPTURE(example.at("text"));
    REQUIRE(parsed.what.has_error());
    CHECK(v1::failure(parsed.id, parsed.what.error()) == compact(example.at("answer")));
  }

  const error others[] = {
      {errc::unauthorized, "this server asks for no tokens"},
      {.code = errc::forbidden, .detail = "you are blocked in this conversation", .reason = "blocked"},
      {errc::not_found, "there is no such group, or it is not yours"},
      {errc::conflict, "the clientMsgId is taken by another message"},
      {errc::too_large, "the group has at most 2000 members", "members"},
      {errc::rate_limited, "32 sends are in flight already", "", std::chrono::milliseconds(1200)},
      {errc::unavailable, "the database does not answer; nothing was stored", "",
       std::chrono::milliseconds(1200)},
      {errc::outcome_unknown, "the message may have been stored: send it again with the same clientMsgId", "",
       std::chrono::milliseconds(1200)},
      {errc::internal, "a fault of the server; its log says more", "", std::chrono::milliseconds(1200)},
      {errc::malformed, "cursor is not one of ours", "cursor"},
      {.code = errc::forbidden,
       .detail = "this user is banned",
       .reason = "banned",
       .until = "2026-11-22T11:48:39.123Z"},
      {.code = errc::forbidden, .detail = "this user is banned", .reason = "banned", .until = ""},
      {.code = errc::refused_content,
       .detail = "it was refused by a check of its content: advertising",
       .reason = "advertising"},
  };
  const auto& answers = file.file.at("answers").as_array();
  REQUIRE(answers.size() == std::size(others));
  for (std::size_t i = 0; i < answers.size(); ++i) CHECK(v1::failure("1", others[i]) == compact(answers[i]));
  CHECK(v1::failure("null", {errc::not_found, ""}) ==
        R"({"jsonrpc":"2.0","id":null,"error":{"code":-32004,"message":"Not found"}})");
}

TEST_CASE("golden: every method has its file, and its bad requests are refused as shown", "[v1][golden]") {
  for (const auto& [name, what, http, read] : v1::methods()) {
    CAPTURE(name);
    const golden file{std::string(name)};
    CHECK(file.file.at("request").at("method").as_string() == name);
    CHECK(file.file.contains("result"));
    for (const auto& example : file.file.at("errors").as_array()) {
      const auto text = compact(example.at("request"));
      CAPTURE(text);
      const auto parsed = v1::parse_request(text, li, defaults);
      REQUIRE(parsed.what.has_error());
      CHECK(v1::failure(parsed.id, parsed.what.error()) ==
            R"({"jsonrpc":"2.0","id":1,"error":)" + compact(example.at("error")) + "}");
    }
  }
}

TEST_CASE("a result is answered under the request's id", "[v1]") {
  CHECK(v1::answer("\"a\"", v1::empty_result) == R"({"jsonrpc":"2.0","id":"a","result":{}})");
}
