#include "bench/echo.hpp"

#include <boost/asio/ip/tcp.hpp>
#include <pthread.h>
#include <thread>
#include <vector>

namespace hongyan::bench {

namespace {

using asio::ip::tcp;

/// Not counted.
constexpr std::chrono::milliseconds warm_up{200};

/// Reads whatever comes and tells how much; one end of a socket.
class end_of_socket {
public:
  explicit end_of_socket(tcp::socket socket) : socket_(std::move(socket)) {
    boost::system::error_code ec;
    socket_.non_blocking(true, ec);
    socket_.set_option(tcp::no_delay(true), ec);
  }

  /// Calls `came(bytes)` for all that is read into `scratch`, until stop() or an error.
  template <class Came>
  void read_on(std::vector<char>& scratch, Came came) {
    socket_.async_wait(tcp::socket::wait_read,
                       [this, &scratch, came](const boost::system::error_code& failed) mutable {
                         if (failed || stopped_) return;
                         boost::system::error_code ec;
                         const auto count = socket_.read_some(asio::buffer(scratch), ec);
                         if (ec && ec != asio::error::would_block) return;
                         if (count > 0) came(count);
                         read_on(scratch, std::move(came));
                       });
  }

  /// A frame or less, and never more than one is under way: it fits the socket's buffer.
  bool write(const char* bytes, std::size_t count) {
    boost::system::error_code ec;
    return socket_.write_some(asio::buffer(bytes, count), ec) == count;
  }

  void stop() {
    stopped_ = true;
    boost::system::error_code ec;
    socket_.close(ec);
  }

private:
  tcp::socket socket_;
  bool stopped_ = false;
};

/// The thread that echoes.
class echo_thread {
public:
  explicit echo_thread(std::size_t frame_bytes)
      : scratch_(frame_bytes)
      , acceptor_(io_, {asio::ip::address_v4::loopback(), 0}) {
    acceptor_.listen(tcp::acceptor::max_listen_connections);
    accept();
    thread_ = std::thread([this] { io_.run(); });
  }
  ~echo_thread() {
    io_.stop();
    thread_.join();
  }

  tcp::endpoint endpoint() const { return acceptor_.local_endpoint(); }

  double cpu_seconds() {
    clockid_t clock{};
    timespec used{};
    if (pthread_getcpuclockid(thread_.native_handle(), &clock) != 0) return 0;
    clock_gettime(clock, &used);
    return static_cast<double>(used.tv_sec) + 1e-9 * static_cast<double>(used.tv_nsec);
  }

private:
  void accept() {
    acceptor_.async_accept([this](const boost::system::error_code& failed, tcp::socket socket) {
      if (failed) return;
      ends_.push_back(std::make_unique<end_of_socket>(std::move(socket)));
      ends_.back()->read_on(scratch_, [this, end = ends_.back().get()](std::size_t count) {
        if (!end->write(scratch_.data(), count)) end->stop();
      });
      accept();
    });
  }

  asio::io_context io_{1};
  std::vector<char> scratch_;
  tcp::acceptor acceptor_;
  std::vector<std::unique_ptr<end_of_socket>> ends_;
  std::thread thread_;
};

} // namespace

asio::awaitable<echo_figures> measure_echo(runtime& where, std::size_t sockets, std::size_t frame_bytes,
                                           std::chrono::milliseconds duration) {
  auto& shard = where.shard();
  echo_thread other(frame_bytes);
  echo_figures found;
  std::vector<char> scratch(frame_bytes);
  const std::vector<char> frame(frame_bytes, 'x');
  std::vector<std::unique_ptr<end_of_socket>> ends;
  std::uint64_t frames = 0;
  for (std::size_t i = 0; i < sockets && found.failure.empty(); ++i) {
    tcp::socket socket(shard.io());
    boost::system::error_code ec;
    socket.connect(other.endpoint(), ec); // to a thread of our own: it takes microseconds
    if (ec) found.failure = "the echo's socket " + std::to_string(i) + ": " + ec.message();
    ends.push_back(std::make_unique<end_of_socket>(std::move(socket)));
  }
  for (const auto& end : ends) {
    end->read_on(scratch, [&frames, &frame, got = std::size_t{0}, e = end.get()](std::size_t count) mutable {
      got += count;
      if (got < frame.size()) return;
      got = 0;
      ++frames;
      e->write(frame.data(), frame.size());
    });
    end->write(frame.data(), frame.size());
  }
  co_await pause(shard, warm_up);
  const auto frames_before = frames;
  const auto cpu_before = other.cpu_seconds();
  const auto begin = shard.now();
  co_await pause(shard, duration);
  const auto took = std::chrono::duration<double>(shard.now() - begin).count();
  const auto counted = static_cast<double>(frames - frames_before);
  found.frames_per_second = counted / took;
  found.cpu_us_per_frame = (other.cpu_seconds() - cpu_before) * 1e6 / std::max(counted, 1.0);
  if (counted == 0 && found.failure.empty()) found.failure = "the echo gave nothing back";
  for (const auto& end : ends) end->stop();
  co_await pause(shard, look); // for their handlers to end
  co_return found;
}

} // namespace hongyan::bench
