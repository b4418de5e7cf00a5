// How an HTTP connection becomes a WebSocket, and its socket a session's.

#include "actors/classic_session.hpp"
#include "actors/v1_session.hpp"
#include "core/tools/random.hpp"
#include "core/tools/wall_time.hpp"
#include "net/http_connection.hpp"
#include "net/parameters.hpp"

#include <algorithm>
#include <boost/beast/core/buffers_to_string.hpp>
#include <boost/beast/http/field.hpp>
#include <boost/beast/http/rfc7230.hpp>

namespace hongyan {

namespace {

namespace beast = boost::beast;
namespace http = boost::beast::http;

constexpr const char* v1_subprotocol = "hongyan.v1";

error bad_upgrade(std::string detail) { return {errc::malformed, std::move(detail)}; }

/// Who opens a v1 socket: whose token it is; under --auth none, whoever the address names.
result<user_id> v1_user(const routed_request& request) {
  if (request.by.is == auth::caller::kind::anyone) return user_parameter(request.to, "userId");
  if (const auto given = request.to.parameter("userId")) return user_id::parse(*given); // it must be the same
  return request.by.token.user;
}

std::optional<wall_time> end_of_token(const auth::caller& by) {
  if (by.is != auth::caller::kind::user) return {};
  return by.token.expires_at;
}

/// 16 bytes in Base64 (RFC 6455 section 4.1).
bool is_websocket_key(std::string_view key) {
  return key.size() == 24 && key.ends_with("==") && std::ranges::all_of(key.substr(0, 22), [](char c) {
           return (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '+' ||
                  c == '/';
         });
}

} // namespace

/// A reply with status 101 is none: the socket is a session's now.
reply http_connection::open_socket(bool is_v1, const routed_request& request) {
  auto user = is_v1 ? v1_user(request) : user_id::parse(request.segments[0]);
  if (!user) return problem(user.error());
  if (request.by.is == auth::caller::kind::back_end)
    return problem({errc::forbidden, "an API key opens no socket: it takes the user's token"});
  if (const auto may = auth::may_act_as(request.by, *user, auth::scope::admin); !may)
    return problem(may.error());
  if (auto bad = check_upgrade(request.http)) {
    auto r = problem(*bad);
    if (bad->code == errc::upgrade_required) {
      r.headers.emplace_back("Upgrade", "websocket");
      r.headers.emplace_back("Sec-WebSocket-Version", "13");
    }
    return r;
  }
  if (is_v1) return become_v1(request, std::move(*user));
  become_classic(request, std::move(*user));
  return {.status = 101};
}

std::optional<error> http_connection::check_upgrade(const http_request& request) const {
  const bool asked = request.version() >= 11 &&
                     http::token_list{request[http::field::connection]}.exists("upgrade") &&
                     http::token_list{request[http::field::upgrade]}.exists("websocket");
  if (!asked)
    return error{errc::upgrade_required, "this path is a WebSocket: ask for an upgrade to websocket"};
  if (request.count(http::field::sec_websocket_key) > 1 ||
      request.count(http::field::sec_websocket_version) > 1)
    return bad_upgrade("an upgrade has one Sec-WebSocket-Key and one Sec-WebSocket-Version");
  if (request[http::field::sec_websocket_version] != "13")
    return error{errc::upgrade_required, "the WebSocket version spoken here is 13"};
  if (!is_websocket_key(view(request[http::field::sec_websocket_key])))
    return bad_upgrade("Sec-WebSocket-Key must be 16 bytes in Base64");
  if (at_.server.draining) return shutting_down();
  return {};
}

/// The socket goes to a session actor, which answers the upgrade when the registry has it.
void http_connection::become_classic(const routed_request& request, user_id user) {
  upgrade asked{std::string(request.http[http::field::sec_websocket_key]), "",
                beast::buffers_to_string(buffer_.data()), user.text(), slot_.become_socket()};
  auto socket =
      std::make_shared<websocket>(at_.home, std::move(socket_), std::move(asked), at_.server.classic_sockets);
  spawn_on<classic_session>(at_.server.system, at_.home, at_.home, std::move(user),
                            session_facts{.since = wall_now(),
                                          .expires = end_of_token(request.by),
                                          .issued_us = request.by.token.issued_us},
                            std::move(socket), at_.sessions);
}

/// Contract, section 3: the subprotocol must be offered, or named in the query where a host can offer none.
reply http_connection::become_v1(const routed_request& request, user_id user) {
  const http::token_list offered{request.http[http::field::sec_websocket_protocol]};
  const bool is_offered =
      std::find(offered.begin(), offered.end(), v1_subprotocol) != offered.end(); // the case matters
  if (!is_offered && request.to.parameter("protocol") != v1_subprotocol)
    return problem(
        {errc::malformed,
         "offer the WebSocket subprotocol hongyan.v1, or say ?protocol=hongyan.v1 where none can be "
         "offered"});
  const bool has_token = request.by.is == auth::caller::kind::user;
  const auto asked_device = request.to.parameter("device");
  if (asked_device && !user_id::parse(*asked_device))
    return problem({errc::malformed, "the parameter device is " + std::string(user_id::accepted), "device"});
  const std::string device = has_token ? request.by.token.device : std::string(asked_device.value_or(""));
  if (at_.server.admitted.epoch().empty())
    return problem({errc::unavailable, "the database has not been reached yet; try again in a moment"});
  // A phone that gave this connection up and made another may be served the other first: then this one, which
  // nobody has any more, would take its device's place.
  if (socket_.peer_has_gone()) return problem({errc::unavailable, "the client has gone"});

  upgrade asked{std::string(request.http[http::field::sec_websocket_key]),
                is_offered ? v1_subprotocol
                           : "", // what was not offered must not be selected (RFC 6455 4.2.2)
                beast::buffers_to_string(buffer_.data()), user.text(), slot_.become_socket()};
  auto socket =
      std::make_shared<websocket>(at_.home, std::move(socket_), std::move(asked), at_.server.v1_sockets);
  session_facts facts{.id = random_name(16),
                      .device = device,
                      .is_v1 = true,
                      .takes_many = request.to.parameter("many") == "true",
                      .since = wall_now(),
                      .expires = end_of_token(request.by),
                      .issued_us = request.by.token.issued_us,
                      .address = request.client};
  std::unique_ptr<const trace_context> traced;
  if (const auto parent = parent_of(request.http); parent && at_.server.figures.spans.is_on())
    traced = std::make_unique<const trace_context>(*parent);
  spawn_on<v1_session>(at_.server.system, at_.home, at_.home, std::move(user), std::move(facts),
                       std::move(socket), at_.sessions, std::move(traced));
  return {.status = 101};
}

} // namespace hongyan
