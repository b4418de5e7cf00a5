/// Where the clients of a run live: one actor system and one shard, on which everything runs. One thread is
/// enough for more load than a server takes beside it on two cores, and needs no lock around what is counted.
#pragma once

#include "bench/report.hpp"
#include "net/io_shard.hpp"

#include <boost/asio/awaitable.hpp>
#include <caf/all.hpp>
#include <functional>
#include <memory>
#include <optional>

namespace hongyan::bench {

class runtime {
public:
  runtime();

  caf::actor_system& system() { return *system_; }
  io_shard& shard() { return *shard_; }

  /// Runs a scenario on the shard's thread and waits for its report. What it throws comes out here.
  report run(const std::function<asio::awaitable<report>()>& scenario);

  /// Ends the program with `status`; actors that would hang it are left behind.
  [[noreturn]] void exit(int status);

private:
  caf::actor_system_config config_;
  // The shard outlives the actor system: it may still touch the execution unit of an actor that has just
  // ended.
  std::unique_ptr<io_shard> shard_;
  std::optional<caf::actor_system> system_;
};

/// Waits on the shard's thread.
asio::awaitable<void> pause(io_shard& shard, steady_time::duration duration);
/// How long one pauses between two looks at what others end.
inline constexpr std::chrono::milliseconds look{5};
asio::awaitable<void> pause_until(io_shard& shard, steady_time due);

} // namespace hongyan::bench
