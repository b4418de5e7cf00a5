#include "wechat/api.hpp"

#include "core/tools/text.hpp"

#include <catch2/catch.hpp>

using namespace hongyan;
using namespace hongyan::wechat;

namespace {

webhooks::posted said(std::string body) { return {.status = 200, .body = std::move(body)}; }

template <class T>
failure why(const answer<T>& from) {
  REQUIRE(std::holds_alternative<fault>(from));
  return std::get<fault>(from).what;
}

} // namespace

TEST_CASE("an access token is asked for so that nobody else's ends", "[wechat]") {
  const auto post = ask_for_token("https://api.weixin.qq.com", "wx1", "s\"ecret");
  CHECK(post.url == "https://api.weixin.qq.com/cgi-bin/stable_token");
  CHECK(post.body ==
        R"({"grant_type":"client_credential","appid":"wx1","secret":"s\"ecret","force_refresh":false})");
  const auto token = parse_token(said(R"({"access_token":"A_b-1","expires_in":7200})"));
  REQUIRE(std::holds_alternative<access_token>(token));
  CHECK(std::get<access_token>(token).value == "A_b-1");
  CHECK(std::get<access_token>(token).good_for == std::chrono::hours(2));
  CHECK(why(parse_token(said(R"({"errcode":40125,"errmsg":"invalid appsecret rid: 1"})"))) == failure::away);
  // It becomes part of an address.
  CHECK(why(parse_token(said(R"({"access_token":"a&b","expires_in":7200})"))) == failure::away);
  CHECK(why(parse_token(said("<html>"))) == failure::away);
  CHECK(why(parse_token({.trouble = "no answer"})) == failure::away);
}

TEST_CASE("a text goes as it stands: WeChat understands no escapes", "[wechat]") {
  const auto post = ask_about_text("https://w", "T", "o1", 2, "赌博 😀 \"q\"");
  CHECK(post.url == "https://w/wxa/msg_sec_check?access_token=T");
  CHECK(post.body == R"({"version":2,"openid":"o1","scene":2,"content":"赌博 😀 \"q\""})");
}

TEST_CASE("what is said of a text is its suggestion, not the errcode", "[wechat]") {
  const auto verdict = [](std::string body) {
    const auto parsed = parse_text_verdict(said(std::move(body)));
    REQUIRE(std::holds_alternative<content_verdict>(parsed));
    return std::get<content_verdict>(parsed);
  };
  using enum judgement;
  CHECK(verdict(R"({"errcode":0,"errmsg":"ok","result":{"suggest":"pass","label":100}})") ==
        content_verdict{pass, judged_by::wechat, 100});
  CHECK(verdict(R"({"errcode":0,"result":{"suggest":"risky","label":20002}})") ==
        content_verdict{risky, judged_by::wechat, 20002});
  CHECK(verdict(R"({"errcode":0,"result":{"suggest":"review"}})") ==
        content_verdict{review, judged_by::wechat, {}});
  CHECK(verdict(R"({"errcode":87014,"errmsg":"risky content"})") ==
        content_verdict{risky, judged_by::wechat, {}});
  for (const int code : {40001, 40014, 42001})
    CHECK(why(parse_text_verdict(said(R"({"errcode":)" + std::to_string(code) + "}"))) == failure::token);
  CHECK(why(parse_text_verdict(said(R"({"errcode":61010,"errmsg":"code is expired"})"))) ==
        failure::inactive);
  CHECK(why(parse_text_verdict(said(R"({"errcode":45009})"))) == failure::quota);
  CHECK(why(parse_text_verdict(said(R"({"errcode":-1,"errmsg":"system error"})"))) == failure::away);
  for (const char* bad :
       {"[]", "{}", R"({"errcode":0,"result":{"suggest":"maybe"}})", R"({"result":1})", "<html>"})
    CHECK(why(parse_text_verdict(said(bad))) == failure::away);
}

TEST_CASE("of a fault the log has the code alone", "[wechat]") {
  const auto parsed =
      parse_text_verdict(said(R"({"errcode":48001,"errmsg":"api unauthorized, of o1 rid: 1"})"));
  CHECK(std::get<fault>(parsed).why == "errcode 48001");
}

TEST_CASE("long texts go in pieces that overlap", "[wechat]") {
  CHECK(pieces_of("").empty());
  CHECK(pieces_of("短").size() == 1);
  std::string text;
  for (int i = 0; i < 2500; ++i) text += "字";
  CHECK(pieces_of(text).size() == 1);
  text += "尾";
  const auto two = pieces_of(text);
  REQUIRE(two.size() == 2);
  CHECK(count_characters(two[0]) == 2500);
  CHECK(count_characters(two[1]) == 101); // the last hundred of the first, and the one
  text.clear();
  for (int i = 0; i < 4096; ++i) text += i == 2499 ? "赌" : i == 2500 ? "博" : "字";
  const auto cut = pieces_of(text);
  REQUIRE(cut.size() == 2);
  CHECK(cut[0].find("赌博") == std::string_view::npos);
  CHECK(cut[1].find("赌博") != std::string_view::npos);
  CHECK(cut[1].ends_with("字"));
}

TEST_CASE("a picture is asked about by its address, and known by its trace", "[wechat]") {
  const auto post = ask_about_media("https://w", "T", "o1", media_kind::picture, "https://c/v1/files/f?a=b");
  CHECK(post.url == "https://w/wxa/media_check_async?access_token=T");
  CHECK(post.body ==
        R"({"version":2,"openid":"o1","scene":2,"media_type":2,"media_url":"https://c/v1/files/f?a=b"})");
  CHECK(std::get<std::string>(parse_trace(said(R"({"errcode":0,"errmsg":"ok","trace_id":"t1"})"))) == "t1");
  CHECK(why(parse_trace(said(R"({"errcode":0})"))) == failure::away);
  CHECK(why(parse_trace(said(R"({"errcode":45009,"errmsg":"reach max api daily quota limit"})"))) ==
        failure::quota);
  CHECK(checkable("image/png") == media_kind::picture);
  CHECK(checkable("audio/mpeg") == media_kind::audio);
  CHECK_FALSE(checkable("image/webp"));
  CHECK_FALSE(checkable("application/pdf"));
}
