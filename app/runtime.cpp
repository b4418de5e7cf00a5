#include "app/runtime.hpp"

#include "actors/interfaces.hpp"
#include "actors/watcher.hpp"
#include "net/cluster_links.hpp"

#include <algorithm>
#include <ranges>
#include <spdlog/spdlog.h>
#include <thread>

namespace hongyan {

namespace {

caf::actor_system_config& configure(caf::actor_system_config& config, bool is_cluster) {
  config.add_message_types<caf::id_block::hongyan>();
  if (is_cluster) load_distribution(config);
  // Our actors are pinned or detached, so CAF's own scheduler has nothing to run.
  config.set("scheduler.max-threads", std::size_t{1});
  return config;
}

} // namespace

runtime::runtime(unsigned shard_count, bool is_cluster)
    : system_(std::in_place, configure(config_, is_cluster)) {
  const auto count = shard_count > 0 ? shard_count : std::max(1u, std::thread::hardware_concurrency());
  for (unsigned i = 0; i < count; ++i) shards_.push_back(std::make_unique<io_shard>(*system_));
}

void runtime::watch(std::vector<caf::actor> vital, flow& admitted) {
  watcher_ = system_->spawn(hongyan::watch, std::move(vital), &admitted);
}

void runtime::start() {
  for (auto& shard : shards_) shard->start();
}

bool runtime::end_actors(steady_time deadline) {
  // First: the ends of the others are ours.
  if (watcher_) caf::anon_send_exit(watcher_, caf::exit_reason::user_shutdown);
  watcher_ = nullptr;
  for (auto& actor : std::views::reverse(actors_))
    caf::anon_send_exit(actor, caf::exit_reason::user_shutdown);
  actors_.clear();
  while (system_->registry().running() > 0) {
    if (std::chrono::steady_clock::now() >= deadline) {
      spdlog::warn("event=actors_left count={}", system_->registry().running());
      return false;
    }
    std::this_thread::sleep_for(std::chrono::milliseconds(1));
  }
  return true;
}

void runtime::stop_shards() {
  for (auto& shard : shards_) shard->stop();
}

} // namespace hongyan
