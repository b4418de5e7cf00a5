#include "core/wire/json.hpp"
#include "core/wire/v1/commands.hpp"

#include <boost/json.hpp>
#include <catch2/catch.hpp>

using namespace hongyan;
using namespace std::string_literals;

namespace {

const limits defaults{.notice_templates = {"t1", "t2"}};
const user_id me = *user_id::parse("2");

result<v1::command> parse(std::string_view method, const std::string& params) {
  const auto parsed = parse_json(params);
  CAPTURE(method, params);
  REQUIRE(parsed.has_value());
  return v1::parse_command(method, parsed->as_object(), me, defaults);
}

/// A send to user 1 with these further members.
result<v1::command> send(const std::string& members) {
  return parse("message.send", R"({"to":{"userId":1},"clientMsgId":"c",)" + members + "}");
}

std::string repeat(std::string_view piece, std::size_t count) {
  std::string out;
  for (std::size_t i = 0; i < count; ++i) out += piece;
  return out;
}

std::string ids(int count) {
  std::string out = "[";
  for (int i = 0; i < count; ++i) out += (i > 0 ? "," : "") + std::to_string(1000 + i);
  return out + "]";
}

} // namespace

TEST_CASE("a video is sent as a file is, the log's own kinds are not", "[v1]") {
  const auto video =
      send(R"("kind":"video","content":{"fileId":"f","seconds":2.5,"width":1,"height":2,"size":3})");
  REQUIRE(video.has_value());
  CHECK(std::get<new_message>(*video).kind == message_kind::video);
  CHECK(std::get<new_message>(*send(R"("kind":"file","content":{"fileId":"f"})")).kind == message_kind::file);
  CHECK(send(R"("kind":"video","content":{"seconds":2.5})").error().param == "content.fileId");
  for (const auto* kind : {"recall", "group", "edit", "unknown"})
    CHECK(send(R"("content":{},"kind":")" + std::string(kind) + '"').error().param == "kind");
}

TEST_CASE("a bad parameter is refused by its name", "[v1][commands]") {
  struct row {
    const char* method;
    std::string params;
    const char* param;
  };
  const auto to_one = R"("to":{"userId":"1"},"clientMsgId":"c")"s;
  const auto in_one = R"("in":{"userId":"1"})"s;
  const auto long_name = "\"" + std::string(65, 'n') + "\"";
  const std::vector<row> rows = {
      // places
      {"message.send", R"({"clientMsgId":"c","content":"x"})", "to"},
      {"message.send", R"({"to":null,"clientMsgId":"c","content":"x"})", "to"},
      {"message.send", R"({"to":"1","clientMsgId":"c","content":"x"})", "to"},
      {"message.send", R"({"to":{},"clientMsgId":"c","content":"x"})", "to"},
      {"message.send", R"({"to":{"userId":"1","groupId":"g"},"clientMsgId":"c","content":"x"})", "to"},
      {"message.send", R"({"to":{"userId":"a b"},"clientMsgId":"c","content":"x"})", "to.userId"},
      {"message.send", R"({"to":{"userId":-1},"clientMsgId":"c","content":"x"})", "to.userId"},
      {"message.send", R"({"to":{"userId":1.5},"clientMsgId":"c","content":"x"})", "to.userId"},
      {"message.send", R"({"to":{"userId":1e3},"clientMsgId":"c","content":"x"})", "to.userId"},
      {"message.send", R"({"to":{"userId":9007199254740992},"clientMsgId":"c","content":"x"})", "to.userId"},
      {"message.send", R"({"to":{"userId":18446744073709551615},"clientMsgId":"c","content":"x"})",
       "to.userId"},
      {"message.send", R"({"to":{"groupId":""},"clientMsgId":"c","content":"x"})", "to.groupId"},
      {"message.send", R"({"to":{"groupId":["g"]},"clientMsgId":"c","content":"x"})", "to.groupId"},
      // message.send
      {"message.send", R"({"to":{"userId":"1"},"content":"x"})", "clientMsgId"},
      {"message.send", R"({"to":{"userId":"1"},"clientMsgId":7,"content":"x"})", "clientMsgId"},
      {"message.send", R"({"to":{"userId":"1"},"clientMsgId":"","content":"x"})", "clientMsgId"},
      {"message.send", R"({"to":{"userId":"1"},"clientMsgId":"\u0000","content":"x"})", "clientMsgId"},
      {"message.send", R"({"to":{"userId":"1"},"content":"x","clientMsgId":)" + long_name + "}",
       "clientMsgId"},
      {"message.send", "{" + to_one + R"(,"kind":"recall","content":{"seq":1}})", "kind"},
      {"message.send", "{" + to_one + R"(,"kind":"group","content":{}})", "kind"},
      {"message.send", "{" + to_one + R"(,"kind":"Text","content":"x"})", "kind"},
      {"message.send", "{" + to_one + R"(,"kind":0,"content":"x"})", "kind"},
      {"message.send", "{" + to_one + "}", "content"},
      {"message.send", "{" + to_one + R"(,"content":null})", "content"},
      {"message.send", "{" + to_one + R"(,"content":""})", "content"},
      {"message.send", "{" + to_one + R"(,"content":{}})", "content"},
      {"message.send", "{" + to_one + R"(,"content":"a\u0000b"})", "content"},
      {"message.send", "{" + to_one + R"(,"content":"x","ext":[]})", "ext"},
      {"message.send", "{" + to_one + R"(,"content":"x","ext":"{}"})", "ext"},
      {"message.send", "{" + to_one + R"(,"kind":"custom"})", "content"},
      {"message.send", "{" + to_one + R"(,"kind":"custom","content":"x"})", "content"},
      {"message.send", "{" + to_one + R"(,"kind":"custom","content":[]})", "content"},
      {"message.send", "{" + to_one + R"(,"kind":"image","content":{}})", "content.fileId"},
      {"message.send", "{" + to_one + R"(,"kind":"image","content":{"fileId":1}})", "content.fileId"},
      {"message.send", "{" + to_one + R"(,"kind":"image","content":{"fileId":"f","width":-1}})",
       "content.width"},
      {"message.send", "{" + to_one + R"(,"kind":"image","content":{"fileId":"f","height":"1"}})",
       "content.height"},
      {"message.send", "{" + to_one + R"(,"kind":"image","content":{"fileId":"f","size":1e300}})",
       "content.size"},
      {"message.send", "{" + to_one + R"(,"kind":"voice","content":{"seconds":1}})", "content.fileId"},
      {"message.send", "{" + to_one + R"(,"kind":"voice","content":{"fileId":"f","seconds":-0.1}})",
       "content.seconds"},
      {"message.send", "{" + to_one + R"(,"kind":"voice","content":{"fileId":"f","size":true}})",
       "content.size"},
      {"message.send", "{" + to_one + R"(,"kind":"file","content":{"name":"x"}})", "content.fileId"},
      {"message.send", "{" + to_one + R"(,"kind":"file","content":{"fileId":"f","name":1}})", "content.name"},
      {"message.send", "{" + to_one + R"(,"kind":"file","content":{"fileId":"f","size":{}}})",
       "content.size"},
      {"message.send", "{" + to_one + R"(,"kind":"location","content":{"longitude":0}})", "content.latitude"},
      {"message.send", "{" + to_one + R"(,"kind":"location","content":{"latitude":90.5,"longitude":0}})",
       "content.latitude"},
      {"message.send", "{" + to_one + R"(,"kind":"location","content":{"latitude":0}})", "content.longitude"},
      {"message.send", "{" + to_one + R"(,"kind":"location","content":{"latitude":0,"longitude":-181}})",
       "content.longitude"},
      {"message.send",
       "{" + to_one + R"(,"kind":"location","content":{"latitude":0,"longitude":0,"name":[]}})",
       "content.name"},
      {"message.send",
       "{" + to_one + R"(,"kind":"location","content":{"latitude":0,"longitude":0,"address":1}})",
       "content.address"},
      // message.history, .search, .recall
      {"message.history", "{}", "in"},
      {"message.history", "{" + in_one + R"(,"beforeSeq":1,"afterSeq":1})", "beforeSeq"},
      {"message.history", "{" + in_one + R"(,"beforeSeq":0})", "beforeSeq"},
      {"message.history", "{" + in_one + R"(,"beforeSeq":1.5})", "beforeSeq"},
      {"message.history", "{" + in_one + R"(,"afterSeq":-1})", "afterSeq"},
      {"message.history", "{" + in_one + R"(,"afterSeq":9007199254740992})", "afterSeq"},
      {"message.history", "{" + in_one + R"(,"limit":0})", "limit"},
      {"message.history", "{" + in_one + R"(,"limit":501})", "limit"},
      {"message.history", "{" + in_one + R"(,"limit":"50"})", "limit"},
      {"message.search", "{}", "query"},
      {"message.search", R"({"query":""})", "query"},
      {"message.search", R"({"query":"x\u0000"})", "query"},
      {"message.search", R"({"query":")" + repeat("好", 101) + "\"}", "query"},
      {"message.search", R"({"query":"x","in":{}})", "in"},
      {"message.search", R"({"query":"x","in":[]})", "in"},
      {"message.search", R"({"query":"x","cursor":{}})", "cursor"},
      {"message.search", R"({"query":"x","limit":501})", "limit"},
      {"message.recall", R"({"seq":1})", "in"},
      {"message.recall", "{" + in_one + "}", "seq"},
      {"message.recall", "{" + in_one + R"(,"seq":0})", "seq"},
      {"message.recall", "{" + in_one + R"(,"seq":"1"})", "seq"},
      // conversations
      {"conversation.list", R"({"cursor":1})", "cursor"},
      {"conversation.list", R"({"cursor":")" + std::string(257, 'c') + "\"}", "cursor"},
      {"conversation.list", R"({"limit":0})", "limit"},
      {"conversation.read", R"({"seq":1})", "in"},
      {"conversation.read", "{" + in_one + "}", "seq"},
      {"conversation.read", "{" + in_one + R"(,"seq":0})", "seq"},
      {"conversation.read", "{" + in_one + R"(,"seq":1e2})", "seq"},
      {"conversation.typing", "{}", "in"},
      {"conversation.set", R"({"pinned":true})", "in"},
      {"conversation.set", "{" + in_one + "}", "pinned"},
      {"conversation.set", "{" + in_one + R"(,"pinned":null})", "pinned"},
      {"conversation.set", "{" + in_one + R"(,"pinned":0})", "pinned"},
      {"conversation.set", "{" + in_one + R"(,"muted":"true"})", "muted"},
      {"conversation.clear", "{}", "in"},
      // sync
      {"sync", R"({"epoch":1})", "epoch"},
      {"sync", R"({"epoch":""})", "epoch"},
      {"sync", R"({"positions":[]})", "positions"},
      {"sync", R"({"positions":{"":1}})", "positions"},
      {"sync", R"({"positions":{"0":1}})", "positions"},
      {"sync", R"({"positions":{"01":1}})", "positions"},
      {"sync", R"({"positions":{"-1":1}})", "positions"},
      {"sync", R"({"positions":{"+1":1}})", "positions"},
      {"sync", R"({"positions":{"1 ":1}})", "positions"},
      {"sync", R"({"positions":{"9223372036854775808":1}})", "positions"},
      {"sync", R"({"positions":{"1":-1}})", "positions.1"},
      {"sync", R"({"positions":{"1":null}})", "positions.1"},
      {"sync", R"({"positions":{"1":"1"}})", "positions.1"},
      {"sync", R"({"last":{}})", "last"},
      {"sync", R"({"last":[1]})", "last"},
      {"sync", R"({"last":[{},{},{},{},{},{},{},{},{}]})", "last"},
      {"sync", R"({"last":[{}]})", "last.conversationId"},
      {"sync", R"({"last":[{"conversationId":5,"seq":1,"id":1,"createTime":"2026-11-22T18:48:39.123Z"}]})",
       "last.conversationId"},
      {"sync", R"({"last":[{"conversationId":"x","seq":1,"id":1,"createTime":"2026-11-22T18:48:39.123Z"}]})",
       "last.conversationId"},
      {"sync", R"({"last":[{"conversationId":"5","seq":0,"id":1,"createTime":"2026-11-22T18:48:39.123Z"}]})",
       "last.seq"},
      {"sync",
       R"({"last":[{"conversationId":"5","seq":1,"id":"1","createTime":"2026-11-22T18:48:39.123Z"}]})",
       "last.id"},
      {"sync", R"({"last":[{"conversationId":"5","seq":1,"id":1,"createTime":"2026-02-30T18:48:39.123Z"}]})",
       "last.createTime"},
      {"sync", R"({"last":[{"conversationId":"5","seq":1,"id":1,"createTime":"2026-11-22T24:48:39.123Z"}]})",
       "last.createTime"},
      {"sync", R"({"last":[{"conversationId":"5","seq":1,"id":1,"createTime":"2026-11-22 18:48:39.123Z"}]})",
       "last.createTime"},
      {"sync", R"({"limit":0})", "limit"},
      {"sync", R"({"limit":501})", "limit"},
      {"sync", R"({"recent":-1})", "recent"},
      {"sync", R"({"recent":101})", "recent"},
      // users
      {"presence.watch", "{}", "userIds"},
      {"presence.watch", R"({"userIds":"1"})", "userIds"},
      {"presence.watch", R"({"userIds":[null]})", "userIds"},
      {"presence.watch", R"({"userIds":)" + ids(201) + "}", "userIds"},
      {"presence.unwatch", "{}", "userIds"},
      {"presence.unwatch", R"({"userIds":[[]]})", "userIds"},
      {"user.get", "{}", "userIds"},
      {"user.get", R"({"userIds":)" + ids(101) + "}", "userIds"},
      {"user.update", "{}", "name"},
      {"user.update", R"({"name":null})", "name"},
      {"user.update", R"({"name":""})", "name"},
      {"user.update", R"({"name":)" + long_name + "}", "name"},
      {"user.update", R"({"name":"x","avatar":null})", "avatar"},
      {"user.update", R"({"avatar":")" + std::string(513, 'a') + "\"}", "avatar"},
      {"block.add", "{}", "userIds"},
      {"block.add", R"({"userIds":[]})", "userIds"},
      {"block.add", R"({"userIds":[1,2]})", "userIds"},
      {"block.add", R"({"userIds":)" + ids(101) + "}", "userIds"},
      {"block.remove", R"({"userIds":[]})", "userIds"},
      {"push.grant", "{}", "templateId"},
      {"push.grant", R"({"templateId":"","count":1})", "templateId"},
      {"push.grant", R"({"templateId":"t3","count":1})", "templateId"},
      {"push.grant", R"({"templateId":"t1"})", "count"},
      {"push.grant", R"({"templateId":"t1","count":0})", "count"},
      {"push.grant", R"({"templateId":"t1","count":6})", "count"},
      // groups
      {"group.create", "{}", "name"},
      {"group.create", R"({"name":""})", "name"},
      {"group.create", R"({"name":)" + long_name + "}", "name"},
      {"group.create", R"({"name":"x","members":{}})", "members"},
      {"group.create", R"({"name":"x","members":["a b"]})", "members"},
      {"group.create", R"({"name":"x","groupId":"a/b"})", "groupId"},
      {"group.create", R"({"name":"x","history":"some"})", "history"},
      {"group.create", R"({"name":"x","history":true})", "history"},
      {"group.get", "{}", "groupId"},
      {"group.list", R"({"limit":0})", "limit"},
      {"group.list", R"({"cursor":[]})", "cursor"},
      {"group.members", "{}", "groupId"},
      {"group.members", R"({"groupId":"g","limit":0})", "limit"},
      {"group.members", R"({"groupId":"g","cursor":1})", "cursor"},
      {"group.update", R"({"name":"x"})", "groupId"},
      {"group.update", R"({"groupId":"g"})", "name"},
      {"group.update", R"({"groupId":"g","name":""})", "name"},
      {"group.update", R"({"groupId":"g","muted":1})", "muted"},
      {"group.update", R"({"groupId":"g","history":"none"})", "history"},
      {"group.add", R"({"userIds":[1]})", "groupId"},
      {"group.add", R"({"groupId":"g"})", "userIds"},
      {"group.add", R"({"groupId":"g","userIds":[]})", "userIds"},
      {"group.add", R"({"groupId":"g","userIds":)" + ids(2001) + "}", "userIds"},
      {"group.remove", R"({"groupId":"g","userIds":[{}]})", "userIds"},
      {"group.remove", R"({"userIds":[1]})", "groupId"},
      {"group.role", R"({"userId":1,"role":"admin"})", "groupId"},
      {"group.role", R"({"groupId":"g","role":"admin"})", "userId"},
      {"group.role", R"({"groupId":"g","userId":1})", "role"},
      {"group.role", R"({"groupId":"g","userId":1,"role":"boss"})", "role"},
      {"group.leave", "{}", "groupId"},
      {"group.dismiss", "{}", "groupId"},
  };
  for (const auto& [method, params, param] : rows) {
    CAPTURE(method, params);
    const auto parsed = parse(method, params);
    REQUIRE(parsed.has_error());
    CHECK(parsed.error().code == errc::malformed);
    CHECK(parsed.error().param == param);
    CHECK(parsed.error().detail.starts_with(param));
  }
}

TEST_CASE("what is too large is said so", "[v1][commands]") {
  const auto code = [](const result<v1::command>& parsed) {
    return parsed ? std::string("accepted") : std::string(row_of(parsed.error().code).name);
  };
  const auto text = [&](std::size_t count) {
    return code(send(R"("content":")" + repeat("😀", count) + "\""));
  };
  CHECK(text(4096) == "accepted");
  CHECK(text(4097) == "too-large");

  const auto custom = [&](std::size_t bytes) { // {"a":"…"} takes 8 more
    return code(send(R"("kind":"custom","content":{ "a" : ")" + std::string(bytes - 8, 'x') + "\"}"));
  };
  CHECK(custom(8192) == "accepted");
  CHECK(custom(8193) == "too-large");

  const auto ext = [&](std::size_t bytes) {
    return code(send(R"("content":"x","ext":{"a":")" + std::string(bytes - 8, 'x') + "\"}"));
  };
  CHECK(ext(1024) == "accepted");
  CHECK(ext(1025) == "too-large");

  const auto group = [&](int others) {
    return code(parse("group.create", R"({"name":"x","members":)" + ids(others) + "}"));
  };
  CHECK(group(1999) == "accepted");
  CHECK(group(2000) == "too-large");
}

TEST_CASE("what may be left out has its default, as has null", "[v1][commands]") {
  const auto sent = std::get<new_message>(*send(R"("kind":null,"content":"x","ext":null)"));
  CHECK(sent.kind == message_kind::text);
  CHECK_FALSE(sent.ext);

  const auto history =
      std::get<page_query>(*parse("message.history", R"({"in":{"groupId":"g","userId":null}})"));
  CHECK(history.in == peer_or_group::group(*user_id::parse("g")));
  CHECK_FALSE(history.before_seq);
  CHECK_FALSE(history.after_seq);
  CHECK(history.limit == 50);
  CHECK(std::get<page_query>(*parse("message.history", R"({"in":{"userId":1},"afterSeq":0})")).after_seq ==
        0);

  const auto first = std::get<list_query>(*parse("conversation.list", R"({"cursor":""})"));
  CHECK(first.cursor.empty());
  CHECK(first.limit == 50);
  CHECK(std::get<v1::list_groups>(*parse("group.list", R"({"cursor":"c"})")).cursor == "c");

  const auto resumed = std::get<v1::resume>(*parse("sync", "{}"));
  CHECK_FALSE(resumed.epoch);
  CHECK(resumed.query.positions.empty());
  CHECK(resumed.query.limit == 200);
  CHECK(resumed.query.recent == 20);
  CHECK(resumed.query.last.empty());
  const auto holding = std::get<v1::resume>(*parse(
      "sync", R"({"last":[{"conversationId":"5","seq":7,"id":9,"createTime":"2026-11-22T18:48:39.123Z"}]})"));
  REQUIRE(holding.query.last.size() == 1);
  const auto& held = holding.query.last[0];
  CHECK(std::tuple(held.conversation_id, held.seq, held.id) == std::tuple(5, 7, 9));
  CHECK(to_ms(held.created_at) == 1'795'373'319'123);

  const auto created =
      std::get<create_group>(std::get<change>(*parse("group.create", R"({"name":"x"})")).action);
  CHECK(created.id.text().empty());
  CHECK(created.members.empty());
  CHECK(created.history == group_history::joined);
}

TEST_CASE("ids are numbers or strings, and kept once", "[v1][commands]") {
  const auto watched =
      std::get<v1::watch_users>(*parse("presence.watch", R"({"userIds":[2,"2","b","a",7,"b"]})"));
  std::vector<std::string> names;
  for (const auto& user : watched.users) names.push_back(user.text());
  CHECK(names == std::vector<std::string>{"2", "b", "a", "7"});

  const auto created = std::get<create_group>(
      std::get<change>(*parse("group.create", R"({"name":"x","members":[2,1]})")).action);
  CHECK(created.members == std::vector{*user_id::parse("1")}); // the owner is a member anyway
}

TEST_CASE("objects are stored as they were sent, but for white space", "[v1][commands]") {
  const auto stored = [](const std::string& object) {
    auto parsed = send(R"("kind":"custom","content":)" + object);
    REQUIRE(parsed.has_value());
    return std::get<new_message>(*parsed).content;
  };
  CHECK(stored("{ }") == "{}");
  CHECK(stored(R"({ "b" : [ 1 , {} , [] ] , "a":null,"c":false })") ==
        R"({"b":[1,{},[]],"a":null,"c":false})");
  CHECK(stored(R"({"é":"\u4f60\ud83d\ude00\u0000\/\"\n"})") == R"({"é":"你😀\u0000/\"\n"})");
  for (const auto* number :
       {"0", "-1", "9223372036854775807", "-9223372036854775808", "18446744073709551615", "0.1", "39.9042",
        "-0.5", "116.40741234567892", "1.7976931348623157e+308", "5e-324", "1e-07", "9007199254740993"}) {
    CAPTURE(number);
    const auto object = "{\"n\":"s + number + "}";
    CHECK(stored(object) == object);
  }
  // What no 64-bit integer holds is the nearest double.
  CHECK(stored(R"({"n":100000000000000000000000})") == R"({"n":1e+23})");
  CHECK(stored(R"({"n":1.0})") == R"({"n":1})");
  CHECK(stored(R"({"n":1e-400})") == R"({"n":0})");
}

TEST_CASE("a key given twice is refused, at any depth", "[v1][commands]") {
  for (const auto* text : {R"({"a":1,"b":2,"a":3})", R"([{"a":[{"b":1,"b":1}]}])"}) {
    CAPTURE(text);
    CHECK(parse_json(text).has_error());
  }
  CHECK(parse_json(R"([{"a":1},{"a":1,"b":{"a":1}}])").has_value());
}

TEST_CASE("a request is JSON-RPC 2.0, and answered under its id", "[v1][commands]") {
  struct row {
    std::string text;
    const char* id;
    int code; ///< 0: accepted
  };
  const std::vector<row> rows = {
      {R"({"jsonrpc":"2.0","id":7,"method":"ping"})", "7", 0},
      {R"({"jsonrpc":"2.0","id":"a\n\"","method":"ping","params":{}})", R"("a\n\"")", 0},
      {R"({"jsonrpc":"2.0","id":null,"method":"ping"})", "null", 0},
      {R"({"jsonrpc":"2.0","id":-9223372036854775808,"method":"ping"})", "-9223372036854775808", 0},
      {R"({"jsonrpc":"2.0","id":18446744073709551615,"method":"ping"})", "18446744073709551615", 0},
      {R"( {"jsonrpc":"2.0","method":"ping","extra":1} )", "", 0},
      // notifications at fault are not answered either
      {R"({"jsonrpc":"2.0","method":"frob"})", "", -32601},
      {R"({"jsonrpc":"2.0","method":"message.send","params":{}})", "", -32602},
      {R"({"jsonrpc":"2.0","method":"ping","params":[]})", "", -32602},
      // not JSON
      {"", "null", -32700},
      {"{", "null", -32700},
      {R"({"jsonrpc":"2.0","id":7,"method":"ping"}})", "null", -32700},
      {R"({"jsonrpc":"2.0","id":7,"method":"ping","params":{"x":1e400}})", "null", -32700},
      {R"({"jsonrpc":"2.0","id":7,"method":"ping","params":{"x":"\ud800"}})", "null", -32700},
      {"{\"jsonrpc\":\"2.0\",\"id\":7,\"method\":\"\xFF\"}", "null", -32700},
      {R"({"jsonrpc":"2.0","id":7,"method":"ping","params":{"x":)" + std::string(6, '[') +
           std::string(6, ']') + "}}",
       "7", 0},
      {R"({"jsonrpc":"2.0","id":7,"method":"ping","params":{"x":)" + std::string(7, '[') +
           std::string(7, ']') + "}}",
       "null", -32700},
      // no request
      {"null", "null", -32600},
      {"7", "null", -32600},
      {"[]", "null", -32600},
      {R"([{"jsonrpc":"2.0","id":7,"method":"ping"}])", "null", -32600},
      {"{}", "null", -32600},
      {R"({"id":7,"method":"ping"})", "7", -32600},
      {R"({"jsonrpc":2.0,"id":"x","method":"ping"})", R"("x")", -32600},
      {R"({"jsonrpc":"1.0","id":7,"method":"ping"})", "7", -32600},
      {R"({"jsonrpc":"2.0","id":7})", "7", -32600},
      {R"({"jsonrpc":"2.0","id":7,"method":null})", "7", -32600},
      {R"({"jsonrpc":"2.0","method":1})", "null", -32600},
      {R"({"jsonrpc":"2.0","id":1.5,"method":"ping"})", "null", -32600},
      {R"({"jsonrpc":"2.0","id":true,"method":"ping"})", "null", -32600},
      {R"({"jsonrpc":"2.0","id":{},"method":"ping"})", "null", -32600},
      {R"({"jsonrpc":"2.0","id":")" + std::string(257, 'i') + R"(","method":"ping"})", "null", -32600},
      // no such method, whatever its parameters
      {R"({"jsonrpc":"2.0","id":7,"method":""})", "7", -32601},
      {R"({"jsonrpc":"2.0","id":7,"method":"Ping"})", "7", -32601},
      {R"({"jsonrpc":"2.0","id":7,"method":"ping\u0000"})", "7", -32601},
      {R"({"jsonrpc":"2.0","id":7,"method":"message.forward","params":{}})", "7", -32601},
      {R"({"jsonrpc":"2.0","id":7,"method":"frob","params":[]})", "7", -32601},
      {R"({"jsonrpc":"2.0","id":7,"method":")" + std::string(10'000, 'm') + "\"}", "7", -32601},
      // params
      {R"({"jsonrpc":"2.0","id":7,"method":"ping","params":[]})", "7", -32602},
      {R"({"jsonrpc":"2.0","id":7,"method":"ping","params":null})", "7", -32602},
  };
  for (const auto& [text, id, code] : rows) {
    CAPTURE(text);
    const auto parsed = v1::parse_request(text, me, defaults);
    CHECK(parsed.id == id);
    CHECK((parsed.what ? 0 : row_of(parsed.what.error().code).rpc_code) == code);
    if (!parsed.what) CHECK(parsed.what.error().detail.size() < 300);
  }
}
