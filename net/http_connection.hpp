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
  http_connection(edge at, transport socket, connection_table::slot slot, http_connections& all);
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

  /// What the header of a request has decided. Its parts refer to one another: it stays where it is.
  struct question {
    target to{};
    std::string client{};       ///< the address of who asks, behind trusted proxies
    std::string address{};      ///< ... and what limits know it by
    const route* row = nullptr; ///< null: it is refused
    std::array<std::string_view, 2> segments{};
    auth::caller by{};
  };

  class incoming_body;

  asio::awaitable<bool> next_request();
  asio::awaitable<bool> wait_for_request();
  asio::awaitable<reply> serve_request(request_reader& reader);
  asio::awaitable<std::optional<error>> read_header(request_reader& reader);
  asio::awaitable<bool> let_body_come(const request_reader& reader);
  asio::awaitable<std::optional<error>> read_body(request_reader& reader, bool kept);
  asio::awaitable<result<std::string>> read_piece(request_reader& reader);
  asio::awaitable<bool> read_some(steady_time until);
  asio::awaitable<bool> write(std::string bytes);
  asio::awaitable<bool> write_from(body_source& source, bool in_chunks);
  asio::awaitable<bool> answer(reply r, const request_reader& reader);
  asio::awaitable<void> linger();
  std::optional<error> why_not(const char* late) const;
  bool is_refused() const;
  bool is_for_probers(const http_request& request) const;
  reply refusal() const;
  std::optional<reply> refuse_by_header(const http_request& request, question& asked);
  asio::awaitable<reply> handle_request(const http_request& request, const question& asked,
                                        body_stream* body);
  void rest();
  void leave();
  bool keep(std::size_t bytes);
  bool keep_asked(std::size_t bytes);
  memory_budget::charge charge(memory_budget::payer kind, const std::string& who);
  result<auth::caller> identify(const http_request& request, const target& to, token_source from) const;
  result<void> admit(const result<auth::caller>& by, const std::string& address, bool to_socket) const;
  reply open_socket(bool is_v1, const routed_request& request);
  std::optional<error> check_upgrade(const http_request& request) const;
  void become_classic(const routed_request& request, user_id user);
  reply become_v1(const routed_request& request, user_id user);
  void add_cors(const http_request& request, reply& r) const;

  edge at_;
  transport socket_;
  std::string peer_;    ///< its address
  std::string address_; ///< ... and what limits know it by
  connection_table::slot slot_;
  memory_budget::charge kept_;  ///< the peer's: what was read
  memory_budget::charge asked_; ///< whose request it is: its body and its answer, when they are large
  memory_budget::payer payer_ = memory_budget::payer::address; ///< of asked_
  std::string payer_key_;
  boost::beast::flat_buffer buffer_;
  deadline deadline_;
  http_connections& all_;
  http_connections::iterator here_;
  std::size_t in_turn_ = 0;   ///< bytes read since others had their turn
  bool is_proxied_;           ///< the peer is a trusted proxy
  bool is_back_ends_ = false; ///< an API key came over it, so that it counts to no address
  bool is_known_ = false;     ///< who asks brought a good token or key
  bool waited_ = true;        ///< others had their turn since the last request
  bool timed_out_ = false;    ///< the deadline fired
  bool starved_ = false;      ///< no more may be kept for it
  bool leaving_ = false;      ///< it was asked to make room
  bool idle_ = true;          ///< between requests
  bool draining_ = false;
  bool body_comes_ = false; ///< its body streams, and whoever waits to send it was let go on
  bool first_ = true;       ///< no request has come yet
};

} // namespace hongyan
