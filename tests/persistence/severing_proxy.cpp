#include "tests/persistence/severing_proxy.hpp"

#include <netinet/in.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <array>
#include <stdexcept>

namespace hongyan::testing {

namespace {

sockaddr_in loopback(int port) {
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_port = htons(static_cast<std::uint16_t>(port));
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  return address;
}

/// The bytes of one read; 0 at the end.
std::size_t take(int from, std::array<char, 65536>& buffer) {
  const ssize_t count = recv(from, buffer.data(), buffer.size(), 0);
  return count > 0 ? static_cast<std::size_t>(count) : 0;
}

void give(int to, const char* data, std::size_t size) {
  while (size > 0) {
    const ssize_t sent = send(to, data, size, MSG_NOSIGNAL);
    if (sent <= 0) return;
    data += sent;
    size -= static_cast<std::size_t>(sent);
  }
}

} // namespace

severing_proxy::severing_proxy(int server_port)
    : server_port_(server_port)
    , listener_(socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0)) {
  sockaddr_in address = loopback(0);
  socklen_t size = sizeof address;
  if (bind(listener_, reinterpret_cast<sockaddr*>(&address), size) != 0 || listen(listener_, 8) != 0)
    throw std::runtime_error("proxy: no port");
  getsockname(listener_, reinterpret_cast<sockaddr*>(&address), &size);
  port_ = ntohs(address.sin_port);
  thread_ = std::thread([this] { serve(); });
}

severing_proxy::~severing_proxy() {
  ending_ = true;
  shutdown(listener_, SHUT_RDWR);
  thread_.join();
  close(listener_);
  if (kept_ >= 0) close(kept_);
}

void severing_proxy::arm(fault what, int after) {
  after_ = after;
  fault_ = what;
}

void severing_proxy::release() {
  std::array<char, 65536> buffer;
  if (take(kept_, buffer) == 0) throw std::runtime_error("proxy: the server has closed the kept session");
  close(kept_);
  kept_ = -1;
}

void severing_proxy::serve() {
  while (!ending_) {
    const int client = accept4(listener_, nullptr, nullptr, SOCK_CLOEXEC);
    if (client < 0) continue;
    const int server = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    const sockaddr_in address = loopback(server_port_);
    if (connect(server, reinterpret_cast<const sockaddr*>(&address), sizeof address) == 0)
      carry(client, server);
    close(client);
    if (kept_ != server) close(server);
  }
}

void severing_proxy::carry(int client, int server) {
  std::array<char, 65536> buffer;
  std::array<pollfd, 3> ends{pollfd{client, POLLIN, 0}, pollfd{server, POLLIN, 0},
                             pollfd{listener_, POLLRDHUP, 0}};
  for (;;) {
    if (poll(ends.data(), ends.size(), -1) < 0 || ending_) return;
    if (ends[0].revents != 0) {
      const std::size_t size = take(client, buffer);
      if (size == 0) return;
      const bool strikes = fault_ != fault::none && --after_ == 0;
      give(server, buffer.data(), size);
      if (strikes) {
        const fault what = fault_.exchange(fault::none);
        // All of an answer comes in one piece, after the commit: the server flushes when it is ready for the
        // next.
        if (what == fault::drop_answer) take(server, buffer);
        if (what == fault::cut_client) kept_ = server;
        return;
      }
    }
    if (ends[1].revents != 0) {
      const std::size_t size = take(server, buffer);
      if (size == 0) return;
      give(client, buffer.data(), size);
    }
  }
}

} // namespace hongyan::testing
