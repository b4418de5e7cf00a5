/// The file of an SQLite store: who may use it, how it is opened, brought to the current schema and told
/// apart from its copies.
#pragma once

#include "core/errors.hpp"
#include "persistence/sqlite/handle.hpp"

#include <atomic>
#include <cstdint>
#include <memory>
#include <mutex>
#include <optional>
#include <string>

namespace hongyan {

/// How long somebody else's lock is waited for: an operator's look into the file is over by then.
inline constexpr int sqlite_busy_timeout_ms = 2000;

/// The file, locked against other servers for as long as anything here uses it.
class sqlite_file {
public:
  /// Locks it. Errors: errc::malformed, with the reason and what to do.
  static result<std::shared_ptr<sqlite_file>> lock(const std::string& given_path);
  ~sqlite_file();
  sqlite_file(const sqlite_file&) = delete;
  sqlite_file& operator=(const sqlite_file&) = delete;

  const std::string& path() const { return path_; }

  /// True for one caller until give_back_writing().
  bool take_writing() { return !writing_.exchange(true); }
  void give_back_writing() { writing_ = false; }

  /// Opens the connection that writes, and brings the schema to the version we know. An error's text is the
  /// reason only.
  result<sqlite_connection> open_for_writing() const;
  /// Opens one that reads. Error: SQLite's reason only.
  result<sqlite_connection> open_for_reading() const;

  /// Gives the store a new epoch when it is new, or not the one that was here at the last start. Of a copy
  /// that comes back one of two things is another: the file, or the number of the last start, which is kept
  /// beside the file (in its lock) as well as in it; but not of one that was made since that start and is
  /// copied into the same file. Once a start, and when the file is another.
  result<void> identify(sqlite_connection& db);
  /// The path leads to another file than the one that was identified.
  bool is_another() const;

  /// A connection has met damage: nothing more is written into this file, which may be half of one and half
  /// of another. Thread-safe.
  void note_damage(const std::string& why);
  /// Nothing: none was met.
  std::optional<std::string> damage() const;

private:
  struct inode {
    std::uint64_t device = 0, number = 0;
    bool operator==(const inode&) const = default;
  };
  sqlite_file() = default;

  /// Opens a connection to the file, with the settings of all. An error's text is the reason only.
  result<sqlite_connection> open() const;
  /// Nothing: the path leads nowhere.
  std::optional<inode> find() const;
  std::string last_start() const;
  void remember_start(const std::string& start) const;

  std::string path_;
  int lock_fd_ = -1;
  std::atomic<bool> writing_ = false;
  mutable std::mutex mutex_;          ///< of what follows
  std::optional<inode> known_;        ///< the file that was identified
  std::optional<std::string> damage_; ///< of it
};

/// That `path` is no database for us.
error unusable(const std::string& path, const std::string& why);

/// SQLite's code says that the file is not what it should be.
bool is_damage(int code);

/// Why SQLite refused, and what the person can do.
std::string reason(const sqlite_connection& db, int code);

} // namespace hongyan
