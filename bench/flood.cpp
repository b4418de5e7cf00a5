#include "bench/flood.hpp"

#include <array>
#include <boost/asio/io_context.hpp>
#include <boost/asio/write.hpp>
#include <condition_variable>
#include <mutex>
#include <sys/socket.h>

namespace hongyan::bench {

namespace asio = boost::asio;

namespace {

constexpr std::size_t chunk_bytes = 64 * 1024;
/// After a cut.
constexpr std::chrono::milliseconds comes_again{200};

void sleep(const std::stop_token& stop, std::chrono::milliseconds duration) {
  std::mutex mutex;
  std::condition_variable_any never;
  std::unique_lock lock(mutex);
  never.wait_for(lock, stop, duration, [] { return false; });
}

} // namespace

flood::flood(const server_address& server, const attack& what) : server_(server), what_(what) {
  // Whole texts only: what follows the last of a chunk begins the next.
  const auto once = what_.text;
  while (what_.text.size() + once.size() <= chunk_bytes) what_.text += once;
  for (std::size_t i = 0; i < what_.connections; ++i)
    threads_.emplace_back([this](const std::stop_token& stop) { pour(stop); });
}

flood::~flood() {
  for (auto& thread : threads_) thread.request_stop();
}

void flood::pour(const std::stop_token& stop) {
  asio::io_context io;
  while (!stop.stop_requested()) {
    asio::ip::tcp::socket socket(io);
    boost::system::error_code ec;
    socket.open(server_.endpoint.protocol(), ec);
    if (server_.endpoint.address().is_v4() && server_.endpoint.address().is_loopback())
      socket.bind({asio::ip::make_address_v4("127.0.0.2"), 0}, ec);
    socket.connect(server_.endpoint, ec);
    if (!ec) {
      const std::stop_callback cut(stop, [fd = socket.native_handle()] { ::shutdown(fd, SHUT_RDWR); });
      std::jthread reader([&socket] { // what is answered does not stop it
        std::array<char, chunk_bytes> scratch{};
        boost::system::error_code ended;
        while (!ended) socket.read_some(asio::buffer(scratch), ended);
        ::shutdown(socket.native_handle(), SHUT_RDWR);
      });
      asio::write(socket, asio::buffer(what_.first), ec);
      while (!ec) sent_ += asio::write(socket, asio::buffer(what_.text), ec);
      ::shutdown(socket.native_handle(), SHUT_RDWR); // wakes the reader
    }
    sleep(stop, comes_again);
  }
}

} // namespace hongyan::bench
