/// A shard that serves HTTP on a loopback port, and behind it no server: whoever tests is persistence,
/// registry and history, takes what a handler asks of them out of a mailbox, and answers it.
#pragma once

#include "actors/interfaces.hpp"
#include "net/listener.hpp"
#include "net/routes.hpp"

#include <array>
#include <boost/asio/write.hpp>
#include <caf/scoped_actor.hpp>
#include <stdexcept>
#include <sys/socket.h>
#include <thread>

namespace hongyan::test {

/// A blocking client of one connection.
class http_client {
public:
  explicit http_client(unsigned short port) {
    socket_.connect({asio::ip::address_v4::loopback(), port});
    const timeval limit{.tv_sec = 5, .tv_usec = 0};
    setsockopt(socket_.native_handle(), SOL_SOCKET, SO_RCVTIMEO, &limit, sizeof limit);
  }

  void send(std::string_view bytes) { asio::write(socket_, asio::buffer(bytes)); }
  void request(std::string_view method, std::string_view path, std::string_view body = {},
               std::string_view headers = {}) {
    std::string bytes;
    bytes.append(method).append(" ").append(path).append(" HTTP/1.1\r\nHost: 127.0.0.1\r\n").append(headers);
    if (!body.empty()) bytes.append("Content-Length: ").append(std::to_string(body.size())).append("\r\n");
    send(bytes.append("\r\n").append(body));
  }

  struct answer {
    int status = 0;
    std::string head;
    std::string body;
  };
  /// The next answer. Throws when none comes within seconds.
  answer read() {
    answer a;
    const auto end = read_until("\r\n\r\n");
    a.head = take(end);
    a.status = std::stoi(a.head.substr(9, 3));
    const auto length = a.head.find("Content-Length: ");
    if (length == std::string::npos) return a;
    const auto bytes = static_cast<std::size_t>(std::stoul(a.head.substr(length + 16)));
    while (buffer_.size() < bytes) more();
    a.body = take(bytes);
    return a;
  }
  /// The server has closed its side, and everything was read.
  bool is_closed() {
    char byte = 0;
    boost::system::error_code ec;
    return buffer_.empty() && socket_.read_some(asio::buffer(&byte, 1), ec) == 0 && ec == asio::error::eof;
  }

private:
  std::size_t read_until(std::string_view what) {
    for (;;) {
      if (const auto at = buffer_.find(what); at != std::string::npos) return at + what.size();
      more();
    }
  }
  void more() {
    std::array<char, 65'536> bytes{};
    const auto count = ::recv(socket_.native_handle(), bytes.data(), bytes.size(), 0);
    if (count <= 0) throw std::runtime_error("no answer came");
    buffer_.append(bytes.data(), static_cast<std::size_t>(count));
  }
  std::string take(std::size_t count) {
    auto front = buffer_.substr(0, count);
    buffer_.erase(0, count);
    return front;
  }

  asio::io_context io_;
  asio::ip::tcp::socket socket_{io_};
  std::string buffer_;
};

class edge_fixture {
public:
  explicit edge_fixture(std::span<const route> routes = all_routes(), server_config of = {})
      : config_(std::move(of)) {
    auth::key_ring ring;
    ring.asks = config_.asks_for_tokens;
    keys_.emplace(std::move(ring));
    admitted.set_database(true, {});
    home_ = std::make_unique<io_shard>(*system_);
    const websocket_env sockets{figures, admitted.memory,        config_.limits.message_bytes, {},
                                {},      std::chrono::seconds(5)};
    const auto reads = caf::actor_cast<history_actor>(*history);
    context_.reset(new server_context{config_,
                                      routes,
                                      *keys_,
                                      nullptr,
                                      figures,
                                      admitted,
                                      {.allowed = {}, .wechat = true, .loopback_only = true},
                                      sockets,
                                      sockets,
                                      caf::actor_cast<registry_actor>(*registry),
                                      caf::actor_cast<persistence_actor>(*persistence),
                                      {},
                                      {},
                                      *system_,
                                      connections_});
    sessions_.reset(new session_env{context_->registry,
                                    reads,
                                    reads,
                                    context_->persistence,
                                    figures,
                                    admitted,
                                    config_.limits,
                                    config_.classic_window,
                                    "test",
                                    config_.heartbeat,
                                    config_.recall_window,
                                    config_.edit_window,
                                    0,
                                    {},
                                    *keys_});
    bridge_ = spawn_on<bridge>(*system_, *home_, *home_);
    serving_.push_back(std::make_unique<serving_shard>(
        serving_shard{edge{*context_, *home_, *caf::actor_cast<bridge*>(bridge_), *sessions_}, {}}));
    auto acceptor = listen_on(home_->io(), {.host = "127.0.0.1", .port = 0}, "--listen");
    port = acceptor->local_endpoint().port();
    listener_.emplace(std::move(*acceptor), serving_);
    home_->start();
    listener_->start();
  }

  ~edge_fixture() {
    caf::anon_send_exit(bridge_, caf::exit_reason::user_shutdown);
    bridge_ = nullptr;
    context_->registry = nullptr;
    context_->persistence = nullptr;
    sessions_->registry = nullptr;
    sessions_->history = nullptr;
    sessions_->searches = nullptr;
    sessions_->persistence = nullptr;
    registry.reset();
    persistence.reset();
    history.reset();
    while (system_->registry().running() > 0) std::this_thread::yield();
    home_->stop();
    listener_.reset();
    system_.reset();
    home_.reset(); // with it go the connections that are open, while what they refer to is still there
  }

private:
  struct test_config : caf::actor_system_config {
    test_config() {
      add_message_types<caf::id_block::hongyan>();
      set("scheduler.max-threads", std::size_t{1});
    }
  };
  test_config caf_config_;
  server_config config_;
  std::optional<current<auth::key_ring>> keys_;
  connection_table connections_{{.all = 100, .reserve = 8, .handshakes = 8, .handshakes_each = 0}};
  std::unique_ptr<io_shard> home_; // outlives the system, which may still touch it
  std::optional<caf::actor_system> system_{std::in_place, caf_config_};

public:
  metrics figures{"test", limits{}};
  flow admitted{100, 100, 100};
  unsigned short port = 0;
  // Who is asked: the test itself, by (*persistence)->receive(...).
  std::optional<caf::scoped_actor> registry{std::in_place, *system_};
  std::optional<caf::scoped_actor> persistence{std::in_place, *system_};
  std::optional<caf::scoped_actor> history{std::in_place, *system_};

private:
  std::unique_ptr<server_context> context_;
  std::unique_ptr<session_env> sessions_;
  caf::actor bridge_;
  std::vector<std::unique_ptr<serving_shard>> serving_;
  std::optional<listener> listener_;
};

} // namespace hongyan::test
