/// v1: a message is sent over its sender's own socket and comes as a notification. Checks beside, that every
/// socket shows each conversation in the order of seq, without holes.
#pragma once

#include "bench/dialect.hpp"
#include "bench/log_book.hpp"
#include "bench/v1_text.hpp"

#include <vector>

namespace hongyan::bench {

class v1_dialect final : public dialect {
public:
  v1_dialect(runtime& where, const options& asked, listener& told)
      : dialect(where, asked, told)
      , under_way_(asked.users) {}

  void add_senders(std::size_t count) override { carried_.resize(count); }
  void wake(std::uint32_t sender) override;
  asio::awaitable<void> end_senders() override { co_return; } // they are the users' own sockets
  bool may_send(std::uint32_t user) const override;

private:
  void read(std::uint32_t user, const std::string& frame) override;
  void sender_lost(std::uint32_t user) override;
  void tell_more(report& r, bool missing) override;
  void take_answer(std::uint32_t user, const v1_text& answer);
  letter put_down(std::uint32_t sender);

  std::vector<std::optional<letter>> carried_; ///< by sender
  std::vector<std::uint32_t> under_way_;       ///< by user: messages without an answer
  std::string id_;                             ///< reused by every message
  std::string content_;
  log_book log_;
};

} // namespace hongyan::bench
