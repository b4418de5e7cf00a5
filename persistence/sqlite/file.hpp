/// The file of an SQLite store: who may use it, how it is opened, brought to the current schema and told
/// apart from its copies.
#pragma once

#include "core/errors.hpp"
#include "persistence/sqlite/handle.hpp"

#include <atomic>
#include <memory>
#include <string>

namespace hongyan {

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

  /// Gives the store a new epoch when it is new, or not the one that was here at the last start. Whatever way
  /// a copy comes back, one of two things is another: the file, or the number of the last start, which is
  /// kept beside the file (in its lock) as well as in it. Once a start.
  result<void> identify(sqlite_connection& db) const;

private:
  sqlite_file() = default;

  std::string last_start() const;
  void remember_start(const std::string& start) const;

  std::string path_;
  int lock_fd_ = -1;
  std::atomic<bool> writing_ = false;
};

/// That `path` is no database for us.
error unusable(const std::string& path, const std::string& why);

/// Why SQLite refused, and what the person can do.
std::string reason(const sqlite_connection& db, int code);

} // namespace hongyan
