#include "core/wire/v1/commands.hpp"
#include "net/handlers.hpp"
#include "net/reply.hpp"
#include "net/routes.hpp"
#include "net/websocket.hpp"

#include <algorithm>
#include <catch2/catch.hpp>

using namespace hongyan;

TEST_CASE("a path and a method have a row; what is not in the table is not there", "[router]") {
  const auto row = [](std::string_view method, std::string_view path) {
    return find_route(all_routes(), method, path)->row;
  };
  CHECK(row("GET", "/")->path.text == "/");
  CHECK(row("POST", "/push")->handle == push);
  CHECK(row("GET", "/imserver/1")->is_socket());
  CHECK(row("GET", "/imserver/")->is_socket()); // an empty id: the id's own error tells more
  CHECK(row("POST", "/v1/groups")->handle == make_group);
  CHECK(row("PATCH", "/v1/groups/g")->handle == update_group_of);
  const auto member = find_route(all_routes(), "PUT", "/v1/groups/g1/members/u2");
  CHECK(member->row->handle == put_member);
  CHECK(member->segments == std::array<std::string_view, 2>{"g1", "u2"});
  for (const auto* path :
       {"", "/Push", "/push/", "/imserver", "/imserver/1/2", "/v1", "//", "/v1/groups/1/2"}) {
    CAPTURE(path);
    CHECK_FALSE(find_route(all_routes(), "GET", path));
  }
}

TEST_CASE("a path takes its methods", "[router]") {
  const auto takes = [](std::string_view method, std::string_view path) {
    return find_route(all_routes(), method, path)->row != nullptr;
  };
  const auto allowed = [](std::string_view path) { return allowed_methods(all_routes(), path); };
  CHECK(takes("GET", "/getMessage"));
  CHECK(takes("HEAD", "/getMessage"));
  CHECK_FALSE(takes("POST", "/getMessage"));
  CHECK_FALSE(takes("get", "/getMessage"));
  CHECK(allowed("/getMessage") == "GET, HEAD, OPTIONS");
  // GET /close changes state: it is no safe method, so HEAD would be a lie.
  CHECK_FALSE(takes("HEAD", "/close"));
  CHECK(find_route(all_routes(), "GET", "/close")->row->changes_state);
  CHECK(allowed("/close") == "GET, OPTIONS");
  CHECK(allowed("/push") == "POST, OPTIONS");
  CHECK(allowed("/v1/groups/g") == "GET, PATCH, DELETE, HEAD, OPTIONS");
  CHECK_FALSE(takes("PUT", "/v1/groups/g"));
}

TEST_CASE("every route says what it must", "[router]") {
  for (const auto& r : all_routes()) {
    CAPTURE(r.method, r.path.text);
    CHECK(r.changes_state == (r.method != "GET" || r.is_socket() || r.path.text == "/close"));
    CHECK((r.body == body_policy::none || r.changes_state));
    // Each but once.
    CHECK(std::ranges::count_if(all_routes(), [&](const route& other) {
            return other.method == r.method && other.path.text == r.path.text;
          }) == 1);
  }
}

TEST_CASE("the methods of v1 name the routes that do the same", "[router]") {
  for (const auto& m : v1::methods()) {
    CAPTURE(m.name, m.http);
    if (m.http.empty()) continue;
    const auto space = m.http.find(' ');
    CHECK(std::ranges::any_of(all_routes(), [&](const route& r) {
      return r.method == m.http.substr(0, space) && r.path.text == m.http.substr(space + 1);
    }));
  }
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
