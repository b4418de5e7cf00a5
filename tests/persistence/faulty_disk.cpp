#include "tests/persistence/faulty_disk.hpp"

#include <sqlite3.h>

#include <cstring>

namespace hongyan::testing {

namespace {

faulty_disk* disk = nullptr;
sqlite3_vfs* real = nullptr;
sqlite3_vfs faulty;
/// SQLite's functions for the log's file, and the same with ours in place of two of them. All files of the
/// real layer's main kind share one table.
const sqlite3_io_methods* real_methods = nullptr;
sqlite3_io_methods log_methods;

int write_log(sqlite3_file* file, const void* data, int size, sqlite3_int64 offset) {
  if (disk != nullptr) {
    if (disk->log_write_fails) return SQLITE_FULL;
    disk->log_is_dirty = true;
  }
  return real_methods->xWrite(file, data, size, offset);
}

int sync_log(sqlite3_file* file, int flags) {
  if (disk != nullptr && disk->log_sync_fails) return SQLITE_IOERR_FSYNC;
  const int code = real_methods->xSync(file, flags);
  if (disk != nullptr && code == SQLITE_OK) {
    disk->log_is_dirty = false;
    ++disk->log_syncs;
  }
  return code;
}

int open_file(sqlite3_vfs*, sqlite3_filename name, sqlite3_file* file, int flags, int* out_flags) {
  const int code = real->xOpen(real, name, file, flags, out_flags);
  if (code == SQLITE_OK && (flags & SQLITE_OPEN_WAL) != 0) {
    real_methods = file->pMethods;
    log_methods = *real_methods;
    log_methods.xWrite = write_log;
    log_methods.xSync = sync_log;
    file->pMethods = &log_methods;
  }
  return code;
}

} // namespace

faulty_disk::faulty_disk() {
  real = sqlite3_vfs_find(nullptr);
  faulty = *real;
  faulty.zName = "faulty";
  faulty.pNext = nullptr;
  faulty.xOpen = open_file;
  disk = this;
  sqlite3_vfs_register(&faulty, 1);
}

faulty_disk::~faulty_disk() {
  sqlite3_vfs_unregister(&faulty);
  disk = nullptr;
}

} // namespace hongyan::testing
