// What the header of a request decides, before anything of a body is kept or asked for: where it goes, who
// asks, whether they may now, and which pages may read the answer.

#include "actors/admission.hpp"
#include "core/tools/wall_time.hpp"
#include "net/http_connection.hpp"

#include <boost/beast/http/field.hpp>
#include <boost/beast/http/rfc7230.hpp>

namespace hongyan {

namespace {

namespace beast = boost::beast;
namespace http = boost::beast::http;

constexpr const char* crowded = "this address has as many connections as one may have";

constexpr std::string_view bearer_subprotocol = "bearer.";
constexpr beast::string_view forwarded_prefix = "X-Forwarded-";

/// Whether a proxy or a foreign name brought the request: --auth none is for this machine alone, and a proxy
/// on it brings strangers to loopback (contract, section 1, `--auth`). One that hides itself cannot be seen.
std::optional<error> from_elsewhere(const http_request& request) {
  for (const auto& field : request) {
    const auto name = field.name_string();
    const bool by_proxy = beast::iequals(name, "Forwarded") || beast::iequals(name, "Via") ||
                          beast::iequals(name, "X-Real-IP") ||
                          beast::iequals(name.substr(0, forwarded_prefix.size()), forwarded_prefix);
    if (by_proxy)
      return error{errc::forbidden,
                   "this server runs with --auth none, which is for this machine alone, and the header " +
                       std::string(name) +
                       " says that a proxy brings others here: use --auth token, or --insecure if everybody "
                       "may read and send as anybody"};
  }
  if (request.count(http::field::host) > 0 && !is_loopback_authority(view(request[http::field::host])))
    return error{
        errc::forbidden,
        "this server runs with --auth none, which is for this machine alone: ask for it by a loopback "
        "name such as localhost or 127.0.0.1, or use --auth token, or --insecure"};
  return {};
}

} // namespace

bool http_connection::is_refused() const {
  return slot_.admitted_as() != connection_table::admission::served;
}

/// Whether the server lives is answered in the reserve, too; to whatever method.
bool http_connection::is_for_probers(const http_request& request) const {
  const auto path = view(request.target()).substr(0, request.target().find('?'));
  const auto found = find_route(at_.server.routes, "GET", path);
  return found && found->row != nullptr && found->row->is_probe;
}

/// What a connection in the reserve is told.
reply http_connection::refusal() const {
  const bool full = slot_.admitted_as() == connection_table::admission::full;
  at_.server.figures.refused.Add({{"reason", full ? "connections" : "address_connections"}}).Increment();
  auto r = problem(full ? error{errc::unavailable, "the server has as many connections as it may have"}
                        : error{errc::rate_limited, crowded});
  r.close = true;
  return r;
}

/// Decides by the header, before anything of a body is kept or asked for: where it goes, who asks, whether
/// they may now. What is said of it in `asked` holds when it is not refused.
std::optional<reply> http_connection::refuse_by_header(const http_request& request, question& asked) {
  auto to = parse_target(view(request.target()));
  if (!to) return problem(to.error());
  asked.to = std::move(*to);
  const auto method = view(request.method_string());
  const auto found = find_route(at_.server.routes, method, asked.to.path);
  const bool is_probe = found && found->row != nullptr && found->row->is_probe;
  const auto& config = at_.server.config;
  if (!config.asks_for_tokens && !config.insecure && !is_probe)
    if (const auto stranger = from_elsewhere(request)) return problem(*stranger);
  if (!found)
    return problem({errc::not_found, "there is nothing at " + asked.to.path + "; see / for what there is"});
  const auto* row = asked.row = found->row;
  asked.segments = found->segments;

  const auto origin = view(request[http::field::origin]);
  if (method == "OPTIONS") {
    if (!is_allowed(at_.server.origins, origin, view(request[http::field::host])))
      return problem({errc::forbidden, "this Origin may not come in; --allow-origin lists those that may"});
    return reply{.status = 204,
                 .content_type = "",
                 .headers = {{"Allow", allowed_methods(at_.server.routes, asked.to.path)}}};
  }
  if (row == nullptr) {
    const auto allowed = allowed_methods(at_.server.routes, asked.to.path);
    auto r = problem({errc::method_not_allowed, asked.to.path + " takes " + allowed});
    r.headers.emplace_back("Allow", allowed);
    return r;
  }
  const bool limited = at_.server.config.asks_for_tokens;
  if (is_proxied_ && !slot_.count_to(asked.address, limited)) return problem({errc::rate_limited, crowded});
  const auto by =
      row->is_for == route_access::anyone ? auth::caller() : identify(request, asked.to, row->token);
  if (const auto may = admit(by, asked.address, row->is_socket()); !may) return problem(may.error());
  asked.by = *by;
  is_known_ = by->is == auth::caller::kind::user || by->is == auth::caller::kind::back_end;
  const bool by_back_end = by->is == auth::caller::kind::back_end;
  if (by_back_end != is_back_ends_) { // API keys have no limits of their address
    if (!slot_.count_to(by_back_end ? "key of " + asked.address : asked.address, limited && !by_back_end))
      return problem({errc::rate_limited, crowded});
    is_back_ends_ = by_back_end && !is_proxied_;
  }
  // No foreign page can set an Authorization header: a good one settles it.
  const bool is_mini_program = row->takes_wechat_page && is_wechat_origin(origin);
  if (row->changes_state && !by->by_header && !is_mini_program) {
    // A page that may not send an Origin (an <img> for GET /close) says so in Sec-Fetch-Site.
    const bool foreign = origin.empty() && view(request["Sec-Fetch-Site"]) == "cross-site";
    if (foreign || !is_allowed(at_.server.origins, origin, view(request[http::field::host])))
      return problem({errc::forbidden, "this Origin may not come in; --allow-origin lists those that may"});
  }
  if (row->is_for == route_access::back_ends)
    if (const auto may = auth::may_manage(*by, auth::scope::admin); !may) return problem(may.error());
  const bool by_link = row->is_for == route_access::link_holders && asked.to.parameter("signature");
  if ((row->is_for == route_access::callers || (row->is_for == route_access::link_holders && !by_link)) &&
      by->is == auth::caller::kind::nobody)
    return problem(auth::may_act_as(*by, by->token.user, auth::scope::push).error());
  return {};
}

/// Who asks. Contract, section 4: the classic endpoints also take a user's token as `?token=`, as the
/// tutorial proposes; v1's socket as a subprotocol, since browsers can set no header there. Errors:
/// unauthorized, malformed.
result<auth::caller> http_connection::identify(const http_request& request, const target& to,
                                               token_source from) const {
  if (request.count(http::field::authorization) > 1)
    return error{errc::malformed, "a request has one Authorization"};
  const auto in_url = to.parameter("token");
  std::string token;
  if (from == token_source::query) {
    token = in_url.value_or("");
  } else if (in_url) {
    return error{errc::malformed, "a token goes into the Authorization header, never into the URL"};
  } else if (from == token_source::subprotocol) {
    for (const auto offered : http::token_list{request[http::field::sec_websocket_protocol]})
      if (offered.starts_with(bearer_subprotocol))
        token = std::string(offered.substr(bearer_subprotocol.size()));
  }
  const auto keys = at_.server.keys.get();
  return auth::identify(view(request[http::field::authorization]), token, *keys, wall_now());
}

/// Whether who asks may ask now. Errors: unauthorized, malformed, rate_limited.
result<void> http_connection::admit(const result<auth::caller>& by, const std::string& address,
                                    bool to_socket) const {
  auto& server = at_.server;
  const auto now = at_.home.now();
  if (!by) {
    if (by.error().code != errc::unauthorized) return by.error();
    // Good ones are still let in: behind one address there may be many phones.
    if (const auto may = admit_bad_token(server.admitted, server.figures, address, now); !may) return may;
    return by.error();
  }
  if (to_socket) return admit_handshake(server.admitted, server.figures, address, now);
  if (by->is == auth::caller::kind::user)
    return admit_request(server.admitted, server.figures, by->token.user, now);
  return {};
}

/// An --allow-origin's pages may read answers too.
void http_connection::add_cors(const http_request& request, reply& r) const {
  const auto origin = view(request[http::field::origin]);
  if (origin.empty() || !is_listed(at_.server.origins, origin)) return;
  r.headers.emplace_back("Access-Control-Allow-Origin", origin);
  r.headers.emplace_back("Vary", "Origin");
  r.headers.emplace_back("Access-Control-Expose-Headers",
                         "Content-Disposition, Content-Range, ETag, Retry-After");
  if (request.method() != http::verb::options) return;
  r.headers.emplace_back("Access-Control-Allow-Methods", "GET, POST, PUT, PATCH, DELETE");
  r.headers.emplace_back("Access-Control-Allow-Headers",
                         "Content-Type, Authorization, Range, If-Range, If-None-Match, Audit-Reason");
  r.headers.emplace_back("Access-Control-Max-Age", "600");
}

} // namespace hongyan
