/// The classic contract: senders are back ends with a kept-alive connection each, and every frame of a socket
/// is its user's whole window.
#pragma once

#include "bench/chat_tail.hpp"
#include "bench/dialect.hpp"
#include "bench/faults.hpp"
#include "bench/http_client.hpp"

#include <vector>

namespace hongyan::bench {

class classic_dialect final : public dialect, private http_client::source {
public:
  classic_dialect(runtime& where, const options& asked, listener& told)
      : dialect(where, asked, told)
      , known_(asked.users) {}

  void add_senders(std::size_t count) override;
  void wake(std::uint32_t sender) override;
  asio::awaitable<void> end_senders() override;

private:
  void read(std::uint32_t user, const std::string& frame) override;
  void tell_more(report& r, bool missing) override;

  bool next(http_client& client, std::string& body) override;
  void answered(http_client& client, unsigned status) override;
  void failed(http_client& client, const std::string& why, bool in_flight) override;
  void ended(http_client&) override { --senders_alive_; }

  std::vector<caf::actor> senders_;
  std::vector<std::int64_t> known_; ///< by user: the newest id its socket has shown
  std::vector<tail_chat> news_;     ///< reused by every frame
  fault_list faults_;
  std::uint64_t whole_new_frames_ = 0;
  std::size_t senders_alive_ = 0;
};

} // namespace hongyan::bench
