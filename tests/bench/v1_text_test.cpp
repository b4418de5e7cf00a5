#include "bench/v1_text.hpp"

#include <boost/json/parse.hpp>
#include <catch2/catch.hpp>

using namespace hongyan::bench;
namespace json = boost::json;

namespace {

std::string message(std::int64_t conversation, std::int64_t seq, const std::string& content) {
  return R"({"id":99,"conversationId":")" + std::to_string(conversation) + R"(","seq":)" +
         std::to_string(seq) + R"(,"from":"1","to":{"userId":"2"},"kind":"text","content":)" + content +
         R"(,"ext":null,"clientMsgId":"c-1","createTime":"2026-11-22T10:48:39.123Z","recalled":false})";
}

std::string notification(const std::string& method, const std::string& params) {
  return R"({"jsonrpc":"2.0","method":")" + method + R"(","params":)" + params + "}";
}

std::string synced(std::int64_t conversation, const std::string& messages, bool more) {
  return R"({"conversationId":")" + std::to_string(conversation) +
         R"(","place":{"userId":"1"},"lastSeq":9,"readSeq":0,"peerReadSeq":0,"unread":9,"pinned":false,)"
         R"("muted":false,"firstSeq":1,"messages":[)" +
         messages + R"(],"hasMore":)" + (more ? "true" : "false") + "}";
}

std::string sync_result(bool reset, const std::string& conversations, bool more) {
  return R"({"epoch":"e","reset":)" + std::string(reset ? "true" : "false") + R"(,"conversations":[)" +
         conversations + R"(],"gone":[],"hasMore":)" + (more ? "true" : "false") + "}";
}

} // namespace

TEST_CASE("requests are JSON-RPC as the contract has it", "[bench][v1]") {
  CHECK(json::parse(ping_request()) ==
        json::parse(R"({"jsonrpc":"2.0","id":0,"method":"ping","params":{}})"));
  CHECK(json::parse(send_request(7, user_place(12), "c-7", "hello")) ==
        json::parse(R"({"jsonrpc":"2.0","id":7,"method":"message.send","params":{"to":{"userId":"12"},)"
                    R"("clientMsgId":"c-7","kind":"text","content":"hello"}})"));
  CHECK(json::parse(create_group_request(1, "g", {2, 3})) ==
        json::parse(R"({"jsonrpc":"2.0","id":1,"method":"group.create","params":{"groupId":"g","name":"g",)"
                    R"("members":["2","3"]}})"));
  CHECK(json::parse(sync_request(1, "e", {{4, 5}, {6, 7}})) ==
        json::parse(R"({"jsonrpc":"2.0","id":1,"method":"sync","params":{"epoch":"e",)"
                    R"("positions":{"4":5,"6":7}}})"));
  CHECK(json::parse(sync_request(1, "e", {})).at("params").at("positions").as_object().empty());
  CHECK(json::parse(group_place("g")).at("groupId").as_string() == "g");
}

TEST_CASE("a text from the server is told by its envelope", "[bench][v1]") {
  const auto result = read_text(R"({"jsonrpc":"2.0","id":12,"result":{"a":1}})");
  CHECK(result.kind == v1_kind::result);
  CHECK(result.id == 12);
  CHECK(result.body == R"({"a":1})");

  const auto failure = read_text(R"({"jsonrpc":"2.0","id":3,"error":{"code":-32009,"message":"taken"}})");
  CHECK(failure.kind == v1_kind::failure);
  CHECK(failure.id == 3);
  CHECK(read_failure(failure.body) == "-32009 taken");
  CHECK(read_text(R"({"jsonrpc":"2.0","id":null,"error":{"code":-32700}})").kind == v1_kind::failure);

  CHECK(read_text(notification("session", "{}")).kind == v1_kind::session);
  CHECK(read_text(notification("message", "{}")).kind == v1_kind::message);
  CHECK(read_text(notification("presence", "{}")).kind == v1_kind::other);
}

TEST_CASE("a text that is no JSON-RPC of ours is unreadable", "[bench][v1]") {
  for (const std::string text : {"", "{}", "[]", R"({"jsonrpc":"2.0",})",
                                 R"({"jsonrpc":"2.0","id":"x","result":1})", R"({"jsonrpc":"2.0","id":1})",
                                 R"({"jsonrpc":"2.0","id":1,"result":{})"
                                 "\n",
                                 R"([{"id":1,"userId":2}])"}) {
    CAPTURE(text);
    CHECK(read_text(text).kind == v1_kind::unreadable);
  }
}

TEST_CASE("a message is read from a notification and from an answer", "[bench][v1]") {
  const auto frame = notification("message", R"({"message":)" + message(4, 5, R"("hello")") + "}");
  const auto m = read_message(read_text(frame).body);
  REQUIRE(m);
  CHECK(m->conversation == 4);
  CHECK(m->seq == 5);
  CHECK(m->content == "hello");

  const auto sent = read_message(R"({"message":)" + message(4, 6, R"("ho")") + R"(,"duplicate":false})");
  REQUIRE(sent);
  CHECK(sent->seq == 6);
  CHECK_FALSE(read_message("{}"));
}

TEST_CASE("a content that is no text is none of ours", "[bench][v1]") {
  for (const std::string content : {"null", R"({"action":"create","by":"1","userIds":["1"],"name":"g"})"}) {
    const auto frame = message(4, 1, content);
    const auto m = read_message(frame);
    REQUIRE(m);
    CHECK(m->seq == 1);
    CHECK(m->content.empty());
  }
}

TEST_CASE("a session tells its epoch and heartbeat", "[bench][v1]") {
  const auto facts = read_session(
      R"({"userId":"1","sessionId":"s","node":"n","epoch":"e-1","heartbeatSeconds":25,"limits":{}})");
  REQUIRE(facts);
  CHECK(facts->epoch == "e-1");
  CHECK(facts->heartbeat_seconds == 25);
  CHECK_FALSE(read_session(R"({"epoch":"e-1"})"));
  CHECK_FALSE(read_session(R"({"epoch":"e-1","heartbeatSeconds":0})"));
}

TEST_CASE("a resume is read with all its messages", "[bench][v1]") {
  std::vector<v1_message> messages;
  const auto body =
      sync_result(false,
                  synced(4, message(4, 2, R"("a")") + "," + message(4, 3, R"("b")"), true) + "," +
                      synced(5, message(5, 1, R"("c")"), false) + "," + synced(6, "", false),
                  true);
  const auto facts = read_sync(body, messages);
  REQUIRE(facts);
  CHECK(facts->has_more);
  CHECK_FALSE(facts->reset);
  REQUIRE(messages.size() == 3);
  CHECK(messages[0].content == "a");
  CHECK(messages[1].seq == 3);
  CHECK(messages[2].conversation == 5);
}

TEST_CASE("the resume's own hasMore counts, not a conversation's", "[bench][v1]") {
  std::vector<v1_message> messages;
  const auto body = sync_result(false, synced(4, message(4, 2, R"("a")"), true), false);
  CHECK_FALSE(read_sync(body, messages)->has_more);
}

TEST_CASE("positions that were called void are noticed", "[bench][v1]") {
  std::vector<v1_message> messages;
  CHECK(read_sync(sync_result(true, "", false), messages)->reset);
  CHECK_FALSE(read_sync("{}", messages));
}

TEST_CASE("a text may have several messages", "[bench][v1]") {
  const auto text = notification("messages", R"({"messages":[)" + message(7, 4, R"("a")") + "," +
                                                 message(7, 5, R"("b")") + "]}");
  const auto read = read_text(text);
  CHECK(read.kind == v1_kind::messages);
  std::vector<v1_message> messages;
  REQUIRE(read_messages(read.body, messages));
  REQUIRE(messages.size() == 2);
  CHECK(messages[0].seq == 4);
  CHECK(messages[1].content == "b");
}
