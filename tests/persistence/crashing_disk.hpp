/// A disk under SQLite that loses power, and whose calls fail, when it is told to.
#pragma once

#include <cstddef>
#include <cstdint>
#include <map>
#include <memory>
#include <random>
#include <string>
#include <vector>

struct sqlite3_vfs;

namespace hongyan::testing {

/// For every SQLite connection that is opened while it lives. One at a time, one thread, one folder of files.
///
/// The files hold what the process sees. Beside them the disk remembers what each file held at its last sync
/// and what was written since; losing power leaves any of that, in pieces of a sector, with holes and a
/// little garbage where the rest was. A name that was made or removed stays so for certain once the folder is
/// synced, which SQLite does with the first sync of a log or journal that it opened. Shared memory (-shm) is
/// lost. Nothing waits for a real disk.
class crashing_disk {
public:
  enum class call : std::uint8_t { open, read, write, truncate, sync, remove, size, map };

  /// `seed`: of the moments and of what survives.
  explicit crashing_disk(unsigned seed);
  ~crashing_disk();
  crashing_disk(const crashing_disk&) = delete;
  crashing_disk& operator=(const crashing_disk&) = delete;

  /// The process dies at the n-th change from now (a write, truncation, sync, removal, or a file that is
  /// made): before it, in the middle of it or after it. Every call from then on fails.
  void die_at(std::uint64_t change);
  bool is_dead() const { return is_dead_; }
  /// After all connections were closed: what the next process finds. Without `power_lost` it was only the
  /// process that died, and what was not synced still may be lost later.
  void restart(bool power_lost);

  enum class fault : std::uint8_t {
    once,     ///< that call fails
    for_ever, ///< and all of its kind after it
    full,     ///< the disk is full from then on
  };
  /// The n-th call from now on fails. A write that fails may have written a part. What a failed sync was to
  /// keep may be lost, and no later sync brings it back, as on Linux.
  void fail_at(std::uint64_t number, fault how);
  /// Nothing fails any more.
  void mend() { failing_ = 0; }
  /// A call has failed since fail_at().
  bool has_failed() const { return has_failed_; }

  /// Syncs answer well, and do nothing.
  bool syncs_lie = false;
  /// Settings (PRAGMA) that connections get instead of what they ask for; no longer than that. A "0" stays.
  std::map<std::string, std::string> settings;

private:
  friend struct disk_calls;

  struct write {
    std::uint64_t offset = 0;
    std::string bytes{};
    bool truncates = false; ///< to `offset`
  };
  struct inode {
    std::string durable{};
    std::vector<write> since{}; ///< the last sync
  };
  struct name {
    inode* now = nullptr;
    std::vector<inode*> perhaps{nullptr}; ///< what it may stand for after a loss of power
  };
  enum class fate : std::uint8_t { done, refused, halfway };

  fate decide(call what, bool changes);
  std::string survivors(const inode& of);
  void sync_folder();
  std::size_t below(std::size_t n) { return random_() % n; }

  std::mt19937 random_;
  std::map<std::string, name> names_;
  std::vector<std::unique_ptr<inode>> inodes_;
  std::uint64_t calls_ = 0, changes_ = 0;
  std::uint64_t dying_ = 0, failing_ = 0; ///< at which; 0: never
  fault how_ = fault::once;
  call failed_ = call::open;
  bool is_dead_ = false, has_failed_ = false;
};

} // namespace hongyan::testing
