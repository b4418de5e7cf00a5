/// The file keeper: the one that knows which file store it is, and deletes what nothing refers to.
#pragma once

#include "actors/interfaces.hpp"
#include "core/metrics.hpp"
#include "core/tools/current.hpp"

#include <atomic>

namespace hongyan {

/// How often files are looked for that are due to be deleted. They are due by the minute.
inline constexpr std::chrono::seconds file_sweep_interval{15};

/// What the keeper needs. Outlives it.
struct file_keeper_env {
  files::blob_store& store;
  flow& admitted;
  metrics& figures;
  /// The key that links to files are signed with: set once the database has said that this is its file store;
  /// empty until then, and files are unavailable.
  current<std::string>& link_key;
  /// While it is set no byte is deleted: a backup has the row, and comes for it.
  const std::atomic<bool>& is_backing_up;
};

/// Detached.
file_keeper_actor::behavior_type file_keeper(file_keeper_actor::pointer self, file_keeper_env* env,
                                             persistence_actor persistence);

} // namespace hongyan
