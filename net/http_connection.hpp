/// One TCP connection that speaks HTTP/1: requests one after another, each with its deadlines, until it
/// closes or becomes a WebSocket.
#pragma once

#include "net/handlers.hpp"
#include "net/request_reader.hpp"
#include "net/transport.hpp"

#include <boost/beast/core/flat_buffer.hpp>
#include <list>
#include <memory>
#include <optional>

namespace hongyan {

class http_connection;

/// The HTTP connections of one shard, for draining. Only on the shard's thread.
using http_connections = std::list<http_connection*>;

class http_connection : public std::enable_shared_from_this<http_connection> {
public:
  http_connection(edge at, transport socket, http_connections& all);
  ~http_connection();

  /// Runs the connection to its end.
  static asio::awaitable<void> serve(std::shared_ptr<http_connection> self);

  /// Ends after the request under way, or now when there is none.
  void drain();

private:
  /// Cancels what the socket waits for.
  struct deadline final : timer_wheel::timer {
    explicit deadline(http_connection& c) : waiting(c) {}
    void fired(steady_time) override;
    http_connection& waiting;
  };

  asio::awaitable<bool> next_request();
  asio::awaitable<std::optional<error>> read_request(request_reader& reader);
  asio::awaitable<bool> read_some(steady_time until);
  asio::awaitable<bool> write(std::string bytes);
  asio::awaitable<void> linger();
  asio::awaitable<reply> answer(const http_request& request);
  result<auth::caller> identify(const http_request& request, const target& to, endpoint of) const;
  result<void> admit(const result<auth::caller>& by, const std::string& client, endpoint to) const;
  reply open_socket(endpoint to, const routed_request& request);
  std::optional<error> check_upgrade(const http_request& request) const;
  void become_classic(const routed_request& request, user_id user, places::place place);
  reply become_v1(const routed_request& request, user_id user, places::place place);
  void add_cors(const http_request& request, reply& r) const;

  edge at_;
  transport socket_;
  std::string peer_; ///< its address
  boost::beast::flat_buffer buffer_;
  deadline deadline_;
  http_connections& all_;
  http_connections::iterator here_;
  bool timed_out_ = false; ///< the deadline fired
  bool idle_ = true;       ///< between requests
  bool draining_ = false;
  bool first_ = true; ///< no request has come yet
};

} // namespace hongyan
