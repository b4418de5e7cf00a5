#include "bench/runtime.hpp"

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <boost/asio/use_future.hpp>
#include <cstdlib>
#include <iostream>
#include <unistd.h>

namespace hongyan::bench {

namespace {

/// For clients to end after a run.
constexpr std::chrono::seconds end_deadline{5};

caf::actor_system_config& configure(caf::actor_system_config& config) {
  // All clients are pinned to the shard, so CAF's own scheduler has nothing to run.
  config.set("scheduler.max-threads", std::size_t{1});
  return config;
}

} // namespace

runtime::runtime() : system_(std::in_place, configure(config_)) {
  shard_ = std::make_unique<io_shard>(*system_);
  shard_->start();
}

report runtime::run(const std::function<asio::awaitable<report>()>& scenario) {
  return asio::co_spawn(shard_->io(), scenario, asio::use_future).get();
}

void runtime::exit(int status) {
  std::cout.flush();
  const auto deadline = std::chrono::steady_clock::now() + end_deadline;
  while (system_->registry().running() > 0) {
    if (std::chrono::steady_clock::now() > deadline) _exit(status);
    std::this_thread::sleep_for(std::chrono::milliseconds(1));
  }
  shard_->stop();
  system_.reset();
  shard_.reset();
  std::exit(status);
}

asio::awaitable<void> pause(io_shard& shard, steady_time::duration duration) {
  return pause_until(shard, shard.now() + duration);
}

asio::awaitable<void> pause_until(io_shard& shard, steady_time due) {
  asio::steady_timer timer(shard.io(), due);
  co_await timer.async_wait(asio::use_awaitable);
}

} // namespace hongyan::bench
