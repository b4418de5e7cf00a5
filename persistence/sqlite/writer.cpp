#include "persistence/sqlite/writer.hpp"

#include "core/tools/random.hpp"
#include "persistence/append_rules.hpp"
#include "persistence/sqlite/rows.hpp"
#include "persistence/sqlite/search.hpp"

#include <sqlite3.h>

#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <set>

namespace hongyan {

namespace fs = std::filesystem;

namespace {

const std::string find_repeat_sql =
    "SELECT " + message_columns +
    ", coalesce(m.sent_digest, 0) FROM message m WHERE m.sender = ?1 AND m.client_msg_id = ?2";
constexpr std::string_view is_blocked_sql = "SELECT 1 FROM block WHERE user_id = ?1 AND blocked = ?2";
constexpr std::string_view next_direct_seq_sql =
    "INSERT INTO conversation (user_low, user_high, last_seq, last_at_ms) VALUES (?1, ?2, 1, ?3)"
    " ON CONFLICT (user_low, user_high) DO UPDATE SET last_seq = last_seq + 1, last_at_ms = ?3"
    " RETURNING id, last_seq";
constexpr std::string_view find_group_sql =
    "SELECT id, muted, version FROM conversation WHERE group_id = ?1 AND dismissed = 0";
constexpr std::string_view group_members_sql =
    "SELECT user_id, role FROM member WHERE conversation_id = ?1 ORDER BY user_id";
constexpr std::string_view insert_sql =
    "INSERT INTO message (conversation_id, seq, created_at_ms, sender, target, sender_name, target_name, "
    "kind,"
    " content, ext, client_msg_id, sent_digest) VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, "
    "nullif(?12, 0))";
constexpr std::string_view exists_sql = "SELECT 1 FROM message WHERE id = ?1 AND conversation_id = ?2";
constexpr std::string_view find_mark_of_direct_sql =
    "SELECT c.id, c.last_seq, m.read_seq FROM conversation c JOIN member m ON m.conversation_id = c.id"
    " WHERE m.user_id = ?1 AND c.user_low = ?2 AND c.user_high = ?3";
constexpr std::string_view find_mark_of_group_sql =
    "SELECT c.id, c.last_seq, m.read_seq FROM conversation c JOIN member m ON m.conversation_id = c.id"
    " WHERE m.user_id = ?1 AND c.group_id = ?2 AND c.dismissed = 0";
constexpr std::string_view set_mark_sql =
    "UPDATE member SET read_seq = ?3 WHERE user_id = ?1 AND conversation_id = ?2";
constexpr std::string_view find_committed_sql =
    "SELECT 1 FROM message INDEXED BY message_seq WHERE conversation_id = ?1 AND seq = ?2 AND id = ?3"
    " AND created_at_ms = ?4 UNION ALL SELECT 1 FROM conversation WHERE id = ?1 AND first_seq > ?2";
/// A write for its own sake. A real change, because SQLite does not write what stays the same.
constexpr const char* touch_sql = "UPDATE write_proof SET count = count + 1";

/// Members of all groups that a writer remembers; beyond it forgets them all and begins anew.
constexpr std::size_t known_members_max = 500'000;

/// How long a file that was set back under us may go unnoticed.
constexpr std::chrono::seconds look_interval{1};

/// Frames of the log, a page each, after which a checkpoint is due: 16 MB. SQLite's own 4 MB are a few
/// batches of a busy server, and each checkpoint writes every changed page once and syncs.
constexpr int checkpoint_frames = 4000;
/// 64 MB: readers that always overlap keep a log from starting anew; now new ones wait for that, and senders
/// for as long as the old ones take, but not longer than this.
constexpr int restart_frames = 4 * checkpoint_frames;
constexpr int restart_wait_ms = 100;
/// After one that failed or was blocked.
constexpr std::chrono::milliseconds checkpoint_interval{250};
constexpr std::int64_t frame_bytes = 4096 + 24, log_header_bytes = 32;

int note_log_frames(void* frames, sqlite3*, const char*, int count) {
  *static_cast<int*>(frames) = count;
  return SQLITE_OK;
}

/// Other processes that read from the log, "sqlite3 (pid 42)"; empty when the system does not say. SQLite
/// locks a byte from 123 to 127 of the -shm file for each snapshot that is in use.
std::string readers_of_log(const std::string& path) {
  struct stat shm {};
  if (::stat((path + "-shm").c_str(), &shm) != 0) return {};
  const std::string inode = ':' + std::to_string(shm.st_ino);
  std::set<pid_t> pids;
  std::ifstream locks("/proc/locks");
  // "1: POSIX  ADVISORY  READ 4242 08:01:131 124 124"
  for (std::string number, type, mode, what, file, end; locks >> number;) {
    pid_t pid = 0;
    std::int64_t begin = 0;
    locks >> type;
    if (type == "->") locks >> type; // one that waits
    locks >> mode >> what >> pid >> file >> begin >> end;
    if (!locks) break;
    if (file.ends_with(inode) && begin >= 123 && begin <= 127 && pid > 0 && pid != ::getpid())
      pids.insert(pid);
  }
  std::string all;
  for (const pid_t pid : pids) {
    std::string name = "?";
    std::ifstream("/proc/" + std::to_string(pid) + "/comm") >> name;
    all += (all.empty() ? "" : ", ") + name + " (pid " + std::to_string(pid) + ")";
  }
  return all;
}

} // namespace

/// What lives as long as the connection.
struct sqlite_writer::session {
  explicit session(sqlite_connection connection) : db(std::move(connection)) {}
  sqlite_connection db;
  sqlite_statement find_repeat{db, find_repeat_sql};
  sqlite_statement is_blocked{db, is_blocked_sql};
  sqlite_statement next_direct_seq{db, next_direct_seq_sql};
  sqlite_statement find_group{db, find_group_sql};
  sqlite_statement group_members{db, group_members_sql};
  sqlite_statement insert{db, insert_sql};
  sqlite_statement index{db, index_message_sql};
  sqlite_statement find_mark_of_direct{db, find_mark_of_direct_sql};
  sqlite_statement find_mark_of_group{db, find_mark_of_group_sql};
  sqlite_statement set_mark{db, set_mark_sql};
  sqlite_change_statements changes{db};
  sqlite_statement find_committed{db, find_committed_sql};
  sqlite_statement renew_epoch{db, "UPDATE store_identity SET epoch = ?1"};
  sqlite_statement epoch{db, "SELECT epoch FROM store_identity"};
  int log_frames = 0; ///< of the write-ahead log, after the last commit
  std::unordered_map<std::int64_t, conversation_rules> groups; ///< as of their rows' versions
  std::size_t known_members = 0;
};

sqlite_writer::sqlite_writer(std::shared_ptr<sqlite_file> file) : file_(std::move(file)) {}

sqlite_writer::~sqlite_writer() {
  // SQLite does so itself when this is the last to close, and a reader, which may close later, does not:
  // whoever copies the file of a server that has ended has all of it. Never into a file that is not what it
  // was.
  if (session_ && !pending_ && !in_doubt_ && !session_->db.has_moved() && !file_->damage())
    sqlite3_wal_checkpoint_v2(session_->db.get(), "main", SQLITE_CHECKPOINT_PASSIVE, nullptr, nullptr);
  session_.reset();
  if (has_writing_) file_->give_back_writing();
}

result<std::vector<append_outcome>> sqlite_writer::append(std::span<const new_message> batch, wall_time now) {
  if (pending_) return error{errc::outcome_unknown, "the batch before this one has not been settled"};
  if (batch.empty()) return std::vector<append_outcome>{};
  if (auto opened = ready(); !opened) return opened.error();

  make_room();
  send_batch work(batch.size(), now);
  int code = begin();
  if (code == SQLITE_OK) code = decide(batch, work);
  for (const std::size_t i : work.rows()) {
    if (code != SQLITE_OK) break;
    code = store(batch[i], now, work.stored(i));
  }
  if (code != SQLITE_OK) return give_up(code);
  auto outcomes = std::move(work).finish(batch);
  if (auto done = commit(); !done) {
    if (done.error().code != errc::outcome_unknown) return done.error();
    if (std::ranges::find(outcomes, append_status::stored, &append_outcome::status) == outcomes.end())
      return error{errc::unavailable, done.error().detail}; // there was nothing to store
    pending_ = std::move(outcomes);
    return done.error();
  }
  note_committed(outcomes);
  return outcomes;
}

result<std::optional<std::vector<append_outcome>>> sqlite_writer::settle(std::span<const new_message>) {
  if (!pending_) return error{errc::internal, "there is no batch to settle"};
  if (session_->db.has_moved()) {
    // In another file the batch never was. Where there is none, this one may yet come back.
    if (!fs::exists(file_->path())) return gone();
    forget_doubt();
    session_.reset();
    return std::optional<std::vector<append_outcome>>{};
  }
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
  if (outcomes) note_committed(*outcomes);
  pending_.reset();
  return outcomes;
}

result<std::vector<std::optional<stored_file>>>
sqlite_writer::find_files(std::span<const file_question> questions, wall_time now) {
  if (auto opened = ready(); !opened) return opened.error();
  std::vector<std::optional<stored_file>> found(questions.size());
  for (std::size_t i = 0; i < questions.size(); ++i)
    if (const int code = session_->changes.files.find_one(questions[i], now, found[i]); code != SQLITE_OK)
      return failed(code);
  return found;
}

result<std::vector<read_outcome>> sqlite_writer::mark_read(std::span<const read_mark> marks) {
  if (pending_) return error{errc::unavailable, "the batch before this has not been settled"};
  if (marks.empty()) return std::vector<read_outcome>{};
  if (auto opened = ready(); !opened) return opened.error();

  std::vector<read_outcome> outcomes;
  outcomes.reserve(marks.size());
  int code = begin();
  for (const read_mark& mark : marks) {
    if (code != SQLITE_OK) break;
    code = mark_one(mark, outcomes.emplace_back());
  }
  if (code != SQLITE_OK) return give_up(code);
  if (auto done = commit(); !done) return done.error();
  return outcomes;
}

result<void> sqlite_writer::transact(const std::function<result<void>(change_transaction&)>& work) {
  if (pending_) return error{errc::unavailable, "the batch before this has not been settled"};
  if (auto opened = ready(); !opened) return opened.error();
  if (const int code = begin(); code != SQLITE_OK) return give_up(code);
  sqlite_transaction transaction(session_->db, session_->changes);
  const auto done = work(transaction);
  if (transaction.code() != SQLITE_OK) return give_up(transaction.code());
  if (done) return commit();
  session_->db.run("ROLLBACK");
  return done;
}

result<void> sqlite_writer::check() {
  if (auto opened = ready(); !opened) return opened.error();
  // After a failed write only a write can tell whether the trouble is over.
  const int code = write_failed_ ? overwrite() : session_->db.run("SELECT 1 FROM schema_migration");
  if (code == SQLITE_OK) {
    write_failed_ = false;
    return look_after({});
  }
  const error answer = failed(code);
  if (!pending_ && !in_doubt_) session_.reset();
  return answer;
}

error sqlite_writer::failed(int code) const {
  const std::string why = reason(session_->db, code);
  if (is_damage(code)) file_->note_damage(why);
  return {errc::unavailable, "SQLite cannot write " + file_->path() + ": " + why};
}

error sqlite_writer::gone() const {
  return {errc::unavailable,
          "SQLite cannot write " + file_->path() + ": the file was deleted, moved or replaced"};
}

void sqlite_writer::forget_doubt() {
  pending_.reset();
  in_doubt_ = false;
}

/// The file is open, in its place and whole, no commit is in doubt, and the store is the one that it was a
/// second ago.
result<void> sqlite_writer::ready() {
  if (auto there = look_at_file(); !there) return there.error();
  if (auto opened = open(); !opened) return opened.error();
  return look_after(look_interval);
}

/// A file that was deleted or replaced under us takes nothing more: whatever it acknowledged would be gone
/// with it. What is in its place is opened next.
result<void> sqlite_writer::look_at_file() {
  if (session_ && session_->db.has_moved()) {
    if (pending_ || in_doubt_) {
      if (!fs::exists(file_->path())) return gone();
      forget_doubt();
    }
    session_.reset();
  }
  if (file_->is_another()) return {}; // it is opened anew, and has whatever it has
  if (const auto damage = file_->damage())
    return error{errc::unavailable, "SQLite writes no more into " + file_->path() + ": " + *damage +
                                        ", and start the server anew"};
  return {};
}

/// Sees that the store is the one that it was: with the epoch that we know, and with the newest that we have
/// committed. Where that is gone a copy was put back under us, and the store gets a new epoch. Not again
/// within `interval`.
result<void> sqlite_writer::look_after(std::chrono::steady_clock::duration interval) {
  const auto now = std::chrono::steady_clock::now();
  if (in_doubt_ || now - looked_at_ < interval) return {};
  bool has_all = true;
  if (const int code = find_committed(has_all); code != SQLITE_OK) return give_up(code);
  if (!has_all) {
    if (const int code = renew_epoch(); code != SQLITE_OK) return give_up(code);
    committed_.clear();
    ++watch_.set_backs;
  }
  if (const int code = read_epoch(); code != SQLITE_OK) return give_up(code);
  looked_at_ = now;
  return {};
}

/// Whether the newest that we have committed are all there. Answers SQLite's code, as do those that follow.
int sqlite_writer::find_committed(bool& has_all) {
  for (const held_message& had : committed_.all()) {
    sqlite_statement::execution find(session_->find_committed);
    find.bind(had.conversation_id).bind(had.seq).bind(had.id).bind(to_ms(had.created_at));
    const int code = find.step();
    if (code == SQLITE_DONE) has_all = false;
    if (code != SQLITE_DONE && code != SQLITE_ROW) return code;
  }
  return SQLITE_OK;
}

int sqlite_writer::renew_epoch() {
  session_->groups.clear(); // ids may be other conversations' now
  session_->known_members = 0;
  const std::string next = random_name(16);
  sqlite_statement::execution renew(session_->renew_epoch);
  return renew.bind(next).finish();
}

int sqlite_writer::read_epoch() {
  sqlite_statement::execution epoch(session_->epoch);
  const int code = epoch.step();
  if (code != SQLITE_ROW) return code == SQLITE_DONE ? SQLITE_CORRUPT : code;
  epoch_ = epoch.text(0);
  return SQLITE_OK;
}

void sqlite_writer::note_committed(std::span<const append_outcome> outcomes) {
  for (const append_outcome& o : outcomes)
    if (o.status == append_status::stored) committed_.note({o.conversation_id, o.seq, o.id, o.created_at});
}

/// Opens the file when it is not open; else sees to it that no commit is in doubt, but for one that settle()
/// asks about.
result<void> sqlite_writer::open() {
  if (session_) {
    if (!in_doubt_ || pending_) return {};
    if (const int code = overwrite(); code != SQLITE_OK) return failed(code);
    return {};
  }
  if (!has_writing_ && !file_->take_writing())
    return error{errc::unavailable, "this store has a writer already; SQLite takes one"};
  has_writing_ = true;
  const auto cannot = [this](const std::string& why) {
    return error{errc::unavailable, "SQLite cannot open " + file_->path() + ": " + why};
  };
  auto db = file_->open_for_writing();
  if (!db) return cannot(db.error().detail);
  if (file_->is_another())
    if (auto identified = file_->identify(*db); !identified) return cannot(identified.error().detail);
  sqlite_statement identity(*db, "SELECT epoch FROM store_identity");
  {
    sqlite_statement::execution row(identity);
    if (const int code = row.step(); code != SQLITE_ROW) return cannot(reason(*db, code));
    epoch_ = row.text(0);
  }
  session_ = std::make_unique<session>(*std::move(db));
  sqlite3_wal_hook(session_->db.get(), note_log_frames, &session_->log_frames);
  looked_at_ = {};
  return {};
}

int sqlite_writer::begin() {
  sqlite_connection& db = session_->db;
  if (sqlite3_get_autocommit(db.get()) == 0) db.run("ROLLBACK"); // an exception left it open
  return db.run("BEGIN IMMEDIATE");
}

/// Finds out what was stored before, and what is known of the conversations of the others; all as of this
/// transaction.
int sqlite_writer::decide(std::span<const new_message> batch, send_batch& work) {
  std::vector<conversation_rules> direct;
  direct.reserve(batch.size()); // they are pointed to
  std::vector<const conversation_rules*> rules(batch.size());
  for (std::size_t i = 0; i < batch.size(); ++i) {
    const new_message& message = batch[i];
    if (message.client_msg_id)
      if (const int code = find_repeat(i, message, work); code != SQLITE_OK) return code;
    if (!work.is_open(i)) continue;
    if (message.to.is_group()) {
      if (const int code = know_group(message.to.id, rules[i]); code != SQLITE_OK) return code;
      continue;
    }
    rules[i] = &direct.emplace_back();
    if (const int code = know_pair(message.from, message.to.id, direct.back()); code != SQLITE_OK)
      return code;
  }
  work.decide(batch, [&](std::size_t i) { return rules[i]; });
  for (const std::size_t i : work.rows())
    work.stored(i) = {.conversation_id = rules[i]->id, .audience = rules[i]->members};
  return SQLITE_OK;
}

/// Stores a message that may be; gives it its place.
int sqlite_writer::store(const new_message& message, wall_time now, append_outcome& outcome) {
  outcome.created_at = now;
  if (const int code = message.to.is_group()
                           ? session_->changes.take_seq(outcome.conversation_id, now, outcome.seq)
                           : take_direct_seq(message, now, outcome);
      code != SQLITE_OK)
    return code;
  {
    sqlite_statement::execution insert(session_->insert);
    insert.bind(outcome.conversation_id).bind(outcome.seq).bind(to_ms(now));
    insert.bind(message.from.text())
        .bind_optional(target_column(message.to))
        .bind_optional(message.from_name)
        .bind_optional(message.to_name);
    insert.bind(static_cast<std::int64_t>(message.kind)).bind(message.content).bind_optional(message.ext);
    insert.bind_optional(message.client_msg_id).bind(sent_digest(message));
    if (const int code = insert.finish(); code != SQLITE_OK) return code;
    outcome.id = sqlite3_last_insert_rowid(session_->db.get());
  }
  if (message.attached)
    if (const int code =
            session_->changes.files.attach_to(outcome.conversation_id, outcome.seq, *message.attached);
        code != SQLITE_OK)
      return code;
  if (message.stream)
    if (const int code =
            session_->changes.begin_stream(outcome.conversation_id, outcome.seq, *message.stream, now);
        code != SQLITE_OK)
      return code;
  if (message.judged)
    if (const int code = session_->changes.checks.put_check(outcome.id, *message.judged, now);
        code != SQLITE_OK)
      return code;
  if (message.called)
    if (const int code =
            session_->changes.call_users(outcome.conversation_id, outcome.seq, message.from, *message.called);
        code != SQLITE_OK)
      return code;
  if (message.notice_after)
    if (const int code = session_->changes.notices.put_notices(
            outcome.conversation_id, outcome.seq, message.from,
            noted_for(message.from, message.to, message.called.get()), now, now + *message.notice_after);
        code != SQLITE_OK)
      return code;
  const std::string tokens =
      indexed_tokens(outcome.conversation_id, searchable_text(message.kind, message.content));
  if (tokens.empty()) return SQLITE_OK;
  return sqlite_statement::execution(session_->index).bind(outcome.id).bind(tokens).finish();
}

int sqlite_writer::find_repeat(std::size_t i, const new_message& message, send_batch& work) {
  sqlite_statement::execution find(session_->find_repeat);
  const int code = find.bind(message.from.text()).bind(*message.client_msg_id).step();
  if (code == SQLITE_DONE) return SQLITE_OK;
  if (code != SQLITE_ROW) return code;
  auto stored = read_message(find);
  stored.sent_digest = find.integer(message_column_count);
  work.was_stored(i, message, std::move(stored));
  return SQLITE_OK;
}

/// Whether `to` blocks `from`; which conversation it is take_direct_seq() finds out.
int sqlite_writer::know_pair(const user_id& from, const user_id& to, conversation_rules& rules) {
  sqlite_statement::execution block(session_->is_blocked);
  const int code = block.bind(to.text()).bind(from.text()).step();
  (to < from ? rules.low_blocks : rules.high_blocks) = code == SQLITE_ROW;
  return code == SQLITE_ROW || code == SQLITE_DONE ? SQLITE_OK : code;
}

/// Makes the conversation with its first message.
int sqlite_writer::take_direct_seq(const new_message& message, wall_time now, append_outcome& outcome) {
  const user_id &from = message.from, &to = message.to.id;
  const auto [low, high] = conversation_key(from, to);
  sqlite_statement::execution next(session_->next_direct_seq);
  if (const int code = next.bind(low).bind(high).bind(to_ms(now)).step(); code != SQLITE_ROW) return code;
  outcome.conversation_id = next.integer(0);
  outcome.seq = next.integer(1);
  if (const int code = next.finish(); code != SQLITE_OK) return code;
  return outcome.seq == 1 ? session_->changes.join_direct(outcome.conversation_id, from, to) : SQLITE_OK;
}

/// The group's members and roles, read only when another version is what we know; null: there is no such
/// group.
int sqlite_writer::know_group(const user_id& id, const conversation_rules*& known) {
  session& s = *session_;
  conversation_rules fresh;
  {
    sqlite_statement::execution group(s.find_group);
    const int code = group.bind(id.text()).step();
    if (code != SQLITE_ROW) return code == SQLITE_DONE ? SQLITE_OK : code;
    fresh.id = group.integer(0);
    fresh.muted = group.integer(1) != 0;
    fresh.version = group.integer(2);
  }
  if (const auto at = s.groups.find(fresh.id); at != s.groups.end() && at->second.version == fresh.version) {
    known = &at->second;
    return SQLITE_OK;
  }
  std::vector<user_id> users;
  sqlite_statement::execution rows(s.group_members);
  rows.bind(fresh.id);
  int code = rows.step();
  for (; code == SQLITE_ROW; code = rows.step()) {
    users.push_back(stored_user(rows.text(0)));
    fresh.roles += static_cast<char>('0' + static_cast<int>(role_of(rows.integer(1))));
  }
  if (code != SQLITE_DONE) return code;
  fresh.members = std::make_shared<const std::vector<user_id>>(std::move(users));
  auto& slot = s.groups[fresh.id];
  s.known_members += fresh.roles.size();
  s.known_members -= slot.roles.size();
  slot = std::move(fresh);
  known = &slot;
  return SQLITE_OK;
}

/// Between batches, since a batch at hand points to what it knows.
void sqlite_writer::make_room() {
  if (session_->known_members <= known_members_max) return;
  session_->groups.clear();
  session_->known_members = 0;
}

int sqlite_writer::mark_one(const read_mark& mark, read_outcome& outcome) {
  {
    sqlite_statement::execution find(mark.in.is_group() ? session_->find_mark_of_group
                                                        : session_->find_mark_of_direct);
    find.bind(mark.user.text());
    const auto [low, high] = conversation_key(mark.user, mark.in.id);
    if (mark.in.is_group())
      find.bind(mark.in.id.text());
    else
      find.bind(low).bind(high);
    const int code = find.step();
    if (code != SQLITE_ROW) return code == SQLITE_DONE ? SQLITE_OK : code;
    outcome.found = true;
    outcome.conversation_id = find.integer(0);
    const std::int64_t before = find.integer(2);
    if (!mark.in.is_group()) {
      sqlite_statement::execution block(session_->is_blocked);
      const int blocked = block.bind(mark.in.id.text()).bind(mark.user.text()).step();
      if (blocked == SQLITE_ROW) {
        outcome.blocked = true;
        outcome.seq = before;
        return SQLITE_OK;
      }
      if (blocked != SQLITE_DONE) return blocked;
    }
    outcome.seq = std::max(before, std::min(mark.seq, find.integer(1)));
    outcome.moved = outcome.seq > before;
  }
  if (!outcome.moved) return SQLITE_OK;
  sqlite_statement::execution set(session_->set_mark);
  return set.bind(mark.user.text()).bind(outcome.conversation_id).bind(outcome.seq).finish();
}

/// Nothing of the transaction is in the file: a disk that is full, or a write that failed, leaves a log
/// without the commit's frame, which no recovery takes for a transaction.
error sqlite_writer::give_up(int code) {
  error answer = failed(code);
  write_failed_ = true;
  session_.reset(); // rolls back
  return answer;
}

/// When the *sync* of a commit fails, the commit's frame is in the log, perhaps on the disk too. SQLite
/// rolls back, and goes on behind the last good frame; but were this process killed now, the next one's
/// recovery might find the frame and take the transaction as stored. Only when another commit has been
/// written over it, and synced, will it never come back, and only then we say so. Until then the outcome is
/// unknown, nothing is acknowledged, and this connection stays: it alone knows where the last good frame
/// is. Pages whose sync failed are never counted on (the system may have dropped them): they are written
/// again.
result<void> sqlite_writer::commit() {
  const int code = session_->db.run("COMMIT");
  if (code == SQLITE_OK) {
    if (session_->db.has_moved()) { // into a file that nobody will find
      const error answer = gone();
      session_.reset();
      return answer;
    }
    checkpoint();
    return {};
  }
  if (code == SQLITE_FULL || code == SQLITE_IOERR_WRITE || code == SQLITE_BUSY) return give_up(code);
  write_failed_ = true;
  in_doubt_ = true;
  return error{errc::outcome_unknown, failed(code).detail};
}

/// Brings the log's pages into the file when there are many. What goes wrong here loses nothing: the log
/// stays.
void sqlite_writer::checkpoint() {
  const int frames = session_->log_frames;
  watch_.log_bytes = frames * frame_bytes + log_header_bytes;
  const auto now = std::chrono::steady_clock::now();
  if (frames < checkpoint_frames) return;
  const bool is_in_vain = is_log_held_ || !watch_.checkpoint_trouble.empty();
  if (is_in_vain && now - checkpointed_at_ < checkpoint_interval) return;
  checkpointed_at_ = now;
  sqlite3* db = session_->db.get();
  int in_log = 0, brought = 0;
  int code = sqlite3_wal_checkpoint_v2(db, "main", SQLITE_CHECKPOINT_PASSIVE, &in_log, &brought);
  if (code == SQLITE_OK && frames >= restart_frames) {
    sqlite3_busy_timeout(db, restart_wait_ms);
    code = sqlite3_wal_checkpoint_v2(db, "main", SQLITE_CHECKPOINT_RESTART, &in_log, &brought);
    sqlite3_busy_timeout(db, sqlite_busy_timeout_ms);
  }
  is_log_held_ = code == SQLITE_BUSY || (code == SQLITE_OK && brought < in_log);
  if (code == SQLITE_OK && brought >= in_log) {
    ++watch_.checkpoints_done;
    watch_.checkpoint_trouble.clear();
  } else if (code == SQLITE_OK || code == SQLITE_BUSY) {
    ++watch_.checkpoints_blocked;
    const std::string readers = readers_of_log(file_->path());
    // Our own are over within seconds.
    if (!readers.empty() || frames >= 2 * restart_frames)
      watch_.checkpoint_trouble =
          "a reader that does not end keeps the log from the file: " +
          (readers.empty() ? std::string("which one, the system does not say") : readers);
  } else {
    ++watch_.checkpoints_failed;
    watch_.checkpoint_trouble = reason(session_->db, code);
    if (is_damage(code)) file_->note_damage(watch_.checkpoint_trouble);
  }
}

/// A commit of nothing, over whatever the last one may have left behind. Answers SQLite's code.
int sqlite_writer::overwrite() {
  int code = begin();
  if (code == SQLITE_OK) code = session_->db.run(touch_sql);
  if (code == SQLITE_OK) code = session_->db.run("COMMIT");
  if (code == SQLITE_OK) in_doubt_ = false;
  return code;
}

} // namespace hongyan
