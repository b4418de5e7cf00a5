/// A disk under SQLite that fails when it is told to: SQLite's own layer for files with a few calls replaced.
#pragma once

#include <atomic>
#include <string>

namespace hongyan::testing {

/// For every SQLite connection that is opened while it lives. One at a time.
class faulty_disk {
public:
  faulty_disk();
  ~faulty_disk();
  faulty_disk(const faulty_disk&) = delete;
  faulty_disk& operator=(const faulty_disk&) = delete;

  /// Syncs of the write-ahead log fail from now on; what was written stays written.
  std::atomic<bool> log_sync_fails = false;
  /// Writes to the write-ahead log fail from now on, as those to a full disk.
  std::atomic<bool> log_write_fails = false;
  /// The write-ahead log has bytes that were written after its last sync.
  std::atomic<bool> log_is_dirty = false;
  std::atomic<int> log_syncs = 0;
};

} // namespace hongyan::testing
