/// Which of several primaries is the true one. PostgreSQL counts a database's timeline up at each promotion,
/// so of two that take writes the lower one is false: what is stored there will be thrown away.
#pragma once

#include <cstdint>
#include <functional>
#include <mutex>
#include <utility>

namespace hongyan {

/// Where a database's history is. The zeros: nothing is known.
struct database_timeline {
  std::int64_t system = 0; ///< of the cluster, given by initdb: the same on a primary and its standbys
  std::uint32_t number = 0;

  friend bool operator==(const database_timeline&, const database_timeline&) = default;
};

/// The newest timeline that this process knows of: its sessions have met it, a peer has told of it, or the
/// store says so. What it cannot know: of two standbys that were promoted apart both have one number.
/// Thread-safe.
class newest_timeline {
public:
  /// Is told each newer one, and the one before, by the thread that has brought it; it must not wait, nor ask
  /// this object. Once another is set it is not called any more.
  using listener = std::function<void(database_timeline now, database_timeline before)>;
  void when_newer(listener told) {
    const std::lock_guard lock(mutex_);
    told_ = std::move(told);
  }

  /// A session of ours has found this one. Of another system: the database was exchanged, and is what counts
  /// from now on.
  void meet(database_timeline found) { take(found, true); }
  /// Somebody else has. Of another system it says nothing.
  void hear(database_timeline of) { take(of, false); }

  database_timeline get() const {
    const std::lock_guard lock(mutex_);
    return newest_;
  }
  /// A newer one of the same system is known: nothing may be stored there, or read.
  bool is_outdated(database_timeline found) const {
    const auto newest = get();
    return found.system == newest.system && found.number < newest.number;
  }

private:
  void take(database_timeline found, bool is_ours) {
    const std::lock_guard lock(mutex_);
    const bool is_other = found.system != newest_.system;
    if (is_other ? !is_ours && newest_.system != 0 : found.number <= newest_.number) return;
    const auto before = std::exchange(newest_, found);
    if (told_) told_(found, before);
  }

  mutable std::mutex mutex_;
  database_timeline newest_;
  listener told_;
};

} // namespace hongyan
