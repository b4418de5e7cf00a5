/// The fence around CAF's distribution: CAF itself listens on loopback only, and between nodes there is a
/// listener and a dialler of ours that let nobody near it who has not proved to be a peer.
///
///   CAF <-loopback-> fence <--- network, mutual TLS 1.3, secret ---> fence <-loopback-> CAF
///
/// CAF 0.17 takes a stranger's word for how much memory to allocate, waits for ever for one who says nothing,
/// and does not see that a peer is frozen. So the fence checks certificates
/// and a secret that only those know who have the cluster's database, has a deadline for each step and
/// a limit of connections, and ends a link over which nothing has come for a while (CAF's heartbeats go
/// through it).
#pragma once

#include "config/server_config.hpp"
#include "core/metrics.hpp"
#include "net/cluster_tls.hpp"

#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <thread>
#include <unordered_set>
#include <vector>

namespace hongyan {

namespace asio = boost::asio;

class cluster_fence {
public:
  /// CAF's heartbeats on every link; both ends must have the same.
  static constexpr std::chrono::milliseconds heartbeat{1000};
  /// A link over which nothing has come for so long is ended: its users are offline for the others within
  /// 10 s (contract, promise 8), and four heartbeats may be late.
  static constexpr std::chrono::milliseconds silence{4500};
  /// For the connection, and for the TLS handshake.
  static constexpr std::chrono::milliseconds dial_limit{1500};
  static constexpr std::chrono::milliseconds handshake_limit{3000};

  /// A connection through the fence, or before it.
  class connection {
  public:
    virtual ~connection() = default;
    virtual void end() = 0;
    /// The node at the other end: as it said itself, or as it was dialled.
    virtual const std::string& node() const = 0;
    /// It is this node, if the connection was dialled there.
    virtual void name(const listen_address& at, const std::string& node) = 0;
  };

  explicit cluster_fence(metrics& figures);
  ~cluster_fence();

  /// Takes the address; port 0 picks a free one. Errors: malformed, with the option and what is accepted.
  result<void> listen(const listen_address& at);
  listen_address address() const;
  /// Mutual TLS from now on, for new connections. Any thread.
  void secure(std::shared_ptr<const cluster_tls> tls);

  /// Lets peers through to CAF, which listens there on loopback. `node`: the name that peers are told.
  void start(unsigned short caf_port, const std::string& node);
  /// Ends all links.
  void stop();

  /// Any thread: reaches for a peer. `done`, on the fence's thread: a port on loopback that is the peer's
  /// CAF, for one connection; or why not. With TLS the peer's certificate must have one of `names`, or, of
  /// `anybody`, one of those that may come in.
  void dial(const listen_address& at, std::vector<std::string> names, bool anybody,
            std::function<void(result<unsigned short>)> done);
  /// Any thread: who `anybody` was, for cut().
  void name(const listen_address& at, std::string node);
  /// Any thread: who comes in must show this secret, and with TLS have one of these names. Without a secret
  /// nobody comes in.
  void admit(std::vector<std::string> names, std::string secret);
  /// Any thread: ends all links with a node, which is told by their end.
  void cut(std::string node);

private:
  void accept_next();

  metrics& figures_;
  asio::io_context io_{1};
  asio::ip::tcp::acceptor acceptor_{io_};
  std::string host_;                       ///< as asked for
  std::shared_ptr<const cluster_tls> tls_; ///< null: in the clear
  std::vector<std::string> admitted_;
  std::string secret_;
  std::string node_; ///< padded
  unsigned short caf_port_ = 0;
  std::unordered_set<std::shared_ptr<connection>> connections_;
  std::thread thread_;

  friend class fence_link;
};

} // namespace hongyan
