/// The threads of the process and the actors on them: CAF's system, the shards, and who has to end.
///
/// Two things make an order of their own here. A handle that somebody keeps would hang the actor system's
/// destructor for ever, so whoever has one drops it before end_actors(). And a shard may not stop while an
/// actor that is pinned to it has not ended, nor go before the system, which may still touch the execution
/// unit of an actor that has just ended.
#pragma once

#include "core/bounds/flow.hpp"
#include "net/io_shard.hpp"

#include <boost/asio/post.hpp>
#include <caf/all.hpp>
#include <future>
#include <memory>
#include <optional>
#include <vector>

namespace hongyan {

class runtime {
public:
  /// `shard_count` 0: one a core. `is_cluster`: with CAF's distribution.
  runtime(unsigned shard_count, bool is_cluster);

  caf::actor_system& system() { return *system_; }
  const std::vector<std::unique_ptr<io_shard>>& shards() const { return shards_; }
  io_shard& first_shard() { return *shards_.front(); }

  /// Spawns an actor that ends with the runtime: pinned to a shard, or detached, since it blocks.
  template <class Actor, class... Args>
  auto spawn_pinned(io_shard& on, Args&&... args) {
    return keep(spawn_on<Actor>(*system_, on, std::forward<Args>(args)...));
  }
  template <class Behavior, class... Args>
  auto spawn_detached(Behavior behavior, Args&&... args) {
    return keep(system_->spawn<caf::detached>(behavior, std::forward<Args>(args)...));
  }

  /// From now on, when one of these ends by a fault, the server drains and ends: see actors/watcher.hpp.
  void watch(std::vector<caf::actor> vital, flow& admitted);

  /// Starts the shards' threads.
  void start();
  /// Runs `work` on a shard's thread and waits for its result.
  template <class Work>
  static auto on_shard(io_shard& shard, Work work) {
    std::packaged_task<decltype(work())()> task(std::move(work));
    auto done = task.get_future();
    asio::post(shard.io(), std::move(task));
    return done.get();
  }

  /// Ends all actors, the last first, and waits for them while the shards still run. False: some had not
  /// ended by then.
  bool end_actors(steady_time deadline);
  /// After end_actors(): stops the shards' threads.
  void stop_shards();
  /// After stop_shards(): the actor system goes; what is left on the shards goes with the runtime.
  void close_system() { system_.reset(); }

private:
  template <class Handle>
  Handle keep(Handle made) {
    actors_.push_back(caf::actor_cast<caf::actor>(made));
    return made;
  }

  caf::actor_system_config config_;
  std::vector<std::unique_ptr<io_shard>> shards_;
  std::optional<caf::actor_system> system_;
  std::vector<caf::actor> actors_; ///< in the order of their making
  caf::actor watcher_;
};

} // namespace hongyan
