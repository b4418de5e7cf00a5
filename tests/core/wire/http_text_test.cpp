#include "core/errors.hpp"
#include "core/wire/origin.hpp"
#include "core/wire/problem.hpp"
#include "core/wire/target.hpp"

#include <catch2/catch.hpp>

using namespace hongyan;

TEST_CASE("a target is a decoded path and its parameters", "[http]") {
  const auto t = parse_target("/imserver/a%3Ab%40c?userId=%E5%BC%A0+1&empty=&flag&&x=1=2");
  REQUIRE(t.has_value());
  CHECK(t->path == "/imserver/a:b@c");
  CHECK(*t->parameter("userId") == "张 1");
  CHECK(*t->parameter("empty") == "");
  CHECK(*t->parameter("flag") == "");
  CHECK(*t->parameter("x") == "1=2");
  CHECK_FALSE(t->parameter("none"));
}

TEST_CASE("a bad target is refused", "[http]") {
  for (const auto* bad :
       {"", "*", "http://h/", "/%", "/%4", "/%zz", "/%00", "/%ff", "/?a=%00", "/?%", "/?a=1&b=2&%61=1"}) {
    CAPTURE(bad);
    CHECK(parse_target(bad).has_error());
  }
}

TEST_CASE("the server's own pages, listed ones and WeChat may come in; no other", "[origin]") {
  const origin_policy local{.allowed = {"https://good.example"}, .wechat = true, .loopback_only = true};
  CHECK(is_allowed(local, "", "127.0.0.1:8080"));
  CHECK(is_allowed(local, "http://127.0.0.1:8080", "127.0.0.1:8080"));
  CHECK(is_allowed(local, "http://localhost:8080", "LOCALHOST:8080"));
  CHECK(is_allowed(local, "http://[::1]:8080", "[::1]:8080"));
  CHECK(is_allowed(local, "https://good.example", "127.0.0.1:8080"));
  CHECK(is_allowed(local, "https://servicewechat.com", "127.0.0.1:8080"));
  CHECK(is_allowed(local, "weapp://wx123/page", "127.0.0.1:8080"));

  for (const auto* origin :
       {"http://evil.example", "null", "https://good.example.evil", "https://evilgood.example",
        "http://good.example", "https://good.example:8443", "https://good.example/", "http://127.0.0.1:9090",
        "http://127.0.0.1", "http://127.0.0.1:8080.evil", "file://", "127.0.0.1:8080",
        "https://servicewechat.com.evil", "http://servicewechat.com"}) {
    CAPTURE(origin);
    CHECK_FALSE(is_allowed(local, origin, "127.0.0.1:8080"));
  }
  // A foreign name that resolves to this machine (DNS rebinding).
  CHECK_FALSE(is_allowed(local, "http://evil.example:8080", "evil.example:8080"));

  const origin_policy open{.allowed = {}, .wechat = false, .loopback_only = false};
  CHECK(is_allowed(open, "https://chat.example", "chat.example"));
  CHECK(is_allowed(open, "https://chat.example", "chat.example:443"));
  CHECK_FALSE(is_allowed(open, "https://servicewechat.com", "chat.example"));
}

TEST_CASE("an origin is scheme, host and port alone", "[origin]") {
  CHECK(is_origin("https://example.com"));
  CHECK(is_origin("http://localhost:3000"));
  for (const auto* bad :
       {"", "example.com", "https://", "https://a/", "ftp://a", "https://*", "https://a b", "https://u@h"})
    CHECK_FALSE(is_origin(bad));
}

TEST_CASE("an error is told as problem+json", "[http]") {
  CHECK(problem_json({errc::conflict, "say \"why\""}) ==
        R"({"type":"urn:hongyan:problem:conflict","title":"Conflict","status":409,"detail":"say \"why\""})");
}

TEST_CASE("each error has the contract's status", "[http]") {
  const std::pair<errc, unsigned> expected[] = {
      {errc::malformed, 400},          {errc::forbidden, 403},        {errc::not_found, 404},
      {errc::method_not_allowed, 405}, {errc::timeout, 408},          {errc::conflict, 409},
      {errc::too_large, 413},          {errc::upgrade_required, 426}, {errc::internal, 500},
      {errc::header_too_large, 431},   {errc::unavailable, 503},      {errc::outcome_unknown, 503},
  };
  for (const auto& [code, status] : expected) CHECK(row_of(code).http_status == status);
  CHECK(row_of(errc::unavailable).retry_later);
  CHECK(row_of(errc::outcome_unknown).retry_later);
}
