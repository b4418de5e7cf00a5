#include "persistence/sqlite/copy.hpp"

#include <sqlite3.h>

#include <array>
#include <cerrno>
#include <cstring>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

namespace hongyan {

namespace {

/// Pages at once: some megabytes.
constexpr int pages_a_step = 1000;

/// Its name is gone as soon as it is whole, so that its bytes go with it, whatever ends the server.
class sqlite_copy final : public store_copy {
public:
  sqlite_copy(sqlite_connection db, int fd, std::uint64_t size)
      : db_(std::move(db))
      , next_(db_, "SELECT id, size FROM file WHERE state = 1 AND id > ?1 ORDER BY id LIMIT 1")
      , fd_(fd)
      , size_(size) {}
  ~sqlite_copy() override { ::close(fd_); }
  sqlite_copy(const sqlite_copy&) = delete;
  sqlite_copy& operator=(const sqlite_copy&) = delete;

  std::uint64_t size() const override { return size_; }

  result<std::string> read(std::uint64_t offset, std::size_t count) override {
    std::string bytes(count, '\0');
    for (std::size_t had = 0; had < count;) {
      const auto more = ::pread(fd_, bytes.data() + had, count - had, static_cast<off_t>(offset + had));
      if (more < 0 && errno == EINTR) continue;
      if (more <= 0) return error{errc::unavailable, "the copy of the database cannot be read"};
      had += static_cast<std::size_t>(more);
    }
    return bytes;
  }

  result<std::optional<kept_file>> file_after(const std::string& id) override {
    sqlite_statement::execution query(next_);
    const int code = query.bind(std::string_view(id)).step();
    if (code == SQLITE_DONE) return std::optional<kept_file>();
    if (code != SQLITE_ROW) return error{errc::unavailable, reason(db_, code)};
    return std::optional(kept_file{std::string(query.text(0)), static_cast<std::uint64_t>(query.integer(1))});
  }

private:
  sqlite_connection db_;
  sqlite_statement next_;
  int fd_;
  std::uint64_t size_;
};

/// All that SQLite may leave beside a database.
void remove_with_logs(const std::string& path) {
  for (const char* suffix : {"", "-journal", "-wal", "-shm"}) ::unlink((path + suffix).c_str());
}

std::string path_of_copy(const sqlite_file& file) { return file.path() + "-backup"; }

error cannot(const sqlite_connection& db, int code) {
  const bool is_full = (code & 0xFF) == SQLITE_FULL;
  return {is_full ? errc::store_full : errc::unavailable,
          "the database cannot be copied: " + reason(db, code)};
}

/// Page by page, all as of one moment: `from` reads in one transaction, so that writers do not make it begin
/// anew.
result<void> copy_pages(sqlite_connection& from, sqlite_connection& to) {
  if (const int code = from.run("BEGIN; SELECT epoch FROM store_identity"); code != SQLITE_OK)
    return cannot(from, code);
  auto* backup = sqlite3_backup_init(to.get(), "main", from.get(), "main");
  if (backup == nullptr) return cannot(to, sqlite3_extended_errcode(to.get()));
  int code = SQLITE_OK;
  while (code == SQLITE_OK) code = sqlite3_backup_step(backup, pages_a_step);
  sqlite3_backup_finish(backup);
  return code == SQLITE_DONE ? result<void>() : cannot(to, code);
}

} // namespace

void remove_copy(const sqlite_file& file) { remove_with_logs(path_of_copy(file)); }

result<std::unique_ptr<store_copy>> copy_sqlite(const sqlite_file& file) {
  const std::string path = path_of_copy(file);
  remove_copy(file);
  auto from = file.open_for_reading();
  if (!from) return error{errc::unavailable, from.error().detail};
  const int made = ::open(path.c_str(), O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
  if (made < 0) return error{errc::unavailable, "cannot make " + path + ": " + std::strerror(errno)};
  // SQLite's locks of this file are lost with any descriptor that is closed; nobody else has it.
  const auto failed = [&](error why) {
    remove_with_logs(path);
    ::close(made);
    return why;
  };
  sqlite_connection to;
  int code = to.open(path);
  // It is no place to come back to after a loss of power.
  if (code == SQLITE_OK) code = to.run("PRAGMA synchronous = OFF; PRAGMA cache_size = -16384");
  if (code != SQLITE_OK) return failed(cannot(to, code));
  if (auto copied = copy_pages(*from, to); !copied) return failed(copied.error());
  // The mark: where no store ever is. And as one file, without a log beside it.
  code = to.run("UPDATE store_identity SET home = 'backup'; PRAGMA journal_mode = DELETE");
  if (code != SQLITE_OK) return failed(cannot(to, code));
  struct stat facts {};
  if (::fstat(made, &facts) != 0) return failed({errc::unavailable, std::strerror(errno)});
  remove_with_logs(path);
  return std::unique_ptr<store_copy>(
      std::make_unique<sqlite_copy>(std::move(to), made, static_cast<std::uint64_t>(facts.st_size)));
}

} // namespace hongyan
