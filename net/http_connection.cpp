#include "net/http_connection.hpp"

#include "actors/admission.hpp"
#include "actors/classic_session.hpp"
#include "actors/v1_session.hpp"
#include "core/random.hpp"
#include "core/time_format.hpp"
#include "net/parameters.hpp"

#include <algorithm>
#include <boost/asio/redirect_error.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <boost/beast/core/buffers_to_string.hpp>
#include <boost/beast/http/field.hpp>
#include <boost/beast/http/rfc7230.hpp>
#include <spdlog/spdlog.h>

namespace hongyan {

namespace {

namespace beast = boost::beast;
namespace http = boost::beast::http;

/// After an error answer the peer may still be sending: what it sends is read and thrown away for so long, or
/// the kernel would answer it with a reset, which can overtake our answer.
constexpr std::chrono::seconds linger_deadline{2};
constexpr std::size_t linger_bytes_max = 1 << 20;
/// Read at once; most requests fit.
constexpr std::size_t read_bytes = 4096;

/// A browser that came by TLS once comes by TLS for a year.
constexpr const char* remember_tls = "max-age=31536000";

constexpr const char* v1_subprotocol = "hongyan.v1";
constexpr std::string_view bearer_subprotocol = "bearer.";

error malformed(std::string detail) { return {errc::malformed, std::move(detail)}; }

std::string_view view(beast::string_view s) { return {s.data(), s.size()}; }

bool is_classic(endpoint e) {
  return e == endpoint::push || e == endpoint::get_message || e == endpoint::get_online_user ||
         e == endpoint::close || e == endpoint::classic_socket;
}

/// Who opens a v1 socket: whose token it is; under --auth none, whoever the address names.
result<user_id> v1_user(const routed_request& request) {
  if (request.by.is == auth::caller::kind::anyone) return user_parameter(request.to, "userId");
  const auto given = request.to.parameter("userId");
  if (given && *given) return user_id::parse(**given); // it must be the same
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

http_connection::http_connection(edge at, transport socket, http_connections& all)
    : at_(at)
    , socket_(std::move(socket))
    , peer_(socket_.peer().to_string())
    , deadline_(*this)
    , all_(all)
    , here_(all.insert(all.end(), this)) {
  at_.server.figures.http_connections.Increment();
}

http_connection::~http_connection() {
  at_.server.figures.http_connections.Decrement();
  all_.erase(here_);
}

void http_connection::deadline::fired(steady_time) {
  waiting.timed_out_ = true;
  waiting.socket_.cancel();
}

void http_connection::drain() {
  draining_ = true;
  if (idle_) socket_.cancel();
}

asio::awaitable<void> http_connection::serve(std::shared_ptr<http_connection> self) {
  try {
    while (co_await self->next_request()) {
    }
  } catch (const std::exception& e) {
    spdlog::error("event=uncaught_exception where=http_connection what=\"{}\"", e.what());
  }
}

/// Reads one request and answers it. False: the connection is over, or is a WebSocket now.
asio::awaitable<bool> http_connection::next_request() {
  request_reader reader(at_.server.config.limits);

  idle_ = true;
  if (buffer_.size() == 0) {
    const bool alive =
        co_await read_some(at_.home.now() + (first_ ? transfer_deadline : keep_alive_deadline));
    if (!alive) co_return false;
  }
  idle_ = first_ = false;

  auto failure = co_await read_request(reader);
  const auto& request = reader.request();
  const bool old = reader.has_header() && request.version() < 11;
  reply r;
  if (failure) {
    if (failure->code == errc::internal) co_return false; // the peer went away: nobody to tell
    r = problem(*failure);
    r.close = true;
  } else {
    r = co_await answer(request);
    if (r.status == 101) co_return false;
    r.close |= draining_ || !request.keep_alive();
  }
  if (reader.has_header()) add_cors(request, r);
  if (socket_.is_tls()) r.headers.emplace_back("Strict-Transport-Security", remember_tls);
  at_.server.figures.count_http(r.status);
  const bool head = reader.has_header() && request.method() == http::verb::head;
  auto wire = to_wire(r, {.http_1_0 = old, .head = head});
  const bool written = co_await write(std::move(wire));
  if (!written) co_return false;
  if (!r.close) co_return true;
  co_await linger();
  co_return false;
}

/// Reads until there is a whole request. errc::internal stands for a peer that went away.
asio::awaitable<std::optional<error>> http_connection::read_request(request_reader& reader) {
  using status = request_reader::status;
  auto until = at_.home.now() + transfer_deadline;
  for (;;) {
    const auto now = reader.take(buffer_);
    if (now == status::done) co_return std::nullopt;
    if (now == status::failed) co_return reader.failure();
    if (now == status::header) {
      until = at_.home.now() + transfer_deadline; // the body has its own
      if (!reader.wants_continue()) continue;
      std::string go_on = "HTTP/1.1 100 Continue\r\n\r\n";
      const bool written = co_await write(std::move(go_on));
      if (!written) co_return error{};
      continue;
    }
    const bool alive = co_await read_some(until);
    if (!alive) {
      if (timed_out_) co_return error{errc::timeout, "the request did not arrive whole within 10 seconds"};
      co_return error{};
    }
  }
}

/// Reads what there is into the buffer, waiting for it until then. False: timed out, cancelled or closed.
asio::awaitable<bool> http_connection::read_some(steady_time until) {
  if (draining_ && idle_) co_return false;
  timed_out_ = false;
  const auto space = buffer_.prepare(read_bytes);
  boost::system::error_code ec;
  for (;;) {
    const auto count = socket_.read_some(space, ec);
    buffer_.commit(count);
    if (ec != asio::error::would_block) co_return !ec;
    deadline_.set(at_.home.timers(), until);
    co_await socket_.wait_readable(asio::redirect_error(asio::use_awaitable, ec));
    deadline_.clear();
    if (ec) co_return false;
  }
}

asio::awaitable<bool> http_connection::write(std::string bytes) {
  std::size_t sent = 0;
  const auto until = at_.home.now() + answer_deadline;
  for (;;) {
    boost::system::error_code ec;
    sent += socket_.write_some(asio::buffer(bytes.data() + sent, bytes.size() - sent), ec);
    if (sent == bytes.size()) co_return true;
    if (ec && ec != asio::error::would_block) co_return false;
    if (!ec) continue;
    deadline_.set(at_.home.timers(), std::min(at_.home.now() + transfer_deadline, until));
    co_await socket_.wait_writable(asio::redirect_error(asio::use_awaitable, ec));
    deadline_.clear();
    if (ec) co_return false;
  }
}

asio::awaitable<void> http_connection::linger() {
  socket_.finish();
  const auto until = at_.home.now() + linger_deadline;
  std::size_t thrown_away = 0;
  for (bool alive = true; alive && thrown_away < linger_bytes_max;) {
    thrown_away += buffer_.size();
    buffer_.clear();
    alive = co_await read_some(until);
  }
}

asio::awaitable<reply> http_connection::answer(const http_request& request) {
  auto to = parse_target(view(request.target()));
  if (!to) co_return problem(to.error());
  const auto found = find_route(to->path);
  if (!found)
    co_return problem({errc::not_found, "there is nothing at " + to->path + "; see / for what there is"});
  const auto* row = found->row;

  const auto origin = view(request[http::field::origin]);
  const auto method = view(request.method_string());
  if (method == "OPTIONS") {
    if (!is_allowed(at_.server.origins, origin, view(request[http::field::host])))
      co_return problem(
          {errc::forbidden, "this Origin may not come in; --allow-origin lists those that may"});
    co_return reply{.status = 204, .content_type = "", .headers = {{"Allow", allowed_methods(*row)}}};
  }
  if (!takes(*row, method)) {
    auto r = problem({errc::method_not_allowed, to->path + " takes " + allowed_methods(*row)});
    r.headers.emplace_back("Allow", allowed_methods(*row));
    co_return r;
  }
  const auto by = row->is_for == route_access::anyone ? auth::caller() : identify(request, *to, row->to);
  auto client = client_address(peer_, view(request["X-Forwarded-For"]), at_.server.config.trusted_proxies);
  if (const auto may = admit(by, client, row->to); !may) co_return problem(may.error());
  // No foreign page can set an Authorization header: a good one settles it.
  // Nor does a mini-program that logs in have one yet; its code is a proof that no foreign page has.
  const bool logs_in = row->to == endpoint::v1_wechat_login && is_wechat_origin(origin);
  if (changes_state(*row, method) && !by->by_header && !logs_in) {
    // A page that may not send an Origin (an <img> for GET /close) says so in Sec-Fetch-Site.
    const bool foreign = origin.empty() && view(request["Sec-Fetch-Site"]) == "cross-site";
    if (foreign || !is_allowed(at_.server.origins, origin, view(request[http::field::host])))
      co_return problem(
          {errc::forbidden, "this Origin may not come in; --allow-origin lists those that may"});
  }
  if (row->is_for == route_access::back_ends)
    if (const auto may = auth::may_manage(*by, auth::scope::admin); !may) co_return problem(may.error());
  const routed_request routed{request, *to, std::move(client), found->segments, *by};
  if (row->to == endpoint::classic_socket || row->to == endpoint::v1_socket)
    co_return open_socket(row->to, routed);

  reply r;
  try {
    r = co_await handle(at_, row->to, routed);
  } catch (const std::exception& e) {
    spdlog::error("event=uncaught_exception where=handler path={} what=\"{}\"", row->path, e.what());
    r = problem({errc::internal, "a fault of the server; its log says more"});
  }
  co_return r;
}

/// Who asks. Contract, section 4: the classic endpoints also take a user's token as `?token=`, as the
/// tutorial proposes; v1's socket as a subprotocol, since browsers can set no header there. Errors:
/// unauthorized, malformed.
result<auth::caller> http_connection::identify(const http_request& request, const target& to,
                                               endpoint of) const {
  if (request.count(http::field::authorization) > 1) return malformed("a request has one Authorization");
  const auto in_url = to.parameter("token");
  if (!in_url) return in_url.error();
  std::string token;
  if (is_classic(of)) {
    token = in_url->value_or("");
  } else if (*in_url) {
    return malformed("a token goes into the Authorization header, never into the URL");
  } else if (of == endpoint::v1_socket) {
    for (const auto offered : http::token_list{request[http::field::sec_websocket_protocol]})
      if (offered.starts_with(bearer_subprotocol))
        token = std::string(offered.substr(bearer_subprotocol.size()));
  }
  const auto keys = at_.server.keys.get();
  return auth::identify(view(request[http::field::authorization]), token, *keys, wall_now());
}

/// Whether who asks may ask now. Errors: unauthorized, malformed, rate_limited.
result<void> http_connection::admit(const result<auth::caller>& by, const std::string& client,
                                    endpoint to) const {
  auto& server = at_.server;
  const auto now = at_.home.now();
  if (!by) {
    if (by.error().code != errc::unauthorized) return by.error();
    // Good ones are still let in: behind one address there may be many phones.
    if (const auto may = admit_login(server.admitted, server.figures, client, now); !may) return may;
    return by.error();
  }
  if (to == endpoint::classic_socket || to == endpoint::v1_socket)
    return admit_handshake(server.admitted, server.figures, client, now);
  if (by->is == auth::caller::kind::user)
    return admit_request(server.admitted, server.figures, by->token.user, now);
  return {};
}

/// A reply with status 101 is none: the socket is a session's now.
reply http_connection::open_socket(endpoint to, const routed_request& request) {
  auto user = to == endpoint::classic_socket ? user_id::parse(request.segments[0]) : v1_user(request);
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
  places::place place;
  if (auto* all = at_.server.address_places; all != nullptr && (place = all->take(request.client)) == nullptr)
    return problem({errc::rate_limited, "this address has as many live sockets as one may have"});
  if (to == endpoint::v1_socket) return become_v1(request, std::move(*user), std::move(place));
  become_classic(request, std::move(*user), std::move(place));
  return {.status = 101};
}

std::optional<error> http_connection::check_upgrade(const http_request& request) const {
  const bool asked = request.version() >= 11 &&
                     http::token_list{request[http::field::connection]}.exists("upgrade") &&
                     http::token_list{request[http::field::upgrade]}.exists("websocket");
  if (!asked)
    return error{errc::upgrade_required, "this path is a WebSocket: ask for an upgrade to websocket"};
  if (request[http::field::sec_websocket_version] != "13")
    return error{errc::upgrade_required, "the WebSocket version spoken here is 13"};
  if (!is_websocket_key(view(request[http::field::sec_websocket_key])))
    return malformed("Sec-WebSocket-Key must be 16 bytes in Base64");
  if (at_.server.draining) return error{errc::unavailable, "the server is shutting down"};
  return {};
}

/// The socket goes to a session actor, which answers the upgrade when the registry has it.
void http_connection::become_classic(const routed_request& request, user_id user, places::place place) {
  upgrade asked{std::string(request.http[http::field::sec_websocket_key]), "",
                beast::buffers_to_string(buffer_.data()), std::move(place)};
  auto socket =
      std::make_shared<websocket>(at_.home, std::move(socket_), std::move(asked), at_.server.classic_sockets);
  spawn_on<classic_session>(at_.server.system, at_.home, at_.home, std::move(user),
                            session_facts{.since = wall_now(), .expires = end_of_token(request.by)},
                            std::move(socket), at_.sessions);
}

/// Contract, section 3: the subprotocol must be offered.
reply http_connection::become_v1(const routed_request& request, user_id user, places::place place) {
  const http::token_list offered{request.http[http::field::sec_websocket_protocol]};
  if (std::find(offered.begin(), offered.end(), v1_subprotocol) == offered.end()) // the case matters
    return problem({errc::malformed, "offer the WebSocket subprotocol hongyan.v1"});
  const bool has_token = request.by.is == auth::caller::kind::user;
  const auto asked_device = request.to.parameter("device");
  if (!asked_device) return problem(asked_device.error());
  if (*asked_device && !user_id::parse(**asked_device))
    return problem({errc::malformed, "the parameter device is " + std::string(user_id::accepted), "device"});
  const std::string device = has_token ? request.by.token.device : std::string(asked_device->value_or(""));
  if (at_.server.admitted.epoch().empty())
    return problem({errc::unavailable, "the database has not been reached yet; try again in a moment"});

  upgrade asked{std::string(request.http[http::field::sec_websocket_key]), v1_subprotocol,
                beast::buffers_to_string(buffer_.data()), std::move(place)};
  auto socket =
      std::make_shared<websocket>(at_.home, std::move(socket_), std::move(asked), at_.server.v1_sockets);
  session_facts facts{.id = random_name(16),
                      .device = device,
                      .is_v1 = true,
                      .since = wall_now(),
                      .expires = end_of_token(request.by)};
  spawn_on<v1_session>(at_.server.system, at_.home, at_.home, std::move(user), std::move(facts),
                       std::move(socket), at_.sessions);
  return {.status = 101};
}

/// An --allow-origin's pages may read answers too.
void http_connection::add_cors(const http_request& request, reply& r) const {
  const auto origin = view(request[http::field::origin]);
  if (origin.empty() || !is_listed(at_.server.origins, origin)) return;
  r.headers.emplace_back("Access-Control-Allow-Origin", origin);
  r.headers.emplace_back("Vary", "Origin");
  if (request.method() != http::verb::options) return;
  r.headers.emplace_back("Access-Control-Allow-Methods", "GET, POST, PUT, PATCH, DELETE");
  r.headers.emplace_back("Access-Control-Allow-Headers", "Content-Type, Authorization");
  r.headers.emplace_back("Access-Control-Max-Age", "600");
}

} // namespace hongyan
