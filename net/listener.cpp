#include "net/listener.hpp"

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <boost/asio/post.hpp>
#include <spdlog/spdlog.h>

namespace hongyan {

namespace {

constexpr std::chrono::milliseconds pause_after_failure{100};
/// Connections the kernel completes ahead of us; the kernel's own limit (somaxconn, 4096) caps it.
constexpr int accept_backlog = 4096;

} // namespace

result<asio::ip::tcp::acceptor> listen_on(asio::io_context& io, const listen_address& address,
                                          const char* option) {
  const auto failed = [&](const boost::system::error_code& ec) {
    return error{errc::malformed, std::string(option) + ": cannot listen on " + address.text() + ": " +
                                      ec.message() +
                                      "; accepted: HOST:PORT of this machine that no other program uses"};
  };
  boost::system::error_code ec;
  asio::ip::tcp::resolver resolver(io);
  const auto found =
      resolver.resolve(address.host, std::to_string(address.port),
                       asio::ip::tcp::resolver::passive | asio::ip::tcp::resolver::numeric_service, ec);
  if (ec) return failed(ec);
  const auto endpoint = found.begin()->endpoint();
  asio::ip::tcp::acceptor acceptor(io);
  acceptor.open(endpoint.protocol(), ec);
  if (!ec) acceptor.set_option(asio::socket_base::reuse_address(true), ec);
  if (!ec) acceptor.bind(endpoint, ec);
  if (!ec) acceptor.listen(accept_backlog, ec);
  if (ec) return failed(ec);
  return acceptor;
}

listener::listener(asio::ip::tcp::acceptor acceptor, std::vector<std::unique_ptr<serving_shard>>& shards)
    : acceptor_(std::move(acceptor))
    , shards_(shards)
    , pause_(*this) {}

void listener::start() {
  asio::post(acceptor_.get_executor(), [this] { accept_next(); });
}

void listener::stop() {
  pause_.clear();
  boost::system::error_code ec;
  acceptor_.close(ec);
}

void listener::accept_next() {
  auto& to = *shards_[turn_++ % shards_.size()];
  acceptor_.async_accept(
      to.at.home.io(), [this, &to](const boost::system::error_code& ec, asio::ip::tcp::socket socket) {
        if (!acceptor_.is_open()) return;
        if (!ec) {
          accept_next(); // first: whatever goes wrong with this one, the next is taken
          take(std::move(socket), to);
          return;
        }
        if (ec == asio::error::no_descriptors || ec == boost::system::errc::too_many_files_open_in_system ||
            ec == asio::error::no_buffer_space || ec == asio::error::no_memory) {
          spdlog::warn("event=accept_failed reason=\"{}\"", ec.message());
          auto& home = shards_.front()->at.home;
          pause_.set(home.timers(), home.now() + pause_after_failure);
          return;
        }
        accept_next();
      });
}

void listener::take(asio::ip::tcp::socket socket, serving_shard& to) {
  auto& server = to.at.server;
  boost::system::error_code ec;
  socket.non_blocking(true, ec);
  const auto peer = socket.remote_endpoint(ec).address().to_string();
  const bool limited = server.config.asks_for_tokens && !is_proxy(peer, server.config.trusted_proxies);
  const bool with_tls = server.certificate != nullptr;
  auto slot = server.connections.enter(address_key(peer), limited, with_tls);
  if (!slot) {
    server.figures.refused.Add({{"reason", "connections"}}).Increment();
    if (with_tls) return; // these bytes would be nothing to it: it sees the connection end
    auto busy = problem({errc::unavailable, "the server has as many connections as it may have"});
    busy.close = true;
    socket.write_some(asio::buffer(to_wire(busy, {})), ec);
    return;
  }
  socket.set_option(asio::ip::tcp::no_delay(true), ec);
  asio::post(to.at.home.io(), [&to, socket = std::move(socket), slot = std::move(slot)]() mutable {
    const auto* certificate = to.at.server.certificate;
    const auto tls = certificate != nullptr ? certificate->get() : nullptr;
    auto connection = std::make_shared<http_connection>(to.at, transport(std::move(socket), tls.get()),
                                                        std::move(slot), to.connections);
    asio::co_spawn(to.at.home.io(), http_connection::serve(std::move(connection)), asio::detached);
  });
}

} // namespace hongyan
