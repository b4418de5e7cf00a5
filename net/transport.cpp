#include "net/transport.hpp"

#include <boost/asio/error.hpp>
#include <openssl/err.h>
#include <openssl/ssl.h>
#include <poll.h>

#include <utility>

namespace hongyan {

transport::transport(asio::ip::tcp::socket socket, const tls_context* tls) : socket_(std::move(socket)) {
  if (tls != nullptr) ssl_ = tls->accept(socket_.native_handle());
}

transport::~transport() { close(); }

std::size_t transport::read_some(asio::mutable_buffer into, boost::system::error_code& ec) {
  if (!ssl_) return socket_.read_some(into, ec);
  ERR_clear_error();
  std::size_t count = 0;
  const auto returned = SSL_read_ex(ssl_.get(), into.data(), into.size(), &count);
  if (returned == 1) read_wants_ = wants::read;
  ec = returned == 1 ? boost::system::error_code() : explain(returned, read_wants_);
  return count;
}

std::size_t transport::write_some(asio::const_buffer from, boost::system::error_code& ec) {
  if (!ssl_) return socket_.write_some(from, ec);
  ERR_clear_error();
  std::size_t count = 0;
  const auto returned = SSL_write_ex(ssl_.get(), from.data(), from.size(), &count);
  if (returned == 1) write_wants_ = wants::write;
  ec = returned == 1 ? boost::system::error_code() : explain(returned, write_wants_);
  return count;
}

boost::system::error_code transport::explain(int returned, wants& out) {
  switch (SSL_get_error(ssl_.get(), returned)) {
  case SSL_ERROR_WANT_READ: out = wants::read; return asio::error::would_block;
  case SSL_ERROR_WANT_WRITE: out = wants::write; return asio::error::would_block;
  case SSL_ERROR_ZERO_RETURN: return asio::error::eof;
  default: broken_ = true; return asio::error::connection_reset;
  }
}

bool transport::shakes_hands() const { return ssl_ && SSL_in_init(ssl_.get()) != 0; }

bool transport::peer_has_gone() {
  pollfd state{.fd = socket_.native_handle(), .events = POLLRDHUP, .revents = 0};
  return ::poll(&state, 1, 0) > 0;
}

void transport::cancel() {
  boost::system::error_code ec;
  socket_.cancel(ec);
}

/// TLS's own end of what we send. The peer's is not waited for.
void transport::say_goodbye() {
  if (!ssl_ || broken_ || SSL_in_init(ssl_.get())) return;
  ERR_clear_error();
  SSL_shutdown(ssl_.get());
}

void transport::finish() {
  say_goodbye();
  boost::system::error_code ec;
  socket_.shutdown(asio::ip::tcp::socket::shutdown_send, ec);
}

void transport::close() {
  if (!socket_.is_open()) return;
  say_goodbye();
  boost::system::error_code ec;
  socket_.close(ec);
}

asio::ip::address transport::peer() const {
  boost::system::error_code ec;
  const auto remote = socket_.remote_endpoint(ec);
  if (ec) return {};
  const auto address = remote.address();
  if (address.is_v6() && address.to_v6().is_v4_mapped())
    return asio::ip::make_address_v4(asio::ip::v4_mapped, address.to_v6());
  return address;
}

} // namespace hongyan
