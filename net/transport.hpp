/// The bytes of one connection, in the clear or through TLS, never blocking: what can be read or written now
/// is, and errc would_block says that one has to wait.
#pragma once

#include "net/tls.hpp"

#include <boost/asio/buffer.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <cstdint>
#include <memory>

namespace hongyan {

namespace asio = boost::asio;

/// Only on its shard's thread. TLS's handshake is part of the first reads and writes.
class transport {
public:
  /// `socket` does not block. `tls` null: in the clear.
  transport(asio::ip::tcp::socket socket, const tls_context* tls);
  transport(transport&&) = default;
  transport& operator=(transport&&) = delete;
  ~transport();

  /// Errors: would_block: wait_readable(), then again; eof; others: it is broken. One read of 16 KiB or more
  /// leaves nothing behind that wait_readable() does not know of; smaller ones are to be repeated until
  /// would_block.
  std::size_t read_some(asio::mutable_buffer into, boost::system::error_code& ec);
  /// Errors: would_block: wait_writable(), then again *with the same bytes* (more may follow them); others:
  /// it is broken.
  std::size_t write_some(asio::const_buffer from, boost::system::error_code& ec);

  /// Completes with an error_code when the last read, or write, that would have blocked may go on.
  template <class Token>
  auto wait_readable(Token&& token) {
    return socket_.async_wait(wait_of(read_wants_), std::forward<Token>(token));
  }
  template <class Token>
  auto wait_writable(Token&& token) {
    return socket_.async_wait(wait_of(write_wants_), std::forward<Token>(token));
  }
  /// Ends the waits.
  void cancel();

  /// Says that nothing more will be sent; what the peer sends can still be read.
  void finish();
  void close();

  /// The peer has ended or reset the connection, whatever of it is still to be read.
  bool peer_has_gone();
  bool is_tls() const { return ssl_ != nullptr; }
  /// TLS's handshake is under way.
  bool shakes_hands() const;
  /// The peer's address; an IPv4 one also on a listener for both.
  asio::ip::address peer() const;

private:
  enum class wants : std::uint8_t { read, write };
  static asio::ip::tcp::socket::wait_type wait_of(wants w) {
    return w == wants::read ? asio::ip::tcp::socket::wait_read : asio::ip::tcp::socket::wait_write;
  }
  boost::system::error_code explain(int returned, wants& out);
  void say_goodbye();

  asio::ip::tcp::socket socket_;
  std::unique_ptr<ssl_st, free_ssl> ssl_; ///< null: in the clear
  // TLS may have to write before it can read on, and the other way round.
  wants read_wants_ = wants::read;
  wants write_wants_ = wants::write;
  bool broken_ = false; ///< TLS is
};

} // namespace hongyan
