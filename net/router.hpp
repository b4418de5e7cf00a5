/// What a route is, and how a request finds its own. Pure; the routes themselves are in net/routes.cpp.
#pragma once

#include "auth/key_files.hpp"

#include <array>
#include <boost/asio/awaitable.hpp>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>

namespace hongyan {

struct edge;
struct reply;
struct routed_request;

/// Whom a route is for.
enum class route_access : std::uint8_t {
  callers,      ///< who brought a good token or key; whether they may is for the handler to say
  back_ends,    ///< API keys with the scope admin
  link_holders, ///< callers, and whoever has a link with a signature, which the handler looks at
  this_machine, ///< whom the handler lets in, by address or key
  anyone        ///< nobody's token is looked at
};

/// What becomes of a request's body.
enum class body_policy : std::uint8_t {
  none,  ///< it is thrown away as it comes
  whole, ///< it is kept, up to limits.body_bytes, before the handler is called
  stream ///< the handler takes it piece by piece: routed_request::body
};

/// Where a token may be, besides the Authorization header.
enum class token_source : std::uint8_t {
  header,     ///< nowhere
  query,      ///< `?token=`, as the tutorial proposes
  subprotocol ///< a WebSocket's subprotocol, since browsers can set no header there
};

/// Whether an API key's request is kept in the log of what operators did.
enum class audit_rule : std::uint8_t {
  never,
  with_reason, ///< back ends ask it all day long: when it says why
  always
};

using route_handler = boost::asio::awaitable<reply> (*)(edge& at, const routed_request& request);

/// A path in which `{}` stands for one segment.
struct path_pattern {
  std::string_view text;
  std::string_view literal; ///< what a path must begin with: all in front of the first `{}`'s slash

  constexpr path_pattern(const char* of) : text(of), literal(text.substr(0, text.find("/{"))) {}
};

/// A row of the table of routes.
struct route {
  std::string_view method;
  path_pattern path;
  route_access is_for = route_access::callers;
  body_policy body = body_policy::none;
  route_handler handle = nullptr; ///< null: it is a WebSocket
  token_source token = token_source::header;
  bool changes_state = false;     ///< the rule about Origin applies; of a GET: and there is no HEAD
  bool is_probe = false;          ///< answered also in the reserve, and where --auth none refuses others
  bool takes_wechat_page = false; ///< a mini-program may ask it without a token
  audit_rule audit = audit_rule::never;
  auth::scope audited_for = auth::scope::admin; ///< of a key without it the handler wants nothing

  bool is_socket() const { return handle == nullptr; }
};

/// A path that was found, with what stands at its `{}`.
struct found_route {
  const route* row = nullptr; ///< null: the path takes other methods
  std::array<std::string_view, 2> segments{};
};

/// Nothing: there is no such path. GET also finds HEAD, unless it changes something. The segments are views
/// into `path`.
std::optional<found_route> find_route(std::span<const route> table, std::string_view method,
                                      std::string_view path);

/// For the Allow header: what the path takes.
std::string allowed_methods(std::span<const route> table, std::string_view path);

} // namespace hongyan
