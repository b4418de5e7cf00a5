#include "wechat/callback.hpp"

#include <catch2/catch.hpp>

using namespace hongyan;
using namespace hongyan::wechat;

namespace {

const wall_time now{std::chrono::seconds(1'714'036'504)};

const callback_keys keys{.token = "AAAAA", .aes_key = std::string(32, 'k'), .app_id = "wx1"};

errc refused(const result<heard>& of) {
  REQUIRE_FALSE(of.has_value());
  return of.error().code;
}

} // namespace

TEST_CASE("the signature is that of WeChat's documentation", "[wechat]") {
  // Its example: Token AAAAA, timestamp 1714036504, nonce 1514711492.
  constexpr const char* official = "f464b24fc39322e44b38aa78f5edd27bd1441696";
  CHECK(signature_of({"AAAAA", "1714036504", "1514711492"}) == official);
  CHECK(is_signed({.token = "AAAAA"},
                  {.signature = official, .timestamp = "1714036504", .nonce = "1514711492"}));
  CHECK_FALSE(is_signed({.token = "AAAAB"},
                        {.signature = official, .timestamp = "1714036504", .nonce = "1514711492"}));
  CHECK_FALSE(is_signed({.token = "AAAAA"}, {}));
}

TEST_CASE("in the clear a call is WeChat's, and of now", "[wechat]") {
  const callback_keys plain{.token = "AAAAA", .app_id = "wx1"};
  const auto call = [&](std::string_view stamp, std::string_view body = R"({"Event":"x"})") {
    const auto signature = signature_of({"AAAAA", stamp, "n1"});
    return open(plain, {.signature = signature, .timestamp = stamp, .nonce = "n1"}, body, now);
  };
  const auto good = call("1714036504");
  REQUIRE(good.has_value());
  CHECK(good->text == R"({"Event":"x"})");
  CHECK_FALSE(good->was_encrypted);
  CHECK(call("1714036204").has_value()); // five minutes ago
  CHECK(refused(call("1714036203")) == errc::forbidden);
  CHECK(refused(call("1714036805")) == errc::forbidden);
  CHECK(refused(call("soon")) == errc::forbidden);
  CHECK(refused(call("1714036504", "<xml/>")) == errc::malformed);
  CHECK(refused(open(plain, {.signature = "0", .timestamp = "1714036504", .nonce = "n1"}, "{}", now)) ==
        errc::forbidden);
}

TEST_CASE("with a key nothing is taken in the clear", "[wechat]") {
  const auto signature = signature_of({"AAAAA", "1714036504", "n1"});
  const callback_query query{.signature = signature, .timestamp = "1714036504", .nonce = "n1"};
  CHECK(refused(open(keys, query, R"({"Event":"x"})", now)) == errc::forbidden);
  CHECK(refused(open(keys, query, R"({"Encrypt":"AAAA"})", now)) == errc::forbidden);
  CHECK(refused(open(keys, query, "<xml/>", now)) == errc::malformed);
}

TEST_CASE("what is encrypted is opened, whenever it comes", "[wechat]") {
  // openssl enc -aes-256-cbc -nopad, key and IV "k", of 16 "r" + 00 00 00 0d + {"Event":"x"} + wx1 + 28 times
  // 0x1c
  const std::string encrypted =
      "u3Ljf5B0S0VSJOsvt2OyRW0XBjv9FcfemXrCXhmDlpEtZU5i11quqxDn6dxoSDunPQGnMlSjS81Aoq2utgylGg==";
  const auto call = [&](const callback_keys& with, std::string_view body_of) {
    const auto signature = signature_of({"AAAAA", "1", "n1", body_of});
    return open(with, {.message_signature = signature, .timestamp = "1", .nonce = "n1"},
                R"({"ToUserName":"gh_1","Encrypt":")" + std::string(body_of) + "\"}", now);
  };
  const auto good = call(keys, encrypted);
  REQUIRE(good.has_value());
  CHECK(good->text == R"({"Event":"x"})");
  CHECK(good->was_encrypted);
  CHECK(call(keys, encrypted)->name == good->name);
  CHECK(refused(call({"AAAAA", std::string(32, 'k'), "wx2"}, encrypted)) == errc::forbidden);
  CHECK(refused(call({"AAAAA", std::string(32, 'j'), "wx1"}, encrypted)) == errc::forbidden);
  CHECK(refused(call(keys, "AAAA")) == errc::malformed);
  CHECK(refused(call(keys, "no base64")) == errc::malformed);
  CHECK(refused(call(keys, "")) == errc::malformed);
  auto tampered = encrypted;
  tampered[30] = tampered[30] == 'A' ? 'B' : 'A';
  CHECK_FALSE(call(keys, tampered).has_value());
}

TEST_CASE("a verdict comes in either shape", "[wechat]") {
  const auto verdict = [](std::string_view text) {
    const auto parsed = parse_event(text);
    REQUIRE(parsed.has_value());
    REQUIRE(std::holds_alternative<media_verdict>(*parsed));
    return std::get<media_verdict>(*parsed);
  };
  using enum judgement;
  const auto now_is = verdict(R"({"Event":"wxa_media_check","trace_id":"t1","version":2,"errcode":0,
                                  "result":{"suggest":"risky","label":20002}})");
  CHECK(now_is.trace_id == "t1");
  CHECK(now_is.verdict == content_verdict{risky, judged_by::wechat, 20002});
  CHECK(verdict(R"({"Event":"wxa_media_check","trace_id":"t","errcode":-1})").verdict.what == failed);
  CHECK(verdict(R"({"Event":"wxa_media_check","trace_id":"t","errcode":-1,"result":{"suggest":"pass"}})")
            .verdict.what == failed);
  CHECK(verdict(R"({"Event":"wxa_media_check","trace_id":"t","isrisky":1,"status_code":0})").verdict.what ==
        risky);
  CHECK(
      verdict(R"({"Event":"wxa_media_check","trace_id":"t","isrisky":"0","status_code":"0"})").verdict.what ==
      pass);
  CHECK(verdict(R"({"Event":"wxa_media_check","trace_id":"t","isrisky":0,"status_code":4294966288})")
            .verdict.what == failed);
  CHECK(std::holds_alternative<other_event>(*parse_event(R"({"Event":"subscribe_msg_sent_event"})")));
  CHECK(std::holds_alternative<other_event>(*parse_event(R"({"MsgType":"text"})")));
  CHECK_FALSE(parse_event("[]").has_value());
  CHECK_FALSE(parse_event(R"({"Event":"wxa_media_check"})").has_value());
}

TEST_CASE("what a user answers about subscribe messages comes as one or several", "[wechat]") {
  const auto answers = [](std::string_view text) {
    const auto parsed = parse_event(text);
    REQUIRE(parsed.has_value());
    REQUIRE(std::holds_alternative<grant_answers>(*parsed));
    return std::get<grant_answers>(*parsed);
  };
  using pairs = std::vector<std::pair<std::string, bool>>;
  const auto one = answers(R"({"Event":"subscribe_msg_popup_event","FromUserName":"o1",
                               "List":{"TemplateId":"T1","SubscribeStatusString":"accept"}})");
  CHECK(one.openid == "o1");
  CHECK(one.answers == pairs{{"T1", true}});
  CHECK(answers(R"({"Event":"subscribe_msg_popup_event","List":[
                    {"TemplateId":"T1","SubscribeStatusString":"reject"},
                    {"TemplateId":"T2","SubscribeStatusString":"accept"}]})")
            .answers == pairs{{"T2", true}});
  CHECK(answers(R"({"Event":"subscribe_msg_change_event","List":[
                    {"TemplateId":"T1","SubscribeStatusString":"reject"},
                    {"TemplateId":"T2","SubscribeStatusString":"accept"}]})")
            .answers == pairs{{"T1", false}});
  for (const char* list :
       {"null", "[]", "{}", "\"x\"", "[null]", "[{}]", R"([{"TemplateId":5,"SubscribeStatusString":{}}])"})
    CHECK(
        answers(R"({"Event":"subscribe_msg_popup_event","List":)" + std::string(list) + "}").answers.empty());
  CHECK(answers(R"({"Event":"subscribe_msg_popup_event"})").answers.empty());
}
