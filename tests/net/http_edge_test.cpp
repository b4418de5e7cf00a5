#include "net/reply.hpp"
#include "net/router.hpp"
#include "net/websocket.hpp"

#include <catch2/catch.hpp>

using namespace hongyan;

TEST_CASE("paths have rows; what is not in the table is not there", "[router]") {
  CHECK(find_route("/")->to == endpoint::index);
  CHECK(find_route("/push")->to == endpoint::push);
  CHECK(find_route("/imserver/1")->to == endpoint::socket);
  CHECK(find_route("/imserver/")->to == endpoint::socket); // an empty id: the id's own error tells more
  for (const auto* path : {"", "/Push", "/push/", "/imserver", "/imserver/1/2", "/v1/connect", "//"}) {
    CAPTURE(path);
    CHECK(find_route(path) == nullptr);
  }
}

TEST_CASE("a row takes its methods", "[router]") {
  const auto& get = *find_route("/getMessage");
  CHECK(takes(get, "GET"));
  CHECK(takes(get, "HEAD"));
  CHECK_FALSE(takes(get, "POST"));
  CHECK_FALSE(takes(get, "get"));
  CHECK(allowed_methods(get) == "GET, HEAD, OPTIONS");
  // GET /close changes state: it is no safe method, so HEAD would be a lie.
  CHECK_FALSE(takes(*find_route("/close"), "HEAD"));
  CHECK(takes(*find_route("/push"), "POST"));
  CHECK(allowed_methods(*find_route("/push")) == "POST, OPTIONS");
}

TEST_CASE("an answer is written with its length and the way to go on", "[reply]") {
  const auto wire = to_wire(text_reply("ok"), {});
  CHECK(wire.starts_with("HTTP/1.1 200 OK\r\nDate: "));
  CHECK(wire.find("\r\nContent-Type: text/plain\r\nContent-Length: 2\r\n\r\nok") != std::string::npos);
  CHECK(wire.find("Connection") == std::string::npos);
  CHECK(to_wire(text_reply("ok"), {.http_1_0 = true}).find("Connection: keep-alive\r\n") !=
        std::string::npos);
  const auto head = to_wire(text_reply("ok"), {.head = true});
  CHECK(head.find("Content-Length: 2\r\n") != std::string::npos);
  CHECK(head.ends_with("\r\n\r\n"));
  auto closing = problem({errc::unavailable, "down"});
  closing.close = true;
  CHECK(to_wire(closing, {}).find("Retry-After: 1\r\n") != std::string::npos);
  CHECK(to_wire(closing, {.http_1_0 = true}).find("Connection: close\r\n") != std::string::npos);
}

TEST_CASE("the accept key is RFC 6455's own example", "[websocket]") {
  CHECK(accept_key("dGhlIHNhbXBsZSBub25jZQ==") == "s3pPLMBiTxaQ9kYGzzhZRbK+xOo=");
}
