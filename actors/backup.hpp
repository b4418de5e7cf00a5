/// BACKUP: the one that copies the store and the files while they are used.
#pragma once

#include "actors/interfaces.hpp"

#include <atomic>

namespace hongyan {

/// What it needs. Outlives it, and all readers that it gives.
struct backup_env {
  store& database;
  files::blob_store* files; ///< null: there are none
  std::atomic<bool> is_under_way = false;
};

inline error another_backup_runs() {
  return {errc::conflict, "another backup is under way; try again when it has ended"};
}

/// Detached.
backup_actor::behavior_type backup_maker(backup_actor::pointer self, backup_env* env);

} // namespace hongyan
