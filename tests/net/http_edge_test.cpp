#include "net/reply.hpp"
#include "net/router.hpp"
#include "net/websocket.hpp"

#include <catch2/catch.hpp>

using namespace hongyan;

TEST_CASE("paths have rows; what is not in the table is not there", "[router]") {
  const auto to = [](std::string_view path) { return find_route(path)->row->to; };
  CHECK(to("/") == endpoint::index);
  CHECK(to("/push") == endpoint::push);
  CHECK(to("/imserver/1") == endpoint::classic_socket);
  CHECK(to("/imserver/") == endpoint::classic_socket); // an empty id: the id's own error tells more
  CHECK(to("/v1/groups") == endpoint::v1_groups);
  CHECK(find_route("/imserver/ab")->segments[0] == "ab");
  const auto member = find_route("/v1/groups/g1/members/u2");
  CHECK(member->row->to == endpoint::v1_member);
  CHECK(member->segments == std::array<std::string_view, 2>{"g1", "u2"});
  for (const auto* path :
       {"", "/Push", "/push/", "/imserver", "/imserver/1/2", "/v1", "//", "/v1/groups/1/2"}) {
    CAPTURE(path);
    CHECK_FALSE(find_route(path));
  }
}

TEST_CASE("a row takes its methods", "[router]") {
  const auto row = [](std::string_view path) -> const route& { return *find_route(path)->row; };
  const auto& get = row("/getMessage");
  CHECK(takes(get, "GET"));
  CHECK(takes(get, "HEAD"));
  CHECK_FALSE(takes(get, "POST"));
  CHECK_FALSE(takes(get, "get"));
  CHECK(allowed_methods(get) == "GET, HEAD, OPTIONS");
  // GET /close changes state: it is no safe method, so HEAD would be a lie.
  CHECK_FALSE(takes(row("/close"), "HEAD"));
  CHECK(changes_state(row("/close"), "GET"));
  CHECK(takes(row("/push"), "POST"));
  CHECK(allowed_methods(row("/push")) == "POST, OPTIONS");
  const auto& group = row("/v1/groups/g");
  CHECK(takes(group, "PATCH"));
  CHECK_FALSE(takes(group, "PUT"));
  CHECK_FALSE(changes_state(group, "GET"));
  CHECK(changes_state(group, "DELETE"));
  CHECK(allowed_methods(group) == "GET, PATCH, DELETE, HEAD, OPTIONS");
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
  const auto later = to_wire(closing, {}); // spread over half a second to two
  CHECK((later.find("Retry-After: 1\r\n") != std::string::npos ||
         later.find("Retry-After: 2\r\n") != std::string::npos));
  CHECK(to_wire(closing, {.http_1_0 = true}).find("Connection: close\r\n") != std::string::npos);
}

TEST_CASE("the accept key is RFC 6455's own example", "[websocket]") {
  CHECK(accept_key("dGhlIHNhbXBsZSBub25jZQ==") == "s3pPLMBiTxaQ9kYGzzhZRbK+xOo=");
}
