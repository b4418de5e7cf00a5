/// What only SQLite has: one file that two servers must not share, and a disk that fails.
#include "persistence/migrations.hpp"
#include "persistence/sqlite/reader.hpp"
#include "tests/persistence/faulty_disk.hpp"
#include "tests/persistence/store_fixtures.hpp"

#include <sqlite3.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <thread>

using namespace hongyan;
using namespace hongyan::testing;

using status = append_status;
using texts = std::vector<std::string>;
namespace fs = std::filesystem;

namespace {

/// A file system of its own, of `size` bytes.
class small_disk {
public:
  explicit small_disk(const std::string& size) {
    mounted_ = mount("tmpfs", (folder_ / "").c_str(), "tmpfs", 0, ("size=" + size).c_str()) == 0;
    if (!mounted_) WARN("skipped: cannot mount a small disk here: " << std::strerror(errno));
  }
  ~small_disk() {
    if (mounted_) umount2((folder_ / "").c_str(), MNT_DETACH);
  }
  small_disk(const small_disk&) = delete;
  small_disk& operator=(const small_disk&) = delete;

  explicit operator bool() const { return mounted_; }
  std::string operator/(std::string_view name) const { return folder_ / name; }
  bool make_read_only() {
    return mount(nullptr, (folder_ / "").c_str(), nullptr, MS_REMOUNT | MS_RDONLY, nullptr) == 0;
  }

private:
  temporary_folder folder_;
  bool mounted_ = false;
};

/// open_store() must refuse: one line that names the path and says why.
void check_refused(const std::string& path, const std::string& why) {
  const error refused = failure(open_store("sqlite:" + path));
  CHECK(refused.code == errc::malformed);
  CHECK_THAT(refused.detail, Catch::Contains(path));
  CHECK_THAT(refused.detail, Catch::Contains(why));
  CHECK(refused.detail.find('\n') == std::string::npos);
}

/// What a server would find that is started on the files as they are now, after this one was killed.
texts after_a_crash(const sqlite_database& database) {
  sqlite_database copy;
  fs::copy_file(database.file, copy.file);
  if (fs::exists(database.file + "-wal")) fs::copy_file(database.file + "-wal", copy.file + "-wal");
  auto reader = opened(copy.url)->make_reader();
  return contents(latest(*reader, {.user = user("1"), .limit = 100'000}));
}

std::string big(std::size_t size) { return std::string(size, 'x'); }

} // namespace

TEST_CASE("a second server on the same file is refused, by whatever name", "[persistence][sqlite]") {
  sqlite_database database;
  const std::string link = database.folder / "link.db";
  auto first = opened(database.url);
  fs::create_symlink(database.file, link);

  check_refused(database.file, "another server uses it");
  check_refused(link, "another server uses it");
  check_refused(database.folder / "./hongyan.db", "another server uses it");

  auto writer = first->make_writer();
  first.reset();
  check_refused(database.file, "another server uses it"); // the writer still does
  writer.reset();
  CHECK(open_store(database.url).has_value());
}

TEST_CASE("a file takes one writer, and the next when that one is gone", "[persistence][sqlite]") {
  sqlite_database database;
  auto store = opened(database.url);
  auto first = store->make_writer();
  append(*first, {chat("1", "2", "a")});
  auto second = store->make_writer();

  const error refused = failure(second->append(std::vector{chat("1", "2", "b")}, at(1)));
  CHECK(refused.code == errc::unavailable);
  first.reset();
  CHECK(append(*second, {chat("1", "2", "b")})[0].seq == 2);
}

TEST_CASE("a path that cannot be a database is refused, with what to do", "[persistence][sqlite]") {
  temporary_folder folder;
  const std::string path = folder / "x.db";

  SECTION("no directory") { check_refused(folder / "none/x.db", "create it"); }
  SECTION("a directory") {
    fs::create_directory(path);
    check_refused(path, "is a directory");
  }
  SECTION("something else") {
    std::ofstream(path) << "this is my diary, and it is longer than the header of a database " << big(5000);
    check_refused(path, "not an SQLite database");
  }
  SECTION("another program's database") {
    sqlite_database other;
    other.ask("CREATE TABLE bookmark (url TEXT)");
    check_refused(other.file, "another program");
    CHECK(other.ask("SELECT group_concat(name) FROM sqlite_schema") == "bookmark");
  }
  SECTION("the database of another program that counts its migrations alike") {
    sqlite_database other;
    other.ask("CREATE TABLE schema_migration (version INTEGER PRIMARY KEY)");
    check_refused(other.file, "another program");
  }
  SECTION("a damaged one") {
    sqlite_database own;
    append(*opened(own.url)->make_writer(), {chat("1", "2", "a")});
    std::fstream file(own.file, std::ios::in | std::ios::out | std::ios::binary);
    file.seekp(100) << big(3000);
    file.close();
    check_refused(own.file, "damaged");
  }
}

TEST_CASE("a name that means something to SQLite is a file's name all the same", "[persistence][sqlite]") {
  temporary_folder folder;
  const auto before = fs::current_path();
  fs::current_path(folder / "");
  {
    auto store = open_store("sqlite::memory:");
    auto other = open_store("sqlite:file:x?mode=memory");
    fs::current_path(before);
    CHECK(store.has_value());
    CHECK(other.has_value());
  }
  CHECK(fs::exists(folder / ":memory:"));
  CHECK(fs::exists(folder / "file:x?mode=memory"));
}

TEST_CASE("a file that cannot be written is refused", "[persistence][sqlite]") {
  small_disk disk("2M");
  if (!disk) return;
  { append(*opened("sqlite:" + (disk / "x.db"))->make_writer(), {chat("1", "2", "a")}); }
  REQUIRE(disk.make_read_only());

  check_refused(disk / "x.db", "writable");
  check_refused(disk / "new.db", "writable");
}

TEST_CASE("a full disk refuses whole batches, goes on reading, and works again once there is space",
          "[persistence][sqlite]") {
  small_disk disk("3M");
  if (!disk) return;
  auto store = opened("sqlite:" + (disk / "x.db"));
  auto writer = store->make_writer();
  auto reader = store->make_reader();
  std::ofstream(disk / "ballast") << big(1'000'000);

  std::size_t stored = 0;
  std::optional<error> full;
  while (!full) {
    std::vector<new_message> batch;
    for (int i = 0; i < 20; ++i) batch.push_back(chat("1", "2", big(2000)));
    REQUIRE(stored < 3000);
    if (auto answer = writer->append(batch, at(1)))
      stored += batch.size();
    else
      full = answer.error();
  }

  CHECK(full->code == errc::unavailable);
  CHECK_THAT(full->detail, Catch::Contains("disk is full"));
  CHECK(latest(*reader, {.user = user("1"), .limit = 10'000}).size() == stored);
  fs::remove(disk / "ballast");
  CHECK(writer->check().has_value());
  CHECK(append(*writer, {chat("1", "2", "b")})[0].seq == static_cast<std::int64_t>(stored + 1));
  CHECK(latest(*reader, {.user = user("1"), .limit = 10'000}).size() == stored + 1);
}

TEST_CASE("after a failed write, check answers well only when writing works", "[persistence][sqlite]") {
  faulty_disk disk;
  sqlite_database database;
  auto store = opened(database.url);
  auto writer = store->make_writer();
  append(*writer, {chat("1", "2", "a")});

  disk.log_write_fails = true;
  CHECK(writer->check().has_value()); // nobody has noticed yet
  CHECK(failure(writer->append(std::vector{chat("1", "2", "b")}, at(1))).code == errc::unavailable);
  CHECK(failure(writer->check()).code == errc::unavailable);
  CHECK(failure(writer->check()).code == errc::unavailable);
  disk.log_write_fails = false;

  CHECK(writer->check().has_value());
  CHECK(append(*writer, {chat("1", "2", "c")})[0].seq == 2);
  CHECK(after_a_crash(database) == texts{"a", "c"});
}

TEST_CASE("what is acknowledged has been synced", "[persistence][sqlite]") {
  faulty_disk disk;
  sqlite_database database;
  auto store = opened(database.url);
  auto writer = store->make_writer();

  for (int i = 0; i < 200; ++i) {
    const int before = disk.log_syncs;
    append(*writer, {chat("1", "2", big(3000)), chat(std::to_string(i), "2", "b")});
    REQUIRE(disk.log_syncs > before);
    REQUIRE_FALSE(disk.log_is_dirty);
  }
}

TEST_CASE("a commit whose sync failed is unknown until a later one is over it, and then never stored",
          "[persistence][sqlite]") {
  faulty_disk disk;
  sqlite_database database;
  auto store = opened(database.url);
  auto writer = store->make_writer();
  auto reader = store->make_reader();
  append(*writer, {chat("1", "2", "a")});
  const std::vector batch{chat("1", "2", "b"), chat("3", "1", big(20'000), "x")};

  disk.log_sync_fails = true;
  CHECK(failure(writer->append(batch, at(1))).code == errc::outcome_unknown);
  CHECK(failure(writer->append(batch, at(1))).code == errc::outcome_unknown); // not before it is settled
  CHECK(contents(latest(*reader, {.user = user("1")})) == texts{"a"});
  // The danger: were the server killed now, the next one would find the commit in the log.
  disk.log_sync_fails = false;
  CHECK(after_a_crash(database).size() == 3);

  disk.log_sync_fails = true;
  CHECK(failure(writer->settle(batch)).code == errc::unavailable);
  disk.log_sync_fails = false;
  const auto settled = writer->settle(batch);
  REQUIRE(settled.has_value());
  CHECK_FALSE(settled->has_value());

  CHECK(after_a_crash(database) == texts{"a"});
  CHECK(append(*writer, batch)[0].seq == 2);
  CHECK(latest(*reader, {.user = user("1")}).size() == 3);
  CHECK(after_a_crash(database).size() == 3);
}

TEST_CASE("readers see each batch as soon as it is acknowledged, while the writer goes on",
          "[persistence][sqlite]") {
  sqlite_database database;
  auto store = opened(database.url);
  auto writer = store->make_writer();
  auto reader = store->make_reader();
  for (int i = 1; i <= 50; ++i) {
    append(*writer, {chat("1", "2", std::to_string(i))});
    REQUIRE(latest(*reader, {.user = user("2"), .limit = 1})[0].content == std::to_string(i));
  }
  // Readers neither checkpoint nor write, whatever the order of the end.
  writer.reset();
  CHECK(latest(*reader, {.user = user("2"), .limit = 100}).size() == 50);
  reader.reset();
  store.reset();

  CHECK(database.ask("PRAGMA integrity_check") == "ok");
  CHECK(database.ask("SELECT count(*) FROM message") == "50");
}

namespace {

std::string epoch_of(const std::string& url) {
  auto store = opened(url);
  auto writer = store->make_writer();
  REQUIRE(writer->check().has_value());
  return writer->epoch();
}

} // namespace

TEST_CASE("a file that was restored from a copy has another epoch", "[persistence][sqlite]") {
  sqlite_database database;
  const std::string first = epoch_of(database.url);
  sqlite_database copy;
  fs::copy_file(database.file, copy.file);
  const std::string backup = database.folder / "backup";
  fs::copy_file(database.file, backup);

  CHECK(epoch_of(copy.url) != first); // elsewhere
  CHECK(epoch_of(database.url) == first);
  SECTION("in a new file") { fs::remove(database.file); }
  SECTION("over the old file, which stays the same to the file system") {}
  fs::copy_file(backup, database.file, fs::copy_options::overwrite_existing);
  const std::string restored = epoch_of(database.url);
  CHECK(restored != first);
  CHECK(epoch_of(database.url) == restored);
}

TEST_CASE("the file alone is whole when its writer is gone, whatever readers are left",
          "[persistence][sqlite]") {
  sqlite_database database;
  auto store = opened(database.url);
  auto reader = store->make_reader();
  auto writer = store->make_writer();
  append(*writer, {chat("1", "2", "kept")});
  CHECK(latest(*reader, {.user = user("1")}).size() == 1);
  writer.reset();
  sqlite_database copy;
  fs::copy_file(database.file, copy.file); // without its log
  CHECK(contents(latest(*opened(copy.url)->make_reader(), {.user = user("1")})) == texts{"kept"});
}

TEST_CASE("a read that takes too long is given up, and the next one is served", "[persistence][sqlite]") {
  sqlite_database database;
  {
    auto store = opened(database.url);
    auto writer = store->make_writer();
    append(*writer, std::vector<new_message>(2'000, chat("1", "2", "a")));
  }
  const auto file = sqlite_file::lock(database.file);
  REQUIRE(file.has_value());
  sqlite_reader reader(*file, std::chrono::milliseconds(0));
  const log_range all{.conversation_id = 1, .after_seq = 0, .before_seq = 2'001, .limit = 2'000};
  const error slow = failure(reader.log(std::span(&all, 1)));
  CHECK(slow.code == errc::unavailable);
  CHECK_THAT(slow.detail, Catch::Contains("longer than 0 ms"));
  CHECK(reader.memberships(user("1")).value().size() == 1);
  CHECK(sqlite_reader(*file).log(std::span(&all, 1)).value().size() == 2'000);
}

TEST_CASE("a change whose commit failed in its sync is unknown, and nothing is acknowledged over it",
          "[persistence][sqlite]") {
  faulty_disk disk;
  sqlite_database database;
  auto store = opened(database.url);
  auto writer = store->make_writer();
  append(*writer, {chat("1", "2", "a")});
  const auto change = [&] {
    return writer->transact([](change_transaction& t) -> result<void> {
      auto row = t.lock_direct(user("1"), user("2"), true);
      if (!row) return row.error();
      auto entry = t.append_entry(**row, {.from = user("1"), .to = user("2"), .content = "entry"});
      if (!entry) return entry.error();
      return {};
    });
  };
  const auto mark = [&] { return writer->mark_read(std::vector{read_mark{user("2"), user("1"), 1}}); };

  disk.log_sync_fails = true;
  SECTION("a transaction") { CHECK(failure(change()).code == errc::outcome_unknown); }
  SECTION("read marks") { CHECK(failure(mark()).code == errc::outcome_unknown); }

  // Until the disk works again nothing else is tried on top.
  CHECK(failure(writer->append(std::vector{chat("1", "2", "b")}, at(1))).code == errc::unavailable);
  CHECK(failure(change()).code == errc::unavailable);
  CHECK(failure(mark()).code == errc::unavailable);
  CHECK(failure(writer->check()).code == errc::unavailable);
  disk.log_sync_fails = false;
  CHECK(append(*writer, {chat("1", "2", "c")})[0].seq == 2);
  CHECK_FALSE(disk.log_is_dirty);
  CHECK(after_a_crash(database) == texts{"a", "c"});
  CHECK(writer->check().has_value());
  CHECK(mark().has_value());
  CHECK(change().has_value());
  CHECK(after_a_crash(database) == texts{"a", "c", "entry"});
}

TEST_CASE("while a batch is in doubt nothing else is written, and it can be settled after",
          "[persistence][sqlite]") {
  faulty_disk disk;
  sqlite_database database;
  auto store = opened(database.url);
  auto writer = store->make_writer();
  append(*writer, {chat("1", "2", "a")});
  const std::vector batch{chat("1", "2", "b")};

  disk.log_sync_fails = true;
  CHECK(failure(writer->append(batch, at(1))).code == errc::outcome_unknown);
  disk.log_sync_fails = false;
  const auto nothing = [](change_transaction&) -> result<void> { return {}; };
  CHECK(failure(writer->transact(nothing)).code == errc::unavailable);
  CHECK(failure(writer->mark_read(std::vector{read_mark{user("2"), user("1"), 1}})).code ==
        errc::unavailable);
  CHECK(writer->check().has_value());

  const auto settled = writer->settle(batch);
  REQUIRE(settled.has_value());
  CHECK_FALSE(settled->has_value());
  CHECK(writer->transact(nothing).has_value());
  CHECK(append(*writer, batch)[0].seq == 2);
}

TEST_CASE("a full disk undoes a change, and the writer goes on", "[persistence][sqlite]") {
  faulty_disk disk;
  sqlite_database database;
  auto store = opened(database.url);
  auto writer = store->make_writer();
  append(*writer, {chat("1", "2", "a")});
  const auto block = [](change_transaction& t) -> result<void> {
    if (auto put = t.put_blocks(user("2"), std::vector{user("1")}, true); !put) return put.error();
    return {};
  };

  disk.log_write_fails = true;
  CHECK(failure(writer->transact(block)).code == errc::unavailable);
  CHECK(failure(writer->check()).code == errc::unavailable);
  disk.log_write_fails = false;

  CHECK(append(*writer, {chat("1", "2", "b")})[0].status == status::stored);
  CHECK(writer->transact(block).has_value());
  CHECK(append(*writer, {chat("1", "2", "c")})[0].status == status::blocked);
}

TEST_CASE("a file of the first version is brought up to date, and its messages are found",
          "[persistence][sqlite]") {
  sqlite_database database;
  {
    std::ifstream script(HONGYAN_SOURCE_DIR "/persistence/sql/sqlite/0001_init.sql");
    std::string sql((std::istreambuf_iterator<char>(script)), {});
    sql += "CREATE TABLE schema_migration (version INTEGER PRIMARY KEY, applied_at TEXT NOT NULL"
           " DEFAULT CURRENT_TIMESTAMP) STRICT; INSERT INTO schema_migration (version) VALUES (1);"
           "INSERT INTO conversation VALUES (1, '1', '2', 2), (2, '1', '1', 1), (7, '3', '4', 3000);"
           "INSERT INTO message (conversation_id, seq, created_at_ms, sender, target, content, "
           "client_msg_id) VALUES"
           " (1, 1, 100, '1', '2', 'hello 世界', 'x'), (1, 2, 200, '2', '1', '!!', NULL),"
           " (2, 1, 300, '1', '1', 'hello again', NULL);"
           "WITH RECURSIVE n (i) AS (VALUES (1) UNION ALL SELECT i + 1 FROM n WHERE i < 3000)"
           " INSERT INTO message (conversation_id, seq, created_at_ms, sender, target, content)"
           " SELECT 7, i, 1000 + i, '3', '4', 'number ' || i FROM n;";
    database.ask(sql);
  }
  {
    auto store = opened(database.url);
    auto writer = store->make_writer();
    auto reader = store->make_reader();
    const auto search = [&](std::string_view who, std::string_view query) {
      auto found = reader->search({.user = user(who), .terms = search_terms(query)});
      if (!found) FAIL(found.error().detail);
      return contents(found->messages);
    };

    CHECK(search("1", "hello") == texts{"hello again", "hello 世界"});
    CHECK(search("2", "世界") == texts{"hello 世界"});
    CHECK(search("4", "number 2999") == texts{"number 2999"});
    const auto of = *reader->find_membership(user("2"), user("1"));
    REQUIRE(of.has_value());
    CHECK(of->last_seq == 2);
    CHECK(of->last_at == at(200));
    CHECK(reader->memberships(user("1"))->size() == 2);
    CHECK(append(*writer, {chat("1", "2", "hello 世界", "x")})[0].status == status::duplicate);
    CHECK(append(*writer, {chat("1", "2", "c")})[0].seq == 3);
    CHECK(contents(latest(*reader, {.user = user("1")})) == texts{"hello 世界", "!!", "hello again", "c"});
    CHECK(writer
              ->transact([](change_transaction& t) -> result<void> {
                auto row = t.lock_direct(user("1"), user("2"), false);
                auto entry = t.entry(**row, 1);
                return t.erase_content(**entry);
              })
              .has_value());
    CHECK(search("2", "世界").empty());
  }
  CHECK(database.ask("SELECT max(version) FROM schema_migration") ==
        std::to_string(sqlite_migrations().back().version));
  CHECK(database.ask("INSERT INTO message_search (message_search) VALUES ('integrity-check')") == "");
  CHECK(database.ask("PRAGMA integrity_check") == "ok");
}

namespace {

bool contains(const std::string& text, const std::string& part) {
  return text.find(part) != std::string::npos;
}

} // namespace

TEST_CASE("the files of a store are their owner's alone", "[persistence][sqlite]") {
  sqlite_database database;
  auto store = opened(database.url);
  auto writer = store->make_writer();
  append(*writer, {chat("1", "2", "a")});
  for (const char* suffix : {"", "-wal", "-shm", "-lock"}) {
    CAPTURE(suffix);
    struct stat info {};
    REQUIRE(::stat((database.file + suffix).c_str(), &info) == 0);
    CHECK((info.st_mode & 0777) == 0600);
  }
}

TEST_CASE("nothing is acknowledged into a file that was deleted, and what comes back in its place is opened",
          "[persistence][sqlite]") {
  sqlite_database database;
  auto store = opened(database.url);
  auto writer = store->make_writer();
  auto reader = store->make_reader();
  append(*writer, {chat("1", "2", "a")});
  REQUIRE(writer->check().has_value());
  REQUIRE(contents(latest(*reader, {.user = user("1")})) == texts{"a"});
  const auto epoch = writer->epoch();
  const std::string away = database.folder / "away";
  const auto move_all = [&](const std::string& from, const std::string& to) {
    for (const char* suffix : {"", "-wal", "-shm"})
      if (fs::exists(from + suffix)) fs::rename(from + suffix, to + suffix);
  };
  move_all(database.file, away);

  for (const error& refused :
       {failure(writer->append(std::vector{chat("1", "2", "b")}, at(2000))), failure(writer->check()),
        failure(writer->mark_read(std::vector{read_mark{user("1"), user("2"), 1}})),
        failure(writer->transact([](change_transaction&) { return result<void>(); })),
        failure(reader->memberships(user("1")))}) {
    CHECK(refused.code == errc::unavailable);
    CHECK_THAT(refused.detail, Catch::Contains(database.file));
    CHECK_THAT(refused.detail, Catch::Contains("gone"));
  }
  CHECK_FALSE(fs::exists(database.file)); // no empty one was made

  SECTION("the same file: nothing has happened") {
    move_all(away, database.file);
    REQUIRE(writer->check().has_value());
    CHECK(writer->epoch() == epoch);
    CHECK(append(*writer, {chat("1", "2", "b")})[0].seq == 2);
    CHECK(latest(*reader, {.user = user("1")}).size() == 2);
  }
  SECTION("another file: another epoch") {
    sqlite_database other;
    {
      auto other_store = opened(other.url);
      append(*other_store->make_writer(), {chat("1", "2", "x"), chat("1", "2", "y")}, at(5000));
    }
    fs::copy_file(other.file, database.file);
    REQUIRE(writer->check().has_value());
    CHECK(writer->epoch() != epoch);
    CHECK(contents(latest(*reader, {.user = user("1")})) == texts{"x", "y"});
    CHECK(append(*writer, {chat("1", "2", "z")})[0].seq == 3);
  }
  CHECK(writer->watch().set_backs == (writer->epoch() == epoch ? 0 : 1));
}

TEST_CASE("a file that is replaced while a batch is on its way acknowledges nothing",
          "[persistence][sqlite]") {
  sqlite_database database;
  auto store = opened(database.url);
  auto writer = store->make_writer();
  append(*writer, {chat("1", "2", "a")});
  const auto answer = writer->transact([&](change_transaction&) -> result<void> {
    fs::rename(database.file, database.folder / "away");
    return {};
  });
  CHECK(failure(answer).code == errc::unavailable);
}

TEST_CASE("a damaged file takes nothing more, whoever has met the damage", "[persistence][sqlite]") {
  sqlite_database database;
  {
    auto store = opened(database.url);
    auto writer = store->make_writer();
    append(*writer, std::vector<new_message>(2'000, chat("1", "2", big(200))));
  }
  {
    std::fstream file(database.file, std::ios::in | std::ios::out | std::ios::binary);
    // All pages but the first, which has the schema and its root pages' numbers.
    const std::string garbage(4096, '\xEE');
    const auto size = fs::file_size(database.file);
    for (std::uintmax_t at = 64 * 4096; at < size; at += 4096) {
      file.seekp(static_cast<std::streamoff>(at));
      file << garbage;
    }
  }
  auto opened_again = open_store(database.url);
  REQUIRE(opened_again.has_value());
  auto writer = (*opened_again)->make_writer();
  auto reader = (*opened_again)->make_reader();
  REQUIRE(writer->check().has_value());
  const log_range all{.conversation_id = 1, .after_seq = 0, .before_seq = 2'001, .limit = 2'000};
  const error read = failure(reader->log(std::span(&all, 1)));
  CHECK(contains(read.detail, "damaged"));
  for (int i = 0; i < 2; ++i) {
    CHECK(contains(failure(writer->check()).detail, "damaged"));
    CHECK(contains(failure(writer->append(std::vector{chat("8", "9", "x")}, at(1))).detail, "damaged"));
  }
}

TEST_CASE("a copy that was put back into the open file gets a new epoch", "[persistence][sqlite]") {
  sqlite_database database;
  auto store = opened(database.url);
  auto writer = store->make_writer();
  append(*writer, {chat("1", "2", "kept")}, at(1000));
  const std::string copy = database.folder / "copy.db";
  const auto shell = [&](const std::string& command) {
    const std::string line = "sqlite3 '" + database.file + "' '" + command + "'";
    REQUIRE(std::system(line.c_str()) == 0);
  };
  shell(".backup " + copy);
  append(*writer, {chat("1", "2", "lost")}, at(2000));
  REQUIRE(writer->check().has_value());
  const auto epoch = writer->epoch();
  shell(".restore " + copy);
  REQUIRE(writer->check().has_value());
  CHECK(writer->epoch() != epoch);
  CHECK(writer->watch().set_backs == 1);
  const auto renewed = writer->epoch();
  CHECK(append(*writer, {chat("1", "2", "new")}, at(3000))[0].seq == 2);
  REQUIRE(writer->check().has_value());
  CHECK(writer->epoch() == renewed);
}

TEST_CASE(
    "a log that a reader keeps from the file is told, with who that is, and goes in when they have gone",
    "[persistence][sqlite]") {
  sqlite_database database;
  auto store = opened(database.url);
  auto writer = store->make_writer();
  append(*writer, {chat("1", "2", "a")});
  REQUIRE(std::system("command -v sqlite3 >/dev/null") == 0);
  // Another process, in a read that does not end until its input does.
  FILE* shell = ::popen(("sqlite3 '" + database.file + "' >/dev/null").c_str(), "w");
  REQUIRE(shell != nullptr);
  std::fputs("BEGIN; SELECT count(*) FROM message;\n.shell touch ", shell);
  const std::string sign = database.folder / "reads";
  std::fputs((sign + "\n").c_str(), shell);
  std::fflush(shell);
  while (!fs::exists(sign)) std::this_thread::yield();

  const std::vector<new_message> batch(500, chat("1", "2", big(4'000)));
  for (int i = 0; i < 10; ++i) append(*writer, batch);
  const auto blocked = writer->watch();
  CHECK(blocked.log_bytes > 16'000'000);
  CHECK(blocked.checkpoints_blocked > 0);
  CHECK(blocked.checkpoints_done == 0);
  CHECK_THAT(blocked.checkpoint_trouble, Catch::Contains("sqlite3 (pid "));

  ::pclose(shell);
  while (!writer->watch().checkpoint_trouble.empty()) append(*writer, {chat("1", "2", "x")});
  append(*writer, {chat("1", "2", "x")});
  CHECK(writer->watch().checkpoints_done == 1);
  CHECK(writer->watch().log_bytes < 1'000'000); // it began anew
}

TEST_CASE("a user with very many conversations is searched newest first, in slices",
          "[persistence][sqlite]") {
  sqlite_database database;
  auto store = opened(database.url);
  auto writer = store->make_writer();
  // Old ones with the word, then more conversations than the index is asked about without a look at the
  // newest.
  std::vector<std::int64_t> expected;
  std::vector<new_message> batch;
  for (int i = 0; i < 60; ++i)
    batch.push_back(chat("1", "p" + std::to_string(i), "needle " + std::to_string(i)));
  for (const auto& o : append(*writer, batch)) expected.insert(expected.begin(), o.id);
  for (int round = 0; round < 3; ++round) {
    batch.clear();
    for (int i = 0; i < 1'000; ++i)
      batch.push_back(chat("1", "q" + std::to_string(round * 1'000 + i), "hay"));
    append(*writer, batch);
  }
  auto reader = store->make_reader();
  const auto ids = [&](std::chrono::milliseconds within, std::size_t limit, const char* words, int& pages) {
    search_question question{
        .user = user("1"), .terms = search_terms(words), .limit = limit, .within = within};
    std::vector<std::int64_t> all;
    for (pages = 0;;) {
      const auto page = reader->search(question);
      if (!page) FAIL(page.error().detail);
      REQUIRE(++pages < 100);
      for (const auto& m : page->messages) all.push_back(m.id);
      if (page->walked_to)
        question.before_id = page->walked_to;
      else if (page->messages.size() == limit)
        question.before_id = all.back();
      else
        return all;
    }
  };
  int pages = 0;
  CHECK(ids(std::chrono::seconds(60), 500, "needle", pages) == expected); // by the index
  CHECK(pages == 1);
  CHECK(ids(std::chrono::milliseconds(-1), 500, "needle", pages) == expected); // by the walk
  CHECK(pages > 1);
  CHECK(ids(std::chrono::seconds(60), 500, "hay", pages).size() == 3'000);
  CHECK(ids(std::chrono::milliseconds(-1), 500, "hay", pages).size() == 3'000);
  CHECK(ids(std::chrono::seconds(60), 500, "hay needle", pages).empty());
}

namespace {

/// The most steps of bytecode that a statement about mentions has taken.
int steps_taken = 0;

int watch_statements(sqlite3* db, char**, const sqlite3_api_routines*) {
  const auto look = [](unsigned, void*, void* statement, void*) {
    auto* ended = static_cast<sqlite3_stmt*>(statement);
    if (std::string_view(sqlite3_sql(ended)).find("mention") != std::string_view::npos)
      steps_taken = std::max(steps_taken, sqlite3_stmt_status(ended, SQLITE_STMTSTATUS_VM_STEP, 0));
    return 0;
  };
  return sqlite3_trace_v2(db, SQLITE_TRACE_PROFILE, look, nullptr);
}

} // namespace

TEST_CASE("the first mention is found in its index, among as many as there are, by SQLite",
          "[persistence][sqlite]") {
  sqlite_database database;
  auto store = opened(database.url);
  REQUIRE(store->make_writer()->check().has_value());
  sqlite3* db = nullptr;
  REQUIRE(sqlite3_open(database.file.c_str(), &db) == SQLITE_OK);
  CHECK(sqlite3_exec(db,
                     "WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 20000)"
                     " INSERT INTO mention SELECT 1, 'u' || (i % 50), i, 's' FROM n",
                     nullptr, nullptr, nullptr) == SQLITE_OK);
  sqlite3_close(db);
  auto* const hook = reinterpret_cast<void (*)()>(watch_statements);
  sqlite3_auto_extension(hook);
  {
    auto reader = store->make_reader();
    const std::vector<unread_question> questions{{1, 150}, {2, 0}};
    CHECK(reader->first_mentions(user("u7"), questions).value() ==
          std::vector<std::optional<std::int64_t>>{157, std::nullopt});
  }
  sqlite3_cancel_auto_extension(hook);
  CHECK(steps_taken > 0);
  CHECK(steps_taken < 500);
}
