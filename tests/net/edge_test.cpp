// The edge over a real socket, with nothing behind it: what a handler asks, and what becomes of the answer.
#include "tests/support/edge_fixture.hpp"

#include <catch2/catch.hpp>

using namespace hongyan;
using namespace hongyan::test;
using namespace std::chrono_literals;

namespace {

const auto too_late = caf::after(5s) >> [] { FAIL("nobody asked"); };

user_id user(std::string_view text) { return *user_id::parse(text); }

append_answer stored_as(std::int64_t seq, append_status status = append_status::stored) {
  message m{.id = seq, .conversation_id = 7, .seq = seq, .from = user("1"), .to = user("2"), .content = "x"};
  return {.failure = {},
          .outcome = {.status = status, .id = seq, .conversation_id = 7, .seq = seq},
          .stored = std::make_shared<const message>(std::move(m))};
}

constexpr const char* a_push = R"({"userId":1,"targetUserId":2,"content":"x"})";

} // namespace

TEST_CASE("a push is answered once it is stored", "[edge]") {
  edge_fixture f;
  http_client client(f.port);
  client.request("POST", "/push", a_push);
  (*f.persistence)
      ->receive(
          [](append_atom, const new_message& m) {
            CHECK(m.from == user("1"));
            CHECK(m.to.id == user("2"));
            return stored_as(1);
          },
          too_late);
  const auto answer = client.read();
  CHECK(answer.status == 200);
  CHECK(answer.body == "MSG SEND SUCCESS");
}

TEST_CASE("what the store decided is the status of a send", "[edge]") {
  edge_fixture f;
  http_client client(f.port);
  for (const auto& [status, expected] :
       {std::pair(append_status::duplicate, 200), std::pair(append_status::conflict, 409),
        std::pair(append_status::blocked, 403), std::pair(append_status::silenced, 403),
        std::pair(append_status::no_group, 404)}) {
    client.request("POST", "/v1/messages",
                   R"({"from":"1","to":{"userId":"2"},"clientMsgId":"c","content":"x"})");
    (*f.persistence)
        ->receive([status = status](append_atom, const new_message&) { return stored_as(1, status); },
                  too_late);
    CHECK(client.read().status == expected);
  }
}

TEST_CASE("a query's parameters are those of the method", "[edge]") {
  edge_fixture f;
  http_client client(f.port);
  client.request("GET", "/v1/messages?userId=1&group=g&beforeSeq=9&limit=3");
  (*f.history)
      ->receive(
          [](query_atom, const v1_question& asked) {
            const auto& query = std::get<page_query>(asked.what);
            CHECK(asked.user == user("1"));
            CHECK(query.in == peer_or_group::group(user("g")));
            CHECK(query.before_seq == 9);
            CHECK(query.limit == 3);
            return v1_answer{.failure = {}, .json = "{}"};
          },
          too_late);
  CHECK(client.read().status == 200);
  for (const auto* bad : {"?userId=1", "?userId=1&group=g&limit=0", "?userId=1&group=g&peer=2",
                          "?userId=1&userId=1&group=g", "?userId=1&group=g&beforeSeq=1&afterSeq=1"}) {
    CAPTURE(bad);
    client.request("GET", std::string("/v1/messages") + bad);
    CHECK(client.read().status == 400);
  }
}

TEST_CASE("a member is put and removed, by the back end with all rights", "[edge]") {
  edge_fixture f;
  http_client client(f.port);
  client.request("PUT", "/v1/groups/g/members/2", R"({"role":"admin"})");
  (*f.persistence)
      ->receive(
          [](change_atom, const change& what) {
            CHECK_FALSE(what.by);
            const auto& added = std::get<add_members>(what.action);
            CHECK(added.users == std::vector{user("2")});
            CHECK(added.role == group_role::admin);
            return change_answer{};
          },
          too_late);
  CHECK(client.read().status == 200);
  client.request("DELETE", "/v1/groups/g/members/2");
  (*f.persistence)
      ->receive(
          [](change_atom, const change& what) {
            CHECK(std::get<remove_members>(what.action).group == user("g"));
            return change_answer{};
          },
          too_late);
  CHECK(client.read().status == 200);
}

TEST_CASE("a path that is not there, and a method that it does not take, ask nobody", "[edge]") {
  edge_fixture f;
  http_client client(f.port);
  client.request("GET", "/nowhere");
  CHECK(client.read().status == 404);
  client.request("DELETE", "/push");
  const auto refused = client.read();
  CHECK(refused.status == 405);
  CHECK(refused.head.find("Allow: POST, OPTIONS\r\n") != std::string::npos);
}

TEST_CASE("a full house refuses before it asks, and a failed store says so", "[edge]") {
  edge_fixture f;
  http_client client(f.port);
  const auto taken = f.admitted.appends.limit();
  for (std::size_t i = 0; i < taken; ++i) CHECK(f.admitted.appends.try_take());
  client.request("POST", "/push", a_push);
  CHECK(client.read().status == 503);
  f.admitted.appends.give(taken);
  client.request("POST", "/push", a_push);
  (*f.persistence)
      ->receive(
          [](append_atom, const new_message&) {
            return append_answer{.failure = error{errc::unavailable, "PostgreSQL at host: secret"}};
          },
          too_late);
  const auto answer = client.read();
  CHECK(answer.status == 503);
  CHECK(answer.body.find("secret") == std::string::npos);
  CHECK(answer.head.find("Retry-After: ") != std::string::npos);
}

TEST_CASE("a body over its limit is refused by its header, before it comes", "[edge]") {
  edge_fixture f;
  http_client client(f.port);
  client.send(
      "POST /push HTTP/1.1\r\nHost: 127.0.0.1\r\nExpect: 100-continue\r\nContent-Length: 262145\r\n\r\n");
  CHECK(client.read().status == 413);
  CHECK(client.is_closed());
}

TEST_CASE("the header decides, in this order: path, method, token, Origin, who may, the body's length",
          "[edge]") {
  server_config config;
  config.asks_for_tokens = true;
  edge_fixture f(all_routes(), config);
  const std::string evil = "Origin: http://evil.example\r\n", bad = "Authorization: Bearer x\r\n";
  const std::string large = "Expect: 100-continue\r\nContent-Length: 999999\r\n";
  const auto status = [&](std::string_view method, std::string_view path, const std::string& headers) {
    http_client client(f.port);
    client.request(method, path, {}, headers);
    return client.read().status;
  };
  CHECK(status("POST", "/nowhere", evil + bad + large) == 404);
  CHECK(status("PUT", "/push", evil + bad + large) == 405);
  CHECK(status("POST", "/push", evil + bad + large) == 401); // a bad token
  CHECK(status("POST", "/push", evil + large) == 403);       // none, from a foreign page
  CHECK(status("POST", "/push", large) == 401);              // none: who may not send may not send much
  CHECK(status("POST", "/v1/login/wechat", large) == 413);   // for anyone
  CHECK(status("GET", "/metrics", {}) == 200);               // this machine
  CHECK(status("GET", "/healthz", evil) == 200);
  // A token in the query is the tutorial's way alone.
  CHECK(status("GET", "/getMessage?userId=1&token=x", {}) == 401);
  CHECK(status("GET", "/v1/messages?userId=1&peer=2&token=x", {}) == 400);
}

TEST_CASE("a machine's own server refuses what a proxy or a foreign name brings, but for probes", "[edge]") {
  edge_fixture f;
  const auto status = [&](std::string_view path, const std::string& headers) {
    http_client client(f.port);
    client.send("GET " + std::string(path) + " HTTP/1.1\r\n" + headers + "\r\n");
    return client.read().status;
  };
  CHECK(status("/v1/users/1/sessions", "Host: evil.example\r\n") == 403);
  CHECK(status("/nowhere", "Host: 127.0.0.1\r\nX-Forwarded-For: 10.0.0.1\r\n") == 403);
  CHECK(status("/healthz", "Host: evil.example\r\n") == 200);
}

// ---- bodies that stream, both ways ----

namespace {

/// Answers how many bytes came, in how many pieces, the largest of which is.
asio::awaitable<reply> count_bytes(edge&, const routed_request& request) {
  std::size_t bytes = 0, largest = 0;
  for (;;) {
    auto piece = co_await request.body->next();
    if (!piece) co_return problem(piece.error());
    if (piece->empty()) break;
    bytes += piece->size();
    largest = std::max(largest, piece->size());
  }
  co_return text_reply(std::to_string(bytes) + (largest <= 70'000 ? " in pieces" : " at once"));
}

asio::awaitable<reply> refuse_unread(edge&, const routed_request& request) {
  co_return problem({errc::too_large, "of " + std::to_string(request.body->length().value_or(0))});
}

class many_bytes final : public body_source {
public:
  many_bytes(bool breaks, int pieces) : breaks_(breaks), pieces_(pieces) {}
  std::optional<std::uint64_t> length() const override { return 50 * piece_bytes; }
  asio::awaitable<result<std::string>> next() override {
    if (breaks_ && sent_ == 3) co_return error{errc::unavailable, "the file is gone"};
    co_return sent_++ < pieces_ ? std::string(piece_bytes, 'x') : std::string();
  }

private:
  static constexpr std::size_t piece_bytes = 65'536;
  int sent_ = 0;
  bool breaks_;
  int pieces_; ///< that come; 50 were said
};

asio::awaitable<reply> give_many(edge&, const routed_request& request) {
  auto r = text_reply("");
  const auto pieces = request.to.parameter("pieces");
  r.source = std::make_unique<many_bytes>(request.to.parameter("breaks").has_value(),
                                          pieces ? std::stoi(std::string(*pieces)) : 50);
  co_return r;
}

constexpr route streams[] = {{.method = "POST",
                              .path = "/count",
                              .body = body_policy::stream,
                              .handle = count_bytes,
                              .changes_state = true},
                             {.method = "POST",
                              .path = "/refuse",
                              .body = body_policy::stream,
                              .handle = refuse_unread,
                              .changes_state = true},
                             {.method = "GET", .path = "/many", .handle = give_many}};

} // namespace

TEST_CASE("a body of any size goes through a handler in pieces", "[edge]") {
  edge_fixture f(streams);
  http_client client(f.port);
  const std::string large(8 << 20, 'x'); // over limits.body_bytes
  client.request("POST", "/count", large);
  CHECK(client.read().body == std::to_string(large.size()) + " in pieces");
  // Again on the same connection, in chunks, and empty.
  client.send("POST /count HTTP/1.1\r\nHost: 127.0.0.1\r\nTransfer-Encoding: chunked\r\n\r\n"
              "3\r\nabc\r\n2\r\nde\r\n0\r\n\r\n");
  CHECK(client.read().body == "5 in pieces");
  client.send("POST /count HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Length: 0\r\n\r\n");
  CHECK(client.read().body == "0 in pieces");
}

TEST_CASE("a handler that reads lets the client go on that waits for it", "[edge]") {
  edge_fixture f(streams);
  http_client client(f.port);
  client.send("POST /count HTTP/1.1\r\nHost: 127.0.0.1\r\nExpect: 100-continue\r\nContent-Length: 3\r\n\r\n");
  CHECK(client.read().status == 100);
  client.send("abc");
  CHECK(client.read().body == "3 in pieces");
}

TEST_CASE("a handler may refuse a body that it has not read", "[edge]") {
  edge_fixture f(streams);
  http_client client(f.port);
  client.send("POST /refuse HTTP/1.1\r\nHost: 127.0.0.1\r\nExpect: 100-continue\r\n"
              "Content-Length: 1000000000\r\n\r\n");
  const auto answer = client.read();
  CHECK(answer.status == 413); // and not 100
  CHECK(answer.body.find("of 1000000000") != std::string::npos);
  CHECK(client.is_closed());
}

TEST_CASE("an answer may be made while it is sent; one that breaks is cut", "[edge]") {
  edge_fixture f(streams);
  http_client client(f.port);
  client.request("GET", "/many");
  CHECK(client.read().body.size() == 50 * 65'536);
  client.request("HEAD", "/many");
  client.request("GET", "/many?breaks");
  http_client again(f.port);
  again.request("GET", "/many?breaks");
  CHECK_THROWS(again.read());
}

TEST_CASE("an answer of another length than it said is cut", "[edge]") {
  edge_fixture f(streams);
  http_client less(f.port);
  less.request("GET", "/many?pieces=49");
  CHECK_THROWS(less.read());
  http_client more(f.port);
  more.request("GET", "/many?pieces=51");
  CHECK(more.read().body.size() == 50 * 65'536);
  CHECK(more.is_closed());
}
