#include "persistence/sqlite/file.hpp"

#include "core/tools/random.hpp"
#include "persistence/append_rules.hpp"
#include "persistence/migrations.hpp"
#include "persistence/sqlite/search.hpp"

#include <fcntl.h>
#include <sqlite3.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <sys/vfs.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstring>
#include <filesystem>
#include <optional>

namespace hongyan {

namespace {

namespace fs = std::filesystem;

/// On every connection. mmap_size: reading through a map turns an I/O error into a crash, and makes D1 worse.
constexpr const char* common_settings = "PRAGMA mmap_size = 0; PRAGMA cache_size = -16384;";
/// wal_autocheckpoint: the writer does it, since SQLite's own says nothing when it fails. journal_size_limit:
/// the log of a busy hour is cut back when it starts anew.
constexpr const char* writer_settings = "PRAGMA synchronous = FULL; PRAGMA wal_autocheckpoint = 0;"
                                        " PRAGMA journal_size_limit = 67108864;";
constexpr const char* reader_settings = "PRAGMA query_only = 1; PRAGMA wal_autocheckpoint = 0;";

/// Locks are what keeps two servers apart, and network file systems do not keep them.
bool on_network_file_system(int fd) {
  struct statfs info {};
  if (fstatfs(fd, &info) != 0) return false;
  constexpr std::uint64_t nfs = 0x6969, smb = 0x517B, cifs = 0xFF534D42, smb2 = 0xFE534D42;
  const auto type = static_cast<std::uint64_t>(info.f_type) & 0xFFFFFFFF;
  return type == nfs || type == smb || type == cifs || type == smb2;
}

/// The one integer that `sql` answers; nothing when it fails.
std::optional<std::int64_t> ask_integer(const sqlite_connection& db, std::string_view sql) {
  sqlite_statement statement(db, sql);
  sqlite_statement::execution query(statement);
  if (query.step() != SQLITE_ROW) return std::nullopt;
  return query.integer(0);
}

/// Schemas before this one had no search index.
constexpr int first_searchable_version = 2;

/// Indexes all messages, in the transaction that is open. What is not written yet FTS5 keeps within 1 MB.
/// Answers SQLite's code.
int index_messages(sqlite_connection& db) {
  sqlite_statement messages(db, "SELECT id, conversation_id, kind, content FROM message ORDER BY id");
  sqlite_statement insert(db, index_message_sql);
  sqlite_statement::execution row(messages);
  int code = row.step();
  for (; code == SQLITE_ROW; code = row.step()) {
    const std::string tokens =
        indexed_tokens(row.integer(1), searchable_text(kind_of(row.integer(2)), std::string(row.text(3))));
    if (tokens.empty()) continue;
    if (code = sqlite_statement::execution(insert).bind(row.integer(0)).bind(tokens).finish();
        code != SQLITE_OK)
      return code;
  }
  return code == SQLITE_DONE ? SQLITE_OK : code;
}

/// Brings the schema to the version we know. An error's text is the reason only.
result<void> migrate(sqlite_connection& db) {
  const auto failed = [&db] {
    return error{errc::unavailable, reason(db, sqlite3_extended_errcode(db.get()))};
  };
  // Taking the write lock first: nobody else migrates meanwhile.
  if (db.run("BEGIN IMMEDIATE") != SQLITE_OK) return failed();

  const auto tables = ask_integer(db, "SELECT count(*) FROM sqlite_schema");
  const auto ours = ask_integer(db, "SELECT count(*) FROM sqlite_schema WHERE name = 'schema_migration'");
  const auto application = ask_integer(db, "PRAGMA application_id");
  if (!tables || !ours || !application) return failed();
  if (*tables > 0 && (*ours == 0 || *application != 0x486E6779))
    return error{errc::unavailable, "it is the database of another program; give another path"};

  if (db.run("CREATE TABLE IF NOT EXISTS schema_migration ("
             " version INTEGER PRIMARY KEY, applied_at TEXT NOT NULL DEFAULT CURRENT_TIMESTAMP) STRICT") !=
      SQLITE_OK)
    return failed();
  const auto version = ask_integer(db, "SELECT coalesce(max(version), 0) FROM schema_migration");
  if (!version) return failed();
  const int known = sqlite_migrations().back().version;
  if (*version > known)
    return error{errc::unavailable, "its schema has version " + std::to_string(*version) +
                                        ", this server knows " + std::to_string(known) +
                                        "; use the newer server that made it"};

  sqlite_statement applied(db, "INSERT INTO schema_migration (version) VALUES (?1)");
  for (const migration& step : sqlite_migrations()) {
    if (step.version <= *version) continue;
    if (db.run(std::string(step.sql).c_str()) != SQLITE_OK) return failed();
    if (sqlite_statement::execution(applied).bind(std::int64_t{step.version}).step() != SQLITE_DONE)
      return failed();
  }
  if (*version < first_searchable_version && index_messages(db) != SQLITE_OK) return failed();
  if (db.run("COMMIT") != SQLITE_OK) return failed();
  return {};
}

error unavailable(const sqlite_connection& db, int code) { return {errc::unavailable, reason(db, code)}; }

} // namespace

error unusable(const std::string& path, const std::string& why) {
  return {errc::malformed, "cannot use " + path + " as the database: " + why};
}

bool is_damage(int code) { return (code & 0xFF) == SQLITE_CORRUPT || (code & 0xFF) == SQLITE_NOTADB; }

std::string reason(const sqlite_connection& db, int code) {
  switch (code & 0xFF) {
  case SQLITE_NOTADB: return "it is not an SQLite database; give another path";
  case SQLITE_CORRUPT: return "it is damaged (" + db.error_text() + "); restore a copy";
  case SQLITE_FULL: return "the disk is full";
  case SQLITE_BUSY: return "another process has locked it";
  case SQLITE_READONLY:
  case SQLITE_CANTOPEN:
  case SQLITE_PERM: return db.error_text() + "; the file and its directory must be writable for this user";
  case SQLITE_IOERR: {
    const int system = sqlite3_system_errno(db.get());
    return db.error_text() + (system != 0 ? std::string(" (") + std::strerror(system) + ")" : std::string());
  }
  default: return db.error_text();
  }
}

result<std::shared_ptr<sqlite_file>> sqlite_file::lock(const std::string& given_path) {
  std::error_code failed;
  // Absolute, so that a name like ":memory:" is no name of SQLite's own; without symbolic links, so that
  // two names of one file have one lock.
  const fs::path path = fs::weakly_canonical(fs::absolute(given_path, failed), failed);
  if (failed) return unusable(given_path, failed.message());
  const fs::path directory = path.parent_path();
  if (!fs::is_directory(directory, failed))
    return unusable(given_path,
                    "there is no directory " + directory.string() + "; create it or give another path");
  if (fs::is_directory(path, failed))
    return unusable(given_path, "it is a directory; give the path of a file in it");

  std::shared_ptr<sqlite_file> file(new sqlite_file);
  file->path_ = path.string();
  const std::string lock_path = file->path_ + "-lock";
  file->lock_fd_ = ::open(lock_path.c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0600);
  if (file->lock_fd_ < 0)
    return unusable(given_path, "cannot write " + lock_path + ": " + std::strerror(errno) +
                                    "; the directory must be writable for this user");
  if (on_network_file_system(file->lock_fd_))
    return unusable(given_path, "it is on a network file system, where locks do not hold; use a local disk");
  if (::flock(file->lock_fd_, LOCK_EX | LOCK_NB) != 0)
    return unusable(given_path, "another server uses it (it holds " + lock_path +
                                    "); stop that one, or give this one a file of its own");
  return file;
}

sqlite_file::~sqlite_file() {
  if (lock_fd_ >= 0) ::close(lock_fd_);
}

/// SQLite makes no file here: one that is gone is not to be followed by an empty one. A new one is made once,
/// before it was identified, its owner's alone; SQLite gives its log the same mode.
result<sqlite_connection> sqlite_file::open() const {
  if (!find()) {
    {
      const std::lock_guard lock(mutex_);
      if (known_)
        return error{
            errc::unavailable,
            "the file is gone, deleted or moved; put it back, or start the server anew for an empty one"};
    }
    const int fd = ::open(path_.c_str(), O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
    if (fd < 0 && errno != EEXIST)
      return error{errc::unavailable, std::string(std::strerror(errno)) +
                                          "; the file and its directory must be writable for this user"};
    if (fd >= 0) ::close(fd);
  }
  sqlite_connection db;
  if (const int code = db.open(path_); code != SQLITE_OK) return unavailable(db, code);
  sqlite3_busy_timeout(db.get(), sqlite_busy_timeout_ms);
  if (const int code = db.run(common_settings); code != SQLITE_OK) return unavailable(db, code);
  return db;
}

result<sqlite_connection> sqlite_file::open_for_writing() const {
  auto opened = open();
  if (!opened) return opened.error();
  sqlite_connection db = *std::move(opened);
  if (sqlite3_db_readonly(db.get(), "main") == 1) // SQLite falls back to that without a word
    return error{errc::unavailable,
                 "it is read-only; the file and its directory must be writable for this user"};
  {
    sqlite_statement statement(db, "PRAGMA journal_mode = WAL");
    sqlite_statement::execution query(statement);
    if (const int code = query.step(); code != SQLITE_ROW) return unavailable(db, code);
    if (query.text(0) != "wal")
      return error{errc::unavailable,
                   "this file system cannot do SQLite's write-ahead log; use a local disk"};
  }
  if (const int code = db.run(writer_settings); code != SQLITE_OK) return unavailable(db, code);
  if (auto migrated = migrate(db); !migrated) return migrated.error();
  return db;
}

result<sqlite_connection> sqlite_file::open_for_reading() const {
  auto opened = open();
  if (!opened) return opened.error();
  sqlite_connection db = *std::move(opened);
  // The last connection to close checkpoints, unless told not to; that is the writer's work alone.
  sqlite3_db_config(db.get(), SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, 1, nullptr);
  if (const int code = db.run(reader_settings); code != SQLITE_OK) return unavailable(db, code);
  return db;
}

std::optional<sqlite_file::inode> sqlite_file::find() const {
  struct stat info {};
  if (::stat(path_.c_str(), &info) != 0) return {};
  return inode{info.st_dev, info.st_ino};
}

bool sqlite_file::is_another() const {
  const auto here = find();
  const std::lock_guard lock(mutex_);
  return here != known_;
}

void sqlite_file::note_damage(const std::string& why) {
  const std::lock_guard lock(mutex_);
  if (!damage_) damage_ = why;
}

std::optional<std::string> sqlite_file::damage() const {
  const std::lock_guard lock(mutex_);
  return damage_;
}

result<void> sqlite_file::identify(sqlite_connection& db) {
  const auto here = find();
  if (!here) return error{errc::unavailable, std::strerror(errno)};
  const std::string where =
      "inode:" + std::to_string(here->device) + ":" + std::to_string(here->number) + " start:";
  const std::string start = random_name(16);
  std::string epoch;

  int code = db.run("BEGIN IMMEDIATE");
  if (code == SQLITE_OK) {
    sqlite_statement statement(db, "SELECT epoch FROM store_identity WHERE home = ?1");
    sqlite_statement::execution known(statement);
    const std::string home = where + last_start();
    code = known.bind(home).step();
    epoch = code == SQLITE_ROW ? std::string(known.text(0)) : random_name(16);
    if (code == SQLITE_ROW || code == SQLITE_DONE) code = SQLITE_OK;
  }
  if (code == SQLITE_OK) code = db.run("DELETE FROM store_identity");
  if (code == SQLITE_OK) {
    sqlite_statement insert(db, "INSERT INTO store_identity (epoch, home) VALUES (?1, ?2)");
    const std::string home = where + start;
    code = sqlite_statement::execution(insert).bind(epoch).bind(home).finish();
  }
  if (code == SQLITE_OK) code = db.run("COMMIT");
  if (code != SQLITE_OK) return unavailable(db, code);
  // Were the server killed before this, the next start would give a new epoch: a resume more, nothing worse.
  remember_start(start);
  const std::lock_guard lock(mutex_);
  known_ = here;
  damage_.reset();
  return {};
}

std::string sqlite_file::last_start() const {
  std::array<char, 16> text{};
  const auto size = ::pread(lock_fd_, text.data(), text.size(), 0);
  return std::string(text.data(), size > 0 ? static_cast<std::size_t>(size) : 0);
}

void sqlite_file::remember_start(const std::string& start) const {
  if (::pwrite(lock_fd_, start.data(), start.size(), 0) < 0) return; // as if it were killed here
}

} // namespace hongyan
