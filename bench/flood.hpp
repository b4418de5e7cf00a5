/// Somebody who wants all of a server: connections that write as fast as it takes, and come again when they
/// are cut. In threads of their own, so that what they do does not slow those down who measure beside them.
#pragma once

#include "bench/options.hpp"

#include <atomic>
#include <string>
#include <thread>
#include <vector>

namespace hongyan::bench {

class flood {
public:
  struct attack {
    std::string first{}; ///< written once a connection: an upgrade
    std::string text;    ///< written again and again
    std::size_t connections = 4;
  };

  /// Begins at once. On an IPv4 loopback from an address of its own, 127.0.0.2.
  flood(const server_address& server, const attack& what);
  /// Ends all of it; takes some milliseconds.
  ~flood();
  flood(const flood&) = delete;
  flood& operator=(const flood&) = delete;

  std::uint64_t bytes_sent() const { return sent_; }

private:
  void pour(const std::stop_token& stop);

  const server_address& server_;
  attack what_;
  std::atomic<std::uint64_t> sent_ = 0;
  std::vector<std::jthread> threads_;
};

} // namespace hongyan::bench
