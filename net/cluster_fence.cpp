#include "net/cluster_fence.hpp"

#include "core/cluster/basp_frames.hpp"
#include "net/listener.hpp"

#include <algorithm>
#include <array>
#include <boost/asio/bind_executor.hpp>
#include <boost/asio/connect.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/read.hpp>
#include <boost/asio/ssl/stream.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/write.hpp>
#include <openssl/crypto.h>
#include <pthread.h>
#include <spdlog/spdlog.h>

namespace hongyan {

using asio::ip::tcp;
using boost::system::error_code;

namespace {

/// On the wire; a name has 64 characters at most (--node).
constexpr std::size_t node_name_bytes = 64;
constexpr std::chrono::milliseconds accept_pause{100};

tcp::endpoint loopback(unsigned short port) { return {asio::ip::address_v4::loopback(), port}; }

} // namespace

/// One link: the peer's socket, CAF's socket, and what goes between them. Kept by its pending operations and
/// by the fence; ended by the first error on either side. On the fence's thread.
class fence_link final : public cluster_fence::connection, public std::enable_shared_from_this<fence_link> {
  /// A completion that goes on after success, and else ends the link.
  template <class Next>
  auto guard(Next next) {
    return [this, self = shared_from_this(), next = std::move(next)](const error_code& ec, auto&&...) {
      if (ec) return fail(ec.message());
      next();
    };
  }

  using pipe = std::array<char, cluster::pipe_bytes>;

public:
  using done = std::function<void(result<unsigned short>)>;

  fence_link(cluster_fence& fence, tcp::socket peer)
      : fence_(fence)
      , peer_(std::move(peer))
      , caf_(fence.io_)
      , doorstep_(fence.io_)
      , deadline_(fence.io_)
      , resolver_(fence.io_) {
    if (fence.tls_) {
      tls_ = fence.tls_; // the one it began with
      secured_.emplace(peer_, tls_->context());
    }
  }

  /// A peer has connected.
  void welcome() {
    error_code ec;
    const auto who = peer_.remote_endpoint(ec);
    begin(ec ? "" : who.address().to_string(), cluster_fence::handshake_limit);
    names_ = fence_.admitted_;
    prove(asio::ssl::stream_base::server, [this] { ask_secret(); });
  }

  void dial(const listen_address& at, std::vector<std::string> names, done told) {
    told_ = std::move(told);
    names_ = std::move(names);
    if (!names_.empty()) node_ = names_.front();
    begin(at.text(), cluster_fence::dial_limit);
    const auto connected = guard([this] {
      limit(cluster_fence::handshake_limit);
      prove(asio::ssl::stream_base::client, [this] { show_secret(); });
    });
    // Names are looked up one after the other, each for as long as it takes: addresses do not wait for that.
    error_code no_address;
    const auto address = asio::ip::make_address(at.host, no_address);
    if (!no_address) return peer_.async_connect({address, at.port}, connected);
    resolver_.async_resolve(at.host, std::to_string(at.port),
                            [this, self = shared_from_this(),
                             connected](const error_code& ec, const tcp::resolver::results_type& found) {
                              if (ec) return fail(ec.message());
                              asio::async_connect(peer_, found, connected);
                            });
  }

  const std::string& node() const override { return node_; }
  void name(const listen_address& at, const std::string& node) override {
    if (what_ == at.text()) node_ = node;
  }

  void end() override {
    ended_ = true;
    error_code ignored;
    for (auto* socket : {&peer_, &caf_}) socket->close(ignored);
    doorstep_.close(ignored);
    resolver_.cancel();
    deadline_.cancel();
    if (told_) std::exchange(told_, nullptr)(error{errc::unavailable, "it was ended"});
    fence_.connections_.erase(shared_from_this());
  }

private:
  void begin(std::string what, std::chrono::milliseconds within) {
    what_ = std::move(what);
    limit(within);
  }

  /// All up to here must be done by then.
  void limit(std::chrono::milliseconds within) {
    deadline_.expires_after(within);
    deadline_.async_wait([this, self = shared_from_this()](const error_code& ec) {
      if (!ec) fail("it took too long");
    });
  }

  void fail(const std::string& why) {
    if (ended_) return;
    if (told_) std::exchange(told_, nullptr)(error{errc::unavailable, why});
    end();
  }

  /// Calls `work` with the peer's stream, secured or not.
  template <class Work>
  void on_stream(Work work) {
    if (secured_)
      work(*secured_);
    else
      work(peer_);
  }

  /// Both show certificates, and with a name that is expected; in the clear there is nothing to prove.
  template <class Next>
  void prove(asio::ssl::stream_base::handshake_type side, Next next) {
    error_code ignored;
    peer_.set_option(tcp::no_delay(true), ignored);
    if (!secured_) return next();
    secured_->async_handshake(side, [this, self = shared_from_this(), next](const error_code& ec) {
      if (ec) return refuse(ec.message());
      const std::unique_ptr<X509, decltype(&X509_free)> shown(
          SSL_get1_peer_certificate(secured_->native_handle()), &X509_free);
      if (!shown || !certificate_names(shown.get(), names_))
        return refuse("its certificate has another name than the node should have");
      next();
    });
  }

  void show_secret() {
    shown_ = fence_.secret_ + fence_.node_;
    on_stream([this](auto& stream) {
      asio::async_write(stream, asio::buffer(shown_), guard([this] { open_door(); }));
    });
  }

  void ask_secret() {
    shown_.resize(cluster_secret_bytes);
    on_stream([this](auto& stream) {
      asio::async_read(stream, asio::buffer(shown_), guard([this] {
                         if (!knows_secret()) return refuse("it does not know the cluster's secret");
                         ask_name();
                       }));
    });
  }

  void ask_name() {
    node_.resize(node_name_bytes);
    on_stream([this](auto& stream) {
      asio::async_read(stream, asio::buffer(node_), guard([this] {
                         node_.resize(std::min(node_.size(), node_.find('\0')));
                         caf_.async_connect(loopback(fence_.caf_port_), guard([this] { run(); }));
                       }));
    });
  }

  bool knows_secret() const {
    return shown_.size() == fence_.secret_.size() &&
           CRYPTO_memcmp(shown_.data(), fence_.secret_.data(), shown_.size()) == 0;
  }

  void refuse(const std::string& why) {
    fence_.figures_.cluster_refused.Add({{"reason", "fence"}}).Increment();
    spdlog::warn("event=cluster_stranger peer=\"{}\" reason=\"{}\"", what_, why);
    fail(why);
  }

  /// A port on loopback for one connection, CAF's; a new one each time, so that CAF remembers none.
  void open_door() {
    error_code ec;
    doorstep_.open(tcp::v4(), ec);
    if (!ec) doorstep_.bind(loopback(0), ec);
    if (!ec) doorstep_.listen(1, ec);
    if (ec) return fail(ec.message());
    doorstep_.async_accept(caf_, guard([this] {
                             error_code ignored;
                             doorstep_.close(ignored);
                             run();
                           }));
    if (told_) std::exchange(told_, nullptr)(doorstep_.local_endpoint().port());
  }

  void run() {
    error_code ignored;
    caf_.set_option(tcp::no_delay(true), ignored);
    heard_ = std::chrono::steady_clock::now();
    watch();
    on_stream([this](auto& stream) {
      pump(stream, caf_, inward_);
      pump(caf_, stream, outward_);
    });
  }

  void watch() {
    const auto until = heard_ + cluster_fence::silence;
    if (std::chrono::steady_clock::now() >= until) {
      spdlog::warn("event=cluster_link_silent peer=\"{}\"", what_);
      return fail("nothing was heard");
    }
    deadline_.expires_at(until);
    deadline_.async_wait([this, self = shared_from_this()](const error_code& ec) {
      if (!ec && !ended_) watch();
    });
  }

  /// What is read is written before more is read: nothing piles up here.
  template <class From, class To>
  void pump(From& from, To& to, pipe& buffer) {
    from.async_read_some(asio::buffer(buffer), [this, self = shared_from_this(), &from, &to,
                                                &buffer](const error_code& ec, std::size_t count) {
      if (ec) return fail(ec.message());
      if (&buffer == &inward_) {
        heard_ = std::chrono::steady_clock::now();
        if (!frames_.feed({buffer.data(), count})) return refuse("it claims to send what no node sends");
      }
      asio::async_write(to, asio::buffer(buffer.data(), count),
                        guard([this, &from, &to, &buffer] { pump(from, to, buffer); }));
    });
  }

  cluster_fence& fence_;
  tcp::socket peer_;
  std::shared_ptr<const cluster_tls> tls_;
  std::optional<asio::ssl::stream<tcp::socket&>> secured_;
  tcp::socket caf_;
  tcp::acceptor doorstep_;
  asio::steady_timer deadline_;
  tcp::resolver resolver_;
  std::vector<std::string> names_;
  std::string shown_; ///< of the secret, and the name
  std::string node_;
  done told_;
  std::string what_;
  std::chrono::steady_clock::time_point heard_;
  bool ended_ = false;
  cluster::basp_frames frames_; ///< that come in
  pipe inward_;
  pipe outward_;
};

cluster_fence::cluster_fence(metrics& figures) : figures_(figures) {}

cluster_fence::~cluster_fence() { stop(); }

result<void> cluster_fence::listen(const listen_address& at) {
  auto taken = listen_on(io_, at, "--cluster-listen");
  if (!taken) return taken.error();
  acceptor_ = std::move(*taken);
  host_ = at.host;
  return {};
}

listen_address cluster_fence::address() const { return {host_, acceptor_.local_endpoint().port()}; }

void cluster_fence::secure(std::shared_ptr<const cluster_tls> tls) {
  asio::post(io_, [this, tls = std::move(tls)]() mutable { tls_ = std::move(tls); });
}

void cluster_fence::start(unsigned short caf_port, const std::string& node) {
  caf_port_ = caf_port;
  node_ = node;
  node_.resize(node_name_bytes);
  asio::post(io_, [this] { accept_next(); });
  thread_ = std::thread([this] {
    const auto keep = asio::make_work_guard(io_);
    for (;;) {
      try {
        io_.run();
        return;
      } catch (const std::exception& e) {
        spdlog::critical("event=uncaught_exception where=cluster_fence what=\"{}\"", e.what());
      }
    }
  });
  pthread_setname_np(thread_.native_handle(), "hongyan-fence");
}

void cluster_fence::stop() {
  if (!thread_.joinable()) return;
  io_.stop();
  thread_.join();
  for (const auto& c : std::exchange(connections_, {})) c->end();
  error_code ignored;
  acceptor_.close(ignored);
}

void cluster_fence::accept_next() {
  acceptor_.async_accept([this](const error_code& ec, tcp::socket socket) {
    if (ec) { // out of descriptors, say: not again at once
      auto pause = std::make_shared<asio::steady_timer>(io_, accept_pause);
      pause->async_wait([this, pause](const error_code&) { accept_next(); });
      return;
    }
    accept_next();
    if (connections_.size() >= cluster::connections_max) {
      figures_.cluster_refused.Add({{"reason", "connections"}}).Increment();
      return;
    }
    auto link = std::make_shared<fence_link>(*this, std::move(socket));
    connections_.insert(link);
    link->welcome();
  });
}

void cluster_fence::dial(const listen_address& at, std::vector<std::string> names, bool anybody,
                         std::function<void(result<unsigned short>)> done) {
  asio::post(io_, [this, at, anybody, names = std::move(names), done = std::move(done)]() mutable {
    if (anybody) names.insert(names.end(), admitted_.begin(), admitted_.end());
    auto link = std::make_shared<fence_link>(*this, tcp::socket(io_));
    connections_.insert(link);
    link->dial(at, std::move(names), std::move(done));
  });
}

void cluster_fence::admit(std::vector<std::string> names, std::string secret) {
  asio::post(io_, [this, names = std::move(names), secret = std::move(secret)]() mutable {
    admitted_ = std::move(names);
    secret_ = std::move(secret);
  });
}

void cluster_fence::name(const listen_address& at, std::string node) {
  asio::post(io_, [this, at, node = std::move(node)] {
    for (const auto& c : connections_) c->name(at, node);
  });
}

void cluster_fence::cut(std::string node) {
  asio::post(io_, [this, node = std::move(node)] {
    const auto all = connections_; // each takes itself out
    for (const auto& c : all)
      if (c->node() == node) c->end();
  });
}

} // namespace hongyan
