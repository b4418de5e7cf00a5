/// A TCP proxy in front of PostgreSQL that can be told to fail at the worst moment. One connection at a time.
#pragma once

#include <atomic>
#include <thread>

namespace hongyan::testing {

class severing_proxy {
public:
  enum class fault {
    none,
    /// The next statement reaches the server and is answered; the answer is thrown away, and the client cut.
    drop_answer,
    /// The next statement reaches the server; the client is cut at once, the server's session goes on, and is
    /// kept until release().
    cut_client,
  };

  explicit severing_proxy(int server_port);
  ~severing_proxy();
  severing_proxy(const severing_proxy&) = delete;
  severing_proxy& operator=(const severing_proxy&) = delete;

  int port() const { return port_; }
  /// Strikes once, at the `after`-th next thing that the client sends.
  void arm(fault what, int after = 1);
  /// Closes the session that cut_client kept, once the server has answered it.
  void release();

private:
  void serve();
  /// Carries bytes between the two until one closes or a fault strikes.
  void carry(int client, int server);

  int server_port_;
  int port_ = 0;
  int listener_ = -1;
  int kept_ = -1;
  std::atomic<fault> fault_ = fault::none;
  std::atomic<int> after_ = 0;
  std::atomic<bool> ending_ = false;
  std::thread thread_;
};

} // namespace hongyan::testing
