#include "persistence/sqlite_store.hpp"

#include "persistence/append_rules.hpp"
#include "persistence/migrations.hpp"
#include "persistence/sqlite_handle.hpp"

#include <fcntl.h>
#include <sqlite3.h>
#include <sys/file.h>
#include <sys/vfs.h>
#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <cerrno>
#include <cstring>
#include <filesystem>
#include <limits>

namespace hongyan {

namespace {

namespace fs = std::filesystem;

/// How long somebody else's lock is waited for: an operator's look into the file is over by then.
constexpr int busy_timeout_ms = 2000;

/// On every connection. mmap_size: reading through a map turns an I/O error into a crash, and makes D1 worse.
constexpr const char* common_settings = "PRAGMA mmap_size = 0; PRAGMA cache_size = -16384;";
/// wal_autocheckpoint: 16 MB of log. SQLite's own 4 MB are a few batches of a busy server, and each
/// checkpoint writes every changed page once and syncs. journal_size_limit: the log of a busy hour is cut
/// back when it starts anew.
constexpr const char* writer_settings = "PRAGMA synchronous = FULL; PRAGMA wal_autocheckpoint = 4000;"
                                        " PRAGMA journal_size_limit = 67108864;";
constexpr const char* reader_settings = "PRAGMA query_only = 1; PRAGMA wal_autocheckpoint = 0;";

constexpr std::string_view find_repeat_sql =
    "SELECT id, conversation_id, seq, created_at_ms, target, content FROM message"
    " WHERE sender = ?1 AND client_msg_id = ?2";
constexpr std::string_view next_seq_sql =
    "INSERT INTO conversation (user_low, user_high, last_seq) VALUES (?1, ?2, 1)"
    " ON CONFLICT (user_low, user_high) DO UPDATE SET last_seq = last_seq + 1 RETURNING id, last_seq";
constexpr std::string_view insert_sql = "INSERT INTO message (conversation_id, seq, created_at_ms, sender, "
                                        "target, sender_name, target_name, content,"
                                        " client_msg_id) VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9)";
constexpr std::string_view exists_sql = "SELECT 1 FROM message WHERE id = ?1 AND conversation_id = ?2";
/// A write for its own sake. A real change, because SQLite does not write what stays the same.
constexpr const char* touch_sql = "UPDATE write_proof SET count = count + 1";

/// Two walks down an index, of at most `limit` steps each; UNION drops the second mention of a note to
/// oneself.
constexpr std::string_view latest_of_user_sql =
    "SELECT id, conversation_id, seq, created_at_ms, sender, target, sender_name, target_name, content FROM "
    "message"
    " WHERE id IN (SELECT id FROM ("
    "   SELECT * FROM (SELECT id FROM message WHERE sender = ?1 AND id < ?2 ORDER BY id DESC LIMIT ?3)"
    "   UNION"
    "   SELECT * FROM (SELECT id FROM message WHERE target = ?1 AND id < ?2 ORDER BY id DESC LIMIT ?3))"
    "  ORDER BY id DESC LIMIT ?3)"
    " ORDER BY id DESC";
constexpr std::string_view latest_of_pair_sql = "SELECT id, conversation_id, seq, created_at_ms, sender, "
                                                "target, sender_name, target_name, content FROM message"
                                                " WHERE conversation_id = (SELECT id FROM conversation WHERE "
                                                "user_low = ?1 AND user_high = ?2) AND id < ?3"
                                                " ORDER BY id DESC LIMIT ?4";

error unusable(const std::string& path, const std::string& why) {
  return {errc::malformed, "cannot use " + path + " as the database: " + why};
}

/// Locks are what keeps two servers apart, and network file systems do not keep them.
bool on_network_file_system(int fd) {
  struct statfs info {};
  if (fstatfs(fd, &info) != 0) return false;
  constexpr std::uint64_t nfs = 0x6969, smb = 0x517B, cifs = 0xFF534D42, smb2 = 0xFE534D42;
  const auto type = static_cast<std::uint64_t>(info.f_type) & 0xFFFFFFFF;
  return type == nfs || type == smb || type == cifs || type == smb2;
}

/// The file, locked against other servers for as long as anything here uses it.
class sqlite_file {
public:
  static result<std::shared_ptr<sqlite_file>> lock(const std::string& given_path) {
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
    file->lock_fd_ = ::open(lock_path.c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0644);
    if (file->lock_fd_ < 0)
      return unusable(given_path, "cannot write " + lock_path + ": " + std::strerror(errno) +
                                      "; the directory must be writable for this user");
    if (on_network_file_system(file->lock_fd_))
      return unusable(given_path,
                      "it is on a network file system, where locks do not hold; use a local disk");
    if (::flock(file->lock_fd_, LOCK_EX | LOCK_NB) != 0)
      return unusable(given_path, "another server uses it (it holds " + lock_path +
                                      "); stop that one, or give this one a file of its own");
    return file;
  }

  ~sqlite_file() {
    if (lock_fd_ >= 0) ::close(lock_fd_);
  }
  sqlite_file(const sqlite_file&) = delete;
  sqlite_file& operator=(const sqlite_file&) = delete;

  const std::string& path() const { return path_; }

  /// True for one caller until give_back_writing().
  bool take_writing() { return !writing_.exchange(true); }
  void give_back_writing() { writing_ = false; }

private:
  sqlite_file() = default;

  std::string path_;
  int lock_fd_ = -1;
  std::atomic<bool> writing_ = false;
};

/// Why SQLite refused, and what the person can do.
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

/// The one integer that `sql` answers; nothing when it fails.
std::optional<std::int64_t> ask_integer(const sqlite_connection& db, std::string_view sql) {
  sqlite_statement statement(db, sql);
  sqlite_statement::execution query(statement);
  if (query.step() != SQLITE_ROW) return std::nullopt;
  return query.integer(0);
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
  if (db.run("COMMIT") != SQLITE_OK) return failed();
  return {};
}

/// Opens the connection that writes. An error's text is the reason only.
result<void> open_for_writing(sqlite_connection& db, const std::string& path) {
  const auto failed = [&db] {
    return error{errc::unavailable, reason(db, sqlite3_extended_errcode(db.get()))};
  };
  if (db.open(path) != SQLITE_OK) return failed();
  if (sqlite3_db_readonly(db.get(), "main") == 1) // SQLite falls back to that without a word
    return error{errc::unavailable,
                 "it is read-only; the file and its directory must be writable for this user"};
  sqlite3_busy_timeout(db.get(), busy_timeout_ms);
  if (db.run(common_settings) != SQLITE_OK) return failed();
  {
    sqlite_statement statement(db, "PRAGMA journal_mode = WAL");
    sqlite_statement::execution query(statement);
    if (query.step() != SQLITE_ROW) return failed();
    if (query.text(0) != "wal")
      return error{errc::unavailable,
                   "this file system cannot do SQLite's write-ahead log; use a local disk"};
  }
  if (db.run(writer_settings) != SQLITE_OK) return failed();
  return migrate(db);
}

class sqlite_writer final : public message_writer {
public:
  explicit sqlite_writer(std::shared_ptr<sqlite_file> file) : file_(std::move(file)) {}

  ~sqlite_writer() override {
    session_.reset();
    if (has_writing_) file_->give_back_writing();
  }

  result<std::vector<append_outcome>> append(std::span<const new_message> batch, wall_time now) override {
    if (pending_) return error{errc::outcome_unknown, "the batch before this one has not been settled"};
    if (batch.empty()) return std::vector<append_outcome>{};
    if (auto opened = open(); !opened) return opened.error();

    std::vector<append_outcome> outcomes;
    outcomes.reserve(batch.size());
    int code = session_->db.run("BEGIN IMMEDIATE");
    for (const new_message& message : batch) {
      if (code != SQLITE_OK) break;
      code = append_one(message, now, outcomes.emplace_back());
    }
    if (code != SQLITE_OK) return give_up(code);
    return commit(std::move(outcomes));
  }

  result<std::optional<std::vector<append_outcome>>> settle(std::span<const new_message>) override {
    if (!pending_) return error{errc::internal, "there is no batch to settle"};
    if (const int code = overwrite(); code != SQLITE_OK) return failed(code);
    // The failed batch's place in the log is taken, unless SQLite stored it although it said that it had not;
    // that would be a bug of SQLite's, but the answer is one look away.
    const auto first_new = std::ranges::find(*pending_, append_status::stored, &append_outcome::status);
    sqlite_statement statement(session_->db, exists_sql);
    sqlite_statement::execution query(statement);
    const int code = query.bind(first_new->id).bind(first_new->conversation_id).step();
    if (code != SQLITE_ROW && code != SQLITE_DONE) return failed(code);
    std::optional<std::vector<append_outcome>> outcomes;
    if (code == SQLITE_ROW) outcomes = std::move(*pending_);
    pending_.reset();
    return outcomes;
  }

  result<void> check() override {
    if (auto opened = open(); !opened) return opened.error();
    // After a failed write only a write can tell whether the trouble is over.
    const int code = write_failed_ ? overwrite() : session_->db.run("SELECT 1 FROM schema_migration");
    if (code == SQLITE_OK) {
      write_failed_ = false;
      return {};
    }
    const error answer = failed(code);
    if (!pending_) session_.reset();
    return answer;
  }

private:
  /// What lives as long as the connection.
  struct session {
    explicit session(sqlite_connection connection) : db(std::move(connection)) {}
    sqlite_connection db;
    sqlite_statement find_repeat{db, find_repeat_sql};
    sqlite_statement next_seq{db, next_seq_sql};
    sqlite_statement insert{db, insert_sql};
  };

  error failed(int code) const {
    return {errc::unavailable, "SQLite cannot write " + file_->path() + ": " + reason(session_->db, code)};
  }

  result<void> open() {
    if (session_) return {};
    if (!has_writing_ && !file_->take_writing())
      return error{errc::unavailable, "this store has a writer already; SQLite takes one"};
    has_writing_ = true;
    sqlite_connection db;
    if (auto opened = open_for_writing(db, file_->path()); !opened)
      return error{errc::unavailable, "SQLite cannot open " + file_->path() + ": " + opened.error().detail};
    session_ = std::make_unique<session>(std::move(db));
    return {};
  }

  int append_one(const new_message& message, wall_time now, append_outcome& outcome) {
    if (message.client_msg_id) {
      sqlite_statement::execution find(session_->find_repeat);
      const int code = find.bind(message.from.text()).bind(*message.client_msg_id).step();
      if (code == SQLITE_ROW) {
        outcome = {repeat_status(message, find.text(4), find.text(5)), find.integer(0), find.integer(1),
                   find.integer(2), from_ms(find.integer(3))};
        return SQLITE_OK;
      }
      if (code != SQLITE_DONE) return code;
    }
    {
      const auto [low, high] = conversation_key(message.from, message.to);
      sqlite_statement::execution next(session_->next_seq);
      int code = next.bind(low).bind(high).step();
      if (code != SQLITE_ROW) return code;
      outcome.conversation_id = next.integer(0);
      outcome.seq = next.integer(1);
      if (code = next.step(); code != SQLITE_DONE) return code;
    }
    sqlite_statement::execution insert(session_->insert);
    insert.bind(outcome.conversation_id).bind(outcome.seq).bind(to_ms(now));
    insert.bind(message.from.text())
        .bind(message.to.text())
        .bind_optional(message.from_name)
        .bind_optional(message.to_name);
    insert.bind(message.content).bind_optional(message.client_msg_id);
    if (const int code = insert.step(); code != SQLITE_DONE) return code;
    outcome.id = sqlite3_last_insert_rowid(session_->db.get());
    outcome.created_at = now;
    return SQLITE_OK;
  }

  /// Nothing of the transaction is in the file: a disk that is full, or a write that failed, leaves a log
  /// without the commit's frame, which no recovery takes for a transaction.
  error give_up(int code) {
    error answer = failed(code);
    write_failed_ = true;
    session_.reset(); // rolls back
    return answer;
  }

  /// When the *sync* of a commit fails, the commit's frame is in the log, perhaps on the disk too. SQLite
  /// rolls back, and goes on behind the last good frame; but were this process killed now, the next one's
  /// recovery might find the frame and take the batch as stored. Only when another commit has been written
  /// over it, and synced, will it never come back, and only then we say so. Until then the outcome is
  /// unknown, nothing is acknowledged, and this connection stays: it alone knows where the last good frame
  /// is. Pages whose sync failed are never counted on (the system may have dropped them): they are written
  /// again.
  result<std::vector<append_outcome>> commit(std::vector<append_outcome> outcomes) {
    const int code = session_->db.run("COMMIT");
    if (code == SQLITE_OK) return outcomes;
    const error answer = failed(code);
    if (code == SQLITE_FULL || code == SQLITE_IOERR_WRITE || code == SQLITE_BUSY) return give_up(code);
    if (std::ranges::find(outcomes, append_status::stored, &append_outcome::status) == outcomes.end())
      return give_up(code); // only repeats: there was nothing to commit
    write_failed_ = true;
    pending_ = std::move(outcomes);
    return error{errc::outcome_unknown, answer.detail};
  }

  /// A commit of no messages, over whatever the last one may have left behind. Answers SQLite's code.
  int overwrite() {
    sqlite_connection& db = session_->db;
    if (sqlite3_get_autocommit(db.get()) == 0) db.run("ROLLBACK");
    int code = db.run("BEGIN IMMEDIATE");
    if (code == SQLITE_OK) code = db.run(touch_sql);
    if (code == SQLITE_OK) code = db.run("COMMIT");
    return code;
  }

  std::shared_ptr<sqlite_file> file_;
  bool has_writing_ = false; ///< we are the file's one writer
  std::unique_ptr<session> session_;
  bool write_failed_ = false; ///< since the last good check()
  /// The outcomes of the batch whose commit failed, as they are if it is stored after all.
  std::optional<std::vector<append_outcome>> pending_;
};

class sqlite_reader final : public message_reader {
public:
  explicit sqlite_reader(std::shared_ptr<sqlite_file> file) : file_(std::move(file)) {}

  result<std::vector<message>> latest(const history_query& query) override {
    if (auto opened = open(); !opened) return opened.error();
    // A size_t beyond SQLite's integers would mean "no limit" to it.
    const auto limit = static_cast<std::int64_t>(
        std::min<std::uint64_t>(query.limit, std::numeric_limits<std::int64_t>::max()));
    const std::int64_t before = query.before_id.value_or(std::numeric_limits<std::int64_t>::max());

    std::vector<message> messages;
    int code = SQLITE_OK;
    {
      sqlite_statement::execution rows(query.peer ? session_->latest_of_pair : session_->latest_of_user);
      if (query.peer) {
        const auto [low, high] = conversation_key(query.user, *query.peer);
        rows.bind(low).bind(high);
      } else {
        rows.bind(query.user.text());
      }
      rows.bind(before).bind(limit);
      while ((code = rows.step()) == SQLITE_ROW)
        messages.push_back({.id = rows.integer(0),
                            .conversation_id = rows.integer(1),
                            .seq = rows.integer(2),
                            .from = stored_user(rows.text(4)),
                            .to = stored_user(rows.text(5)),
                            .from_name = rows.optional_text(6),
                            .to_name = rows.optional_text(7),
                            .content = std::string(rows.text(8)),
                            .created_at = from_ms(rows.integer(3))});
    }
    if (code != SQLITE_DONE) {
      error answer = failed(session_->db, code);
      session_.reset();
      return answer;
    }
    std::ranges::reverse(messages);
    return messages;
  }

private:
  struct session {
    explicit session(sqlite_connection connection) : db(std::move(connection)) {}
    sqlite_connection db;
    sqlite_statement latest_of_user{db, latest_of_user_sql};
    sqlite_statement latest_of_pair{db, latest_of_pair_sql};
  };

  error failed(const sqlite_connection& db, int code) const {
    return {errc::unavailable, "SQLite cannot read " + file_->path() + ": " + reason(db, code)};
  }

  result<void> open() {
    if (session_) return {};
    sqlite_connection db;
    if (const int code = db.open(file_->path()); code != SQLITE_OK) return failed(db, code);
    sqlite3_busy_timeout(db.get(), busy_timeout_ms);
    // The last connection to close checkpoints, unless told not to; that is the writer's work alone.
    sqlite3_db_config(db.get(), SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, 1, nullptr);
    for (const char* settings : {common_settings, reader_settings})
      if (const int code = db.run(settings); code != SQLITE_OK) return failed(db, code);
    session_ = std::make_unique<session>(std::move(db));
    return {};
  }

  std::shared_ptr<sqlite_file> file_;
  std::unique_ptr<session> session_;
};

class sqlite_store final : public store {
public:
  explicit sqlite_store(std::shared_ptr<sqlite_file> file) : file_(std::move(file)) {}

  std::unique_ptr<message_writer> make_writer() override { return std::make_unique<sqlite_writer>(file_); }
  std::unique_ptr<message_reader> make_reader() override { return std::make_unique<sqlite_reader>(file_); }
  std::string_view kind() const override { return "sqlite"; }

private:
  std::shared_ptr<sqlite_file> file_;
};

} // namespace

result<std::unique_ptr<store>> open_sqlite_store(const std::string& path) {
  auto file = sqlite_file::lock(path);
  if (!file) return file.error();
  sqlite_connection db;
  if (auto opened = open_for_writing(db, (*file)->path()); !opened)
    return unusable(path, opened.error().detail);
  return std::make_unique<sqlite_store>(*std::move(file));
}

} // namespace hongyan
