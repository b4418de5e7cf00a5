#include "tests/persistence/crashing_disk.hpp"

#include <sqlite3.h>

#include <algorithm>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <iterator>

namespace hongyan::testing {

namespace {

constexpr std::size_t sector_size = 512;
constexpr int tracked_kinds = SQLITE_OPEN_MAIN_DB | SQLITE_OPEN_WAL | SQLITE_OPEN_MAIN_JOURNAL;
constexpr int log_kinds = SQLITE_OPEN_WAL | SQLITE_OPEN_MAIN_JOURNAL;

crashing_disk* disk = nullptr;
sqlite3_vfs* real = nullptr;
sqlite3_vfs crashing;

std::string content_of(const std::string& path) {
  std::ifstream in(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(in), {}};
}

void overwrite(std::string& bytes, std::size_t offset, std::string_view with) {
  if (bytes.size() < offset + with.size()) bytes.resize(offset + with.size());
  with.copy(bytes.data() + offset, with.size());
}

} // namespace

/// What SQLite calls. Files of its own that no restart finds (temporary ones) have no inode, and nothing of
/// ours is done to them.
struct disk_calls {
  using call = crashing_disk::call;
  using fate = crashing_disk::fate;

  /// SQLite's file, 8 bytes aligned as SQLite gives it; the real layer's lies behind it.
  struct file {
    sqlite3_file base;
    crashing_disk::inode* node;
    bool syncs_folder; ///< with its next sync
  };

  static file& ours(sqlite3_file* f) { return *reinterpret_cast<file*>(f); }
  static sqlite3_file* below(sqlite3_file* f) {
    return reinterpret_cast<sqlite3_file*>(reinterpret_cast<char*>(f) + sizeof(file));
  }

  static int open(sqlite3_vfs*, sqlite3_filename path, sqlite3_file* f, int flags, int* out_flags) {
    f->pMethods = nullptr;
    const bool is_tracked = disk != nullptr && path != nullptr && (flags & tracked_kinds) != 0;
    crashing_disk::name* named = nullptr;
    if (is_tracked) {
      const bool is_known = disk->names_.contains(path);
      named = &disk->names_[path];
      if (!is_known && std::filesystem::exists(path)) { // it was there before the disk was
        disk->inodes_.push_back(std::make_unique<crashing_disk::inode>());
        named->now = disk->inodes_.back().get();
        named->now->durable = content_of(path);
        named->perhaps = {named->now};
      }
      const bool is_made = named->now == nullptr && (flags & SQLITE_OPEN_CREATE) != 0;
      if (disk->decide(call::open, is_made) != fate::done) return SQLITE_CANTOPEN;
    }
    const int code = real->xOpen(real, path, below(f), flags, out_flags);
    if (code != SQLITE_OK) {
      if (below(f)->pMethods != nullptr) below(f)->pMethods->xClose(below(f));
      return code;
    }
    if (is_tracked && named->now == nullptr) {
      disk->inodes_.push_back(std::make_unique<crashing_disk::inode>());
      named->now = disk->inodes_.back().get();
      named->perhaps.push_back(named->now);
    }
    ours(f).node = is_tracked ? named->now : nullptr;
    ours(f).syncs_folder = (flags & SQLITE_OPEN_CREATE) != 0 && (flags & log_kinds) != 0;
    f->pMethods = &methods;
    return SQLITE_OK;
  }

  static int remove(sqlite3_vfs*, const char* path, int sync_folder) {
    if (disk == nullptr) return real->xDelete(real, path, sync_folder);
    if (disk->decide(call::remove, true) != fate::done) return SQLITE_IOERR_DELETE;
    const int code = real->xDelete(real, path, 0);
    if (const auto at = disk->names_.find(path); code == SQLITE_OK && at != disk->names_.end()) {
      at->second.now = nullptr;
      at->second.perhaps.push_back(nullptr);
    }
    if (sync_folder != 0) disk->sync_folder();
    return code;
  }

  static int access(sqlite3_vfs*, const char* path, int flags, int* answer) {
    if (disk != nullptr && disk->is_dead_) return SQLITE_IOERR_ACCESS;
    return real->xAccess(real, path, flags, answer);
  }

  static int close(sqlite3_file* f) { return below(f)->pMethods->xClose(below(f)); }

  static fate decide(sqlite3_file* f, call what, bool changes) {
    return disk == nullptr || ours(f).node == nullptr ? fate::done : disk->decide(what, changes);
  }

  static int read(sqlite3_file* f, void* data, int size, sqlite3_int64 offset) {
    if (decide(f, call::read, false) != fate::done) return SQLITE_IOERR_READ;
    return below(f)->pMethods->xRead(below(f), data, size, offset);
  }

  static int write(sqlite3_file* f, const void* data, int size, sqlite3_int64 offset) {
    const fate what = decide(f, call::write, true);
    const int failed = disk != nullptr && disk->how_ == crashing_disk::fault::full && !disk->is_dead_
                           ? SQLITE_FULL
                           : SQLITE_IOERR_WRITE;
    if (what == fate::refused) return failed;
    if (what == fate::halfway) size = static_cast<int>(disk->below(static_cast<std::size_t>(size)));
    if (size > 0)
      if (const int code = below(f)->pMethods->xWrite(below(f), data, size, offset); code != SQLITE_OK)
        return code;
    if (ours(f).node != nullptr && size > 0)
      ours(f).node->since.push_back(
          {.offset = static_cast<std::uint64_t>(offset),
           .bytes = std::string(static_cast<const char*>(data), static_cast<std::size_t>(size))});
    return what == fate::halfway ? failed : SQLITE_OK;
  }

  static int truncate(sqlite3_file* f, sqlite3_int64 size) {
    if (decide(f, call::truncate, true) != fate::done) return SQLITE_IOERR_TRUNCATE;
    const int code = below(f)->pMethods->xTruncate(below(f), size);
    if (code == SQLITE_OK && ours(f).node != nullptr)
      ours(f).node->since.push_back({.offset = static_cast<std::uint64_t>(size), .truncates = true});
    return code;
  }

  static int sync(sqlite3_file* f, int) {
    crashing_disk::inode* node = ours(f).node;
    const fate what = decide(f, call::sync, true);
    if (node == nullptr) return SQLITE_OK;
    if (what != fate::done) {
      if (!disk->is_dead_) {
        node->durable = disk->survivors(*node);
        node->since.clear();
      }
      return SQLITE_IOERR_FSYNC;
    }
    if (disk->syncs_lie) return SQLITE_OK;
    for (const auto& w : node->since) {
      if (w.truncates)
        node->durable.resize(w.offset);
      else
        overwrite(node->durable, w.offset, w.bytes);
    }
    node->since.clear();
    if (ours(f).syncs_folder) disk->sync_folder();
    ours(f).syncs_folder = false;
    return SQLITE_OK;
  }

  static int size(sqlite3_file* f, sqlite3_int64* answer) {
    if (decide(f, call::size, false) != fate::done) return SQLITE_IOERR_FSTAT;
    return below(f)->pMethods->xFileSize(below(f), answer);
  }

  static int control(sqlite3_file* f, int what, void* data) {
    if (what == SQLITE_FCNTL_PRAGMA && disk != nullptr) {
      auto* const* words = static_cast<char**>(data); // error, name, value
      const auto at = disk->settings.find(words[1]);
      if (at != disk->settings.end() && words[2] != nullptr && std::string_view(words[2]) != "0" &&
          at->second.size() <= std::strlen(words[2]))
        std::strcpy(words[2], at->second.c_str());
    }
    return below(f)->pMethods->xFileControl(below(f), what, data);
  }

  static int map(sqlite3_file* f, int region, int size, int extends, void volatile** answer) {
    if (decide(f, call::map, false) != fate::done) return SQLITE_IOERR_SHMMAP;
    return below(f)->pMethods->xShmMap(below(f), region, size, extends, answer);
  }

  // Locks hold as long as the process lives, whatever the disk does.
  static int lock(sqlite3_file* f, int level) { return below(f)->pMethods->xLock(below(f), level); }
  static int unlock(sqlite3_file* f, int level) { return below(f)->pMethods->xUnlock(below(f), level); }
  static int is_reserved(sqlite3_file* f, int* answer) {
    return below(f)->pMethods->xCheckReservedLock(below(f), answer);
  }
  static int sector(sqlite3_file* f) { return below(f)->pMethods->xSectorSize(below(f)); }
  static int traits(sqlite3_file* f) { return below(f)->pMethods->xDeviceCharacteristics(below(f)); }
  static int lock_shared(sqlite3_file* f, int offset, int n, int flags) {
    return below(f)->pMethods->xShmLock(below(f), offset, n, flags);
  }
  static void barrier(sqlite3_file* f) { below(f)->pMethods->xShmBarrier(below(f)); }
  static int unmap(sqlite3_file* f, int removes) { return below(f)->pMethods->xShmUnmap(below(f), removes); }

  static const sqlite3_io_methods methods;
};

// Version 2: no reading through a map, which would go past us.
const sqlite3_io_methods disk_calls::methods = {
    2,       close,  read,   write, truncate,    sync,    size,  lock,    unlock, is_reserved,
    control, sector, traits, map,   lock_shared, barrier, unmap, nullptr, nullptr};

crashing_disk::crashing_disk(unsigned seed) : random_(seed) {
  real = sqlite3_vfs_find(nullptr);
  crashing = *real;
  crashing.zName = "crashing";
  crashing.pNext = nullptr;
  crashing.szOsFile = static_cast<int>(sizeof(disk_calls::file)) + real->szOsFile;
  crashing.xOpen = disk_calls::open;
  crashing.xDelete = disk_calls::remove;
  crashing.xAccess = disk_calls::access;
  disk = this;
  sqlite3_vfs_register(&crashing, 1);
}

crashing_disk::~crashing_disk() {
  sqlite3_vfs_unregister(&crashing);
  disk = nullptr;
}

void crashing_disk::die_at(std::uint64_t change) {
  changes_ = 0;
  dying_ = change;
}

void crashing_disk::fail_at(std::uint64_t number, fault how) {
  calls_ = 0;
  failing_ = number;
  how_ = how;
  has_failed_ = false;
}

void crashing_disk::restart(bool power_lost) {
  namespace fs = std::filesystem;
  is_dead_ = false;
  dying_ = 0;
  for (auto& [path, named] : names_) {
    fs::remove(path + "-shm");
    if (!power_lost) continue;
    named.now = named.perhaps[below(named.perhaps.size())];
    if (named.now == nullptr) {
      fs::remove(path);
      continue;
    }
    std::string left = survivors(*named.now);
    std::ofstream(path, std::ios::binary) << left;
    named.now->durable = std::move(left);
    named.now->since.clear();
  }
  if (power_lost) sync_folder();
}

crashing_disk::fate crashing_disk::decide(call what, bool changes) {
  if (is_dead_) return fate::refused;
  if (changes && ++changes_ == dying_) {
    is_dead_ = true;
    return static_cast<fate>(below(3));
  }
  ++calls_;
  if (failing_ == 0 || calls_ < failing_) return fate::done;
  if (how_ == fault::full) {
    if (what != call::write) return fate::done;
  } else if (calls_ == failing_) {
    failed_ = what;
  } else if (how_ == fault::once || what != failed_) {
    return fate::done;
  }
  has_failed_ = true;
  return below(2) == 0 ? fate::refused : fate::halfway;
}

/// What a loss of power might leave of a file, now.
std::string crashing_disk::survivors(const inode& of) {
  static constexpr std::size_t chances[] = {0, 30, 128, 230, 256}; // of 256
  const std::size_t chance = chances[below(std::size(chances))];
  std::string bytes = of.durable;
  for (const auto& w : of.since) {
    if (w.truncates) {
      if (below(256) < chance) bytes.resize(w.offset);
      continue;
    }
    for (std::size_t done = 0; done < w.bytes.size();) {
      const std::size_t offset = w.offset + done;
      const std::size_t size = std::min(w.bytes.size() - done, sector_size - offset % sector_size);
      if (below(256) < chance) {
        overwrite(bytes, offset, std::string_view(w.bytes).substr(done, size));
      } else if (below(16) == 0) {
        std::string garbage(size, '\0');
        for (char& c : garbage) c = static_cast<char>(random_());
        overwrite(bytes, offset, garbage);
      } else if (below(4) == 0 && bytes.size() < offset + size) {
        bytes.resize(offset + size); // a hole
      }
      done += size;
    }
  }
  return bytes;
}

/// Names are what they are, from now on.
void crashing_disk::sync_folder() {
  for (auto& [path, named] : names_) named.perhaps = {named.now};
}

} // namespace hongyan::testing
