/// Accepts connections on the first shard and hands them to all shards in turn.
#pragma once

#include "net/http_connection.hpp"

#include <boost/asio/ip/tcp.hpp>
#include <memory>
#include <vector>

namespace hongyan {

/// A shard with what its connections share.
struct serving_shard {
  edge at;
  http_connections connections{};
};

class listener {
public:
  /// `acceptor` listens already, on the first shard's loop.
  listener(asio::ip::tcp::acceptor acceptor, std::vector<std::unique_ptr<serving_shard>>& shards);

  /// Any thread, once.
  void start();
  /// On the first shard's thread: accepts no more.
  void stop();

private:
  void accept_next();
  void take(asio::ip::tcp::socket socket, serving_shard& to);

  /// Tries again later when the process has no file descriptor left; trying at once would spin.
  struct pause final : timer_wheel::timer {
    explicit pause(listener& l) : paused(l) {}
    void fired(steady_time) override { paused.accept_next(); }
    listener& paused;
  };

  asio::ip::tcp::acceptor acceptor_;
  std::vector<std::unique_ptr<serving_shard>>& shards_;
  std::size_t turn_ = 0;
  pause pause_;
};

/// Opens, binds and listens. Errors: errc::malformed: the address cannot be resolved or is in use.
result<asio::ip::tcp::acceptor> listen_on(asio::io_context& io, const listen_address& address,
                                          const char* option);

} // namespace hongyan
