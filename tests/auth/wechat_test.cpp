#include "auth/wechat.hpp"

#include <catch2/catch.hpp>

using namespace hongyan;
using namespace hongyan::auth;

namespace {

errc refused(long status, std::string_view body) {
  const auto openid = parse_wechat_answer(status, body);
  REQUIRE_FALSE(openid.has_value());
  return openid.error().code;
}

} // namespace

TEST_CASE("WeChat's answer says whose a code is", "[wechat]") {
  CHECK(*parse_wechat_answer(200, R"({"openid":"oABC-_1","session_key":"k","unionid":"u"})") == "oABC-_1");
  CHECK(*parse_wechat_answer(200, R"({"errcode":0,"errmsg":"ok","openid":"o1","session_key":"k"})") == "o1");
}

TEST_CASE("WeChat's refusals are told apart", "[wechat]") {
  CHECK(refused(200, R"({"errcode":40029,"errmsg":"invalid code"})") == errc::unauthorized);
  CHECK(refused(200, R"({"errcode":40163,"errmsg":"code been used"})") == errc::unauthorized);
  CHECK(refused(200, R"({"errcode":40226,"errmsg":"code blocked"})") == errc::forbidden);
  CHECK(refused(200, R"({"errcode":45011,"errmsg":"limit"})") == errc::rate_limited);
  CHECK(refused(200, R"({"errcode":-1,"errmsg":"system error"})") == errc::unavailable);
  CHECK(refused(200, R"({"errcode":40013,"errmsg":"invalid appid"})") == errc::unavailable);
  // An errcode counts more than an openid beside it.
  CHECK(refused(200, R"({"errcode":40029,"openid":"o1"})") == errc::unauthorized);
}

TEST_CASE("what is no answer of WeChat's logs nobody in", "[wechat]") {
  for (const auto* body : {"", "{", "[]", "7", "{}", R"({"openid":""})", R"({"openid":7})",
                           R"({"openid":"a b"})", R"({"openid":"ä"})", R"({"openid":"o1","errcode":"0"})"})
    CHECK(refused(200, body) == errc::unavailable);
  CHECK(refused(200, R"({"openid":")" + std::string(129, 'o') + R"("})") == errc::unavailable);
  for (const long status : {0L, 204L, 302L, 404L, 500L})
    CHECK(refused(status, R"({"openid":"o1"})") == errc::unavailable);
}
