/// The endpoints. Each handler parses, asks an actor, maps the answer; nothing else.
#pragma once

#include "core/wire/target.hpp"
#include "net/edge.hpp"
#include "net/reply.hpp"
#include "net/request_reader.hpp"
#include "net/router.hpp"

#include <boost/asio/awaitable.hpp>

namespace hongyan {

/// A request that was routed. Its parts live as long as its handler runs.
struct routed_request {
  const http_request& http;
  const target& to;
  std::string client;                         ///< the address of who asks, behind trusted proxies
  std::array<std::string_view, 2> segments{}; ///< of the path, at the route's `{}`
  auth::caller by{};
};

/// May the caller send a message, of so many bytes of content, as `from`, now? A user has a rate, an API key
/// has none. Errors: unauthorized, forbidden, rate_limited.
result<void> may_send(edge& at, const auth::caller& by, const user_id& from, std::size_t content_bytes);

// The classic contract (contract, section 2).
asio::awaitable<reply> push(edge& at, const routed_request& request);
asio::awaitable<reply> get_message(edge& at, const routed_request& request);
asio::awaitable<reply> get_online_user(edge& at, const routed_request& request);
asio::awaitable<reply> close_user(edge& at, const routed_request& request);

// For operators and newcomers (contract, section 4).
/// Errors: not_found (`page = false`).
reply index_page(const edge& at);
reply health();
reply readiness(edge& at);
/// For this machine, and for API keys.
reply metrics_page(edge& at, const routed_request& request);

// How users come by their tokens.
reply make_token(edge& at, const routed_request& request);
asio::awaitable<reply> log_in(edge& at, const routed_request& request);

/// The endpoints of v1 (contract, section 4).
asio::awaitable<reply> handle_v1(edge& at, endpoint to, const routed_request& request);

/// The handler of `to`, which is not a socket.
asio::awaitable<reply> handle(edge& at, endpoint to, const routed_request& request);

} // namespace hongyan
