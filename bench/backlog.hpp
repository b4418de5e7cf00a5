/// What users miss while they are away: each has a direct conversation with each of so many peers, who are
/// connected and send, with as many messages under way as the server takes.
#pragma once

#include "bench/contents.hpp"
#include "bench/crowd.hpp"
#include "bench/log_book.hpp"

#include <utility>
#include <vector>

namespace hongyan::bench {

/// Only on the shard's thread.
class backlog final : private crowd::listener {
public:
  /// Conversations and the seq that their user has.
  using positions = std::vector<std::pair<std::int64_t, std::int64_t>>;

  /// Users have the ids from `first_user` on; the peers' ids come behind. What is missed goes into `log`.
  backlog(runtime& where, const options& asked, std::uint64_t first_user, const contents& what,
          log_book& log);

  /// Starts each conversation with a message that its user has, and then sends what it misses. False: some of
  /// it was not stored; failures() says why.
  asio::awaitable<bool> fill();

  /// By user: where each stood before it missed anything.
  std::vector<positions>& known() { return known_; }
  const std::vector<std::string>& failures() const { return failures_; }
  double stored_per_second() const { return stored_per_second_; }

private:
  /// A peer that sends to one user after the other.
  struct peer {
    std::size_t sent = 0;
    std::size_t wanted = 0;
  };

  void received(socket_client& client, const std::string& frame) override;
  asio::awaitable<void> send_all();
  void send_next(std::uint32_t from);

  runtime& where_;
  const options& asked_;
  std::uint64_t first_user_;
  const contents& contents_;
  log_book& log_;
  crowd peers_;
  std::vector<peer> sending_;
  std::vector<positions> known_;
  std::vector<std::uint32_t> receivers_; ///< by message's number - 1: the user
  std::vector<std::string> failures_;
  std::string id_; ///< reused by every message
  std::string content_;
  std::uint64_t answers_ = 0;
  double stored_per_second_ = 0;
  bool starting_ = true;
};

} // namespace hongyan::bench
