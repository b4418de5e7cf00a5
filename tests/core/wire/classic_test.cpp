#include "core/wire/classic.hpp"

#include "core/tools/wall_time.hpp"
#include "core/wire/json.hpp"

#include <catch2/catch.hpp>
#include <cstdlib>

using namespace hongyan;
using namespace std::string_literals;

namespace {

const limits defaults;

std::string why_not(std::string_view body) {
  const auto parsed = classic::parse_push(body, defaults);
  return parsed ? "accepted" : parsed.error().detail;
}

message sample() {
  return {.id = 1,
          .conversation_id = 1,
          .seq = 1,
          .from = *user_id::parse("2"),
          .to = *user_id::parse("1"),
          .from_name = "李四",
          .to_name = "张三",
          .content = "你好",
          .created_at = wall_time(std::chrono::milliseconds(1'795'373'319'123))};
}

} // namespace

TEST_CASE("the tutorial's push is read; what the server decides is ignored", "[classic]") {
  const auto m = classic::parse_push(
      R"({"id":77,"userId":2,"targetUserId":"1","userName":"李四","targetUserName":null,"createTime":"x",)"
      R"("content":"你好","clientMsgId":"c1","foo":[{}]})",
      defaults);
  REQUIRE(m.has_value());
  CHECK(m->from.text() == "2");
  CHECK(m->to.id.text() == "1");
  CHECK(m->from_name == "李四");
  CHECK_FALSE(m->to_name);
  CHECK(m->content == "你好");
  CHECK(m->client_msg_id == "c1");
}

TEST_CASE("a bad push is refused with the field and what is accepted", "[classic]") {
  CHECK(why_not("") == "malformed JSON at byte 0: incomplete JSON");
  CHECK(why_not(R"({"userId":1,)").starts_with("malformed JSON at byte 12"));
  CHECK(why_not(R"({"userId":1} x)").starts_with("malformed JSON at byte 13"));
  CHECK(why_not("[1]").starts_with("the body must be a JSON object"));
  CHECK(why_not(R"({"targetUserId":1,"content":"x"})").starts_with("userId is missing"));
  CHECK(why_not(R"({"userId":1,"targetUserId":null,"content":"x"})").starts_with("targetUserId is missing"));
  for (const auto* id : {"-1", "1.5", "true", "{}", "\"\"", "\"a b\"", "9007199254740992", "1e3", "[1]"}) {
    CAPTURE(id);
    CHECK(why_not(R"({"targetUserId":1,"content":"x","userId":)"s + id + "}")
              .starts_with("userId is not a user id"));
  }
  for (const auto* content : {"null", "1", "{}", "[]", "\"\"", "\"a\\u0000b\""}) {
    CAPTURE(content);
    CHECK(why_not(R"({"userId":1,"targetUserId":1,"content":)"s + content + "}").starts_with("content"));
  }
  const auto with = [](const std::string& field) {
    return R"({"userId":1,"targetUserId":2,"content":"x",)" + field + "}";
  };
  CHECK(why_not(with(R"("userName":1)")) == "userName must be a string");
  CHECK(why_not(with(R"("targetUserName":")" + std::string(65, 'n') + "\"")) ==
        "targetUserName is longer than 64 characters");
  CHECK(why_not(with(R"("clientMsgId":"")")).starts_with("clientMsgId is empty"));
  CHECK(why_not(with(R"("clientMsgId":")" + std::string(65, 'n') + "\"")) ==
        "clientMsgId is longer than 64 characters");
  CHECK(why_not(with("\"clientMsgId\":\"\\u0000\"")).starts_with("clientMsgId must not contain"));
  CHECK(why_not(with("\"userName\":\"\\ud800\"")).starts_with("malformed JSON"));
  CHECK(why_not(with("\"userName\":\"\xFF\"")).starts_with("malformed JSON"));
}

TEST_CASE("content is limited in characters, not in bytes", "[classic]") {
  const auto push = [](std::size_t count) {
    std::string text;
    for (std::size_t i = 0; i < count; ++i) text += "\xF0\x9F\x98\x80";
    return R"({"userId":1,"targetUserId":2,"content":")" + text + "\"}";
  };
  CHECK(classic::parse_push(push(4096), defaults).has_value());
  const auto over = classic::parse_push(push(4097), defaults);
  REQUIRE(over.has_error());
  CHECK(over.error().code == errc::too_large);
}

TEST_CASE("JSON may be 32 deep and no deeper", "[classic]") {
  const auto nested = [](int depth) { return std::string(depth, '[') + std::string(depth, ']'); };
  CHECK(parse_json(nested(32)).has_value());
  CHECK(parse_json(nested(33)).has_error());
  CHECK(parse_json(std::string(100'000, '[')).has_error());
}

TEST_CASE("a chat is written as the tutorial's clients know it", "[classic]") {
  setenv("TZ", "Asia/Shanghai", 1);
  tzset();
  CHECK(classic::encode_chat(sample()) ==
        R"({"id":1,"userId":2,"targetUserId":1,"createTime":"2026-11-23T02:48:39.123","userName":"李四",)"
        R"("targetUserName":"张三","content":"你好"})");

  auto m = sample();
  m.from = *user_id::parse("wx:a@b");
  m.from_name.reset();
  m.content = "\"\\\n\t\x01/<b>";
  CHECK(
      classic::encode_chat(m) ==
      R"({"id":1,"userId":"wx:a@b","targetUserId":1,"createTime":"2026-11-23T02:48:39.123","userName":null,)"
      R"("targetUserName":"张三","content":"\"\\\n\t\u0001/<b>"})");
  CHECK(classic::encode_chats({}) == "[]");
}

TEST_CASE("who is online is an object keyed by user id", "[classic]") {
  CHECK(classic::encode_online({}) == "{}");
  CHECK(classic::encode_online(
            {{*user_id::parse("2"), 1, wall_time(std::chrono::milliseconds(5)), {"n1"}},
             {*user_id::parse("x"), 2, wall_time(std::chrono::milliseconds(0)), {"n1", "n2"}}}) ==
        R"({"2":{"userId":2,"sessions":1,"nodes":["n1"],"since":"1970-01-01T00:00:00.005Z"},)"
        R"("x":{"userId":"x","sessions":2,"nodes":["n1","n2"],"since":"1970-01-01T00:00:00.000Z"}})");
}

TEST_CASE("a window keeps the latest chats by id, each once, in whatever order they come", "[classic]") {
  const auto chat = [](int id) {
    return classic::chat{id, std::make_shared<const std::string>(std::to_string(id))};
  };
  classic::window w(3);
  const auto json = [&] {
    std::string out;
    w.append_json(out);
    CHECK(out.size() == w.json_bytes());
    return out;
  };
  CHECK(json() == "[]");
  const auto after = [&](int id) {
    w.add(chat(id));
    return json();
  };
  CHECK(after(5) == "[5]");
  CHECK(after(3) == "[3,5]");
  CHECK(after(5) == "[3,5]");
  CHECK(after(4) == "[3,4,5]");
  CHECK(after(2) == "[3,4,5]"); // older than all that fit
  CHECK(after(9) == "[4,5,9]");
  CHECK(after(7) == "[5,7,9]");
  CHECK(after(7) == "[5,7,9]");
  CHECK(after(6) == "[6,7,9]");
}
