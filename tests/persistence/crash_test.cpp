/// Whatever SQLite's disk does: what is acknowledged is kept, once, and what is refused is never there.
/// Random, from a seed that a failure prints. HONGYAN_CRASHES=N: so many crashes instead of a hundred;
/// HONGYAN_TEST_SEED=N: from that seed, instead of always the same.
#include "persistence/changes.hpp"
#include "tests/persistence/crashing_disk.hpp"
#include "tests/persistence/store_fixtures.hpp"
#include "tests/support/memory_store.hpp"

#include <sqlite3.h>

#include <algorithm>
#include <cstdlib>
#include <functional>
#include <random>
#include <sstream>
#include <stdexcept>

using namespace hongyan;
using namespace hongyan::testing;
namespace fs = std::filesystem;

namespace {

using fault = crashing_disk::fault;

/// A promise is broken.
struct broken : std::runtime_error {
  using std::runtime_error::runtime_error;
};

const std::vector<user_id> users{user("a"), user("b"), user("c"), user("d")};
const std::vector<user_id> groups{user("g"), user("h")};
const std::vector<std::string> words{"goose", "wild", "letter"};

/// Nothing was answered.
struct refusal : broken {
  using broken::broken;
};

template <class T>
T must(result<T> answer) {
  if (!answer) throw refusal("refused on a sound disk: " + answer.error().detail);
  return *std::move(answer);
}

std::string told(const message& m) {
  std::ostringstream out;
  out << m.conversation_id << "/" << m.seq << " id " << m.id << " " << m.from.text() << ">" << m.to.id.text()
      << " " << name_of(m.kind) << " " << m.content.size() << ":" << m.content.substr(0, 40) << " hash "
      << std::hash<std::string>{}(m.content) << " " << m.client_msg_id.value_or("-") << " at "
      << to_ms(m.created_at) << (m.recalled ? " recalled" : "") << " edits " << m.edits;
  return out.str();
}

std::string told(const append_outcome& o) {
  std::ostringstream out;
  out << "status " << static_cast<int>(o.status);
  if (o.status == append_status::stored || o.status == append_status::duplicate)
    out << " " << o.conversation_id << "/" << o.seq << " id " << o.id << " at " << to_ms(o.created_at);
  return out.str();
}

/// Everything that these users can read, in words.
std::string told(message_reader& reader) {
  std::ostringstream out;
  for (const user_id& who : users) {
    auto list = must(reader.memberships(who));
    std::ranges::sort(list, {}, &membership::conversation_id);
    for (const membership& m : list) {
      const unread_question question{m.conversation_id, m.read_seq};
      const auto unread = must(reader.unread(who, std::span(&question, 1)));
      out << "\n"
          << who.text() << " in " << m.conversation_id << " " << m.with.id.text() << " role "
          << static_cast<int>(m.role) << " last " << m.last_seq << " at " << to_ms(m.last_at) << " first "
          << m.first_seq << " read " << m.read_seq << " unread " << unread.at(0);
      const log_range all{.conversation_id = m.conversation_id,
                          .after_seq = 0,
                          .before_seq = m.last_seq + 100,
                          .limit = 100'000};
      std::int64_t seq = 0;
      for (const message& entry : must(reader.log(std::span(&all, 1)))) {
        if (entry.seq != ++seq) throw broken("a gap in the log before " + told(entry));
        out << "\n  " << told(entry);
      }
      if (seq != m.last_seq) throw broken("the log ends before its last seq");
      for (const message_reactions& r : must(reader.reactions(who, std::span(&all, 1))))
        for (const reaction_tally& t : r.tallies)
          out << "\n  to " << r.seq << " " << t.emoji << t.count << (t.mine ? " mine" : "");
      for (const auto& member : must(reader.members(m.conversation_id, "", 100)))
        out << "\n  member " << member.user.text() << " " << static_cast<int>(member.role);
    }
    for (const std::string& word : words) {
      out << "\n" << who.text() << " finds " << word << ":";
      for (const message& m :
           must(reader.search({.user = who, .terms = search_terms(word), .limit = 10'000})).messages)
        out << " " << m.id;
    }
    for (const user_id& blocked : must(reader.blocks(who)))
      out << "\n" << who.text() << " blocks " << blocked.text();
  }
  for (const profile& p : must(reader.profiles(users)))
    out << "\n" << p.user.text() << " is " << p.name.value_or("-");
  return out.str();
}

/// The first line that is not the same.
std::string difference(const std::string& got, const std::string& expected) {
  std::istringstream left(got), right(expected);
  std::string a, b;
  while (a == b) {
    const bool more = static_cast<bool>(std::getline(left, a));
    if (!more) a = "(the end)";
    if (!std::getline(right, b)) return "got " + a + ", expected (the end)";
    if (!more) break;
  }
  return "got " + a + ", expected " + b;
}

std::string told(const memory_store& store) {
  memory_store copy = store;
  return told(*copy.make_reader());
}

/// What a user does, on either store; the answer in words.
using act = std::function<result<std::string>(message_writer&)>;

/// What became of an act.
enum class outcome : std::uint8_t { done, refused, unknown };

/// One store on one file, the model of what it must hold, and somebody who uses it.
class trial {
public:
  /// `model`: what the file holds.
  trial(crashing_disk& disk, std::string file, unsigned seed, const memory_store& model = {})
      : disk_(disk)
      , file_(std::move(file))
      , random_(seed)
      , model_(model) {}

  /// Until so many crashes are over.
  void crash(int times) {
    for (; times > 0; --times) {
      disk_.die_at(1 + below(below(2) == 0 ? 30 : 300));
      for (int step = 0; !disk_.is_dead() && step < 10'000; ++step) {
        if (below(40) == 0) {
          close();
          open();
        } else {
          one_act();
        }
      }
      if (!disk_.is_dead()) throw broken("nothing was written any more");
      restart();
      // Once more, while it recovers.
      if (below(3) == 0) {
        disk_.die_at(1 + below(12));
        if (open()) look();
        restart();
      }
      disk_.die_at(0);
      if (!open()) throw broken("cannot be opened again: " + why_);
      settle();
    }
    inspect();
  }

  /// A little of everything, while a call fails.
  void endure(const std::vector<act>& acts) {
    for (const act& what : acts) {
      if (!store_ && !open()) {
        close();
        disk_.mend();
        if (!open()) throw broken("cannot be opened although the fault is over: " + why_);
      }
      if (what) {
        insist(what);
      } else { // a restart
        compare();
        close();
      }
    }
    disk_.mend();
    if (!store_) open();
    inspect();
  }

  bool open() {
    auto made = open_store("sqlite:" + file_);
    if (made) {
      store_ = *std::move(made);
      writer_ = store_->make_writer();
      reader_ = store_->make_reader();
      if (const auto answer = writer_->check(); !answer)
        why_ = answer.error().detail;
      else
        return true;
    } else {
      why_ = made.error().detail;
    }
    if (disk_.has_failed() || disk_.is_dead()) return false;
    throw broken("cannot be opened on a sound disk: " + why_);
  }

  void close() {
    reader_.reset();
    writer_.reset();
    store_.reset();
  }

  void restart() {
    close();
    disk_.restart(below(4) != 0);
  }

  /// A store that has been opened, without a fault: it holds what it must, and works.
  void settle() {
    const std::string got = told(*reader_);
    if (const std::string expected = told(model_); got != expected) {
      if (!perhaps_) throw broken(difference(got, expected));
      if (got != told(*perhaps_))
        throw broken(difference(got, expected) + "; or " + difference(got, told(*perhaps_)));
      model_ = *perhaps_;
    }
    perhaps_.reset();
    for (const char* sql :
         {"PRAGMA integrity_check", "INSERT INTO message_search (message_search) VALUES ('integrity-check')"})
      ask(sql);
  }

  /// The same after a last loss of power.
  void inspect() {
    settle();
    if (tell(append_of({chat("a", "b", "the last")})) != outcome::done) throw broken("the next append fails");
    close();
    disk_.restart(true);
    open();
    settle();
  }

  /// The file as it is, by a connection of its own.
  void ask(const char* sql) {
    sqlite3* db = nullptr;
    std::string answer;
    int code = sqlite3_open_v2(file_.c_str(), &db, SQLITE_OPEN_READWRITE, nullptr);
    const auto take = [](void* into, int, char** values, char**) {
      *static_cast<std::string*>(into) += values[0];
      return 0;
    };
    if (code == SQLITE_OK) code = sqlite3_exec(db, sql, take, &answer, nullptr);
    const std::string words_of_it = sqlite3_errmsg(db);
    sqlite3_close(db);
    if (code != SQLITE_OK) throw broken(std::string(sql) + ": " + words_of_it);
    if (!answer.empty() && answer != "ok") throw broken(std::string(sql) + ": " + answer);
  }

  /// Does it on the store and on the model. After a crash in it nobody knows whether it was done.
  outcome tell(const act& what) {
    now_ += std::chrono::milliseconds(1 + below(50));
    const auto got = what(*writer_);
    memory_store after = model_;
    const auto expected = what(*after.make_writer());
    if (got) {
      if (*got != must(expected)) throw broken("answered " + *got + ", expected " + *expected);
      model_ = std::move(after);
      return outcome::done;
    }
    why_ = got.error().detail;
    if (disk_.is_dead()) {
      perhaps_ = std::move(after);
    } else if (!disk_.has_failed()) {
      throw broken("refused on a sound disk: " + why_);
    } else if (got.error().code == errc::outcome_unknown) {
      perhaps_ = std::move(after);
      return outcome::unknown;
    } else if (got.error().code != errc::unavailable) {
      throw broken("refused with another error: " + why_);
    }
    return outcome::refused;
  }

  void one_act() {
    switch (below(20)) {
    case 0:
    case 1: return void(tell(mark_of(some_marks())));
    case 2: return change_it(recall_message{.in = anywhere(), .seq = some_seq()});
    case 3: return change_it(create_group{.id = a_group(), .name = "n", .members = {anyone(), anyone()}});
    case 4: return change_it(add_members{.group = a_group(), .users = {anyone()}});
    case 5: return change_it(remove_members{.group = a_group(), .users = {anyone()}});
    case 6: return change_it(block_users{.users = {anyone()}, .blocked = below(4) == 0});
    case 7: return change_it(update_profile{.name = std::to_string(below(100))});
    case 8: return look();
    case 9:
      return change_it(edit_message{
          .in = anywhere(), .seq = some_seq(), .content = words[below(words.size())] + " edited"});
    case 10:
    case 11:
      return change_it(react_to_message{anywhere(), some_seq(), below(2) == 0 ? "👍" : "🪿", below(3) != 0});
    default: return void(tell(append_of(some_messages())));
    }
  }

  act append_of(std::vector<new_message> batch) {
    return [this, batch = std::move(batch)](message_writer& writer) -> result<std::string> {
      last_batch_ = batch;
      const auto answer = writer.append(batch, now_);
      if (!answer) return answer.error();
      std::string text;
      for (const append_outcome& o : *answer) text += told(o) + "\n";
      return text;
    };
  }

  act mark_of(std::vector<read_mark> marks) {
    return [marks = std::move(marks)](message_writer& writer) -> result<std::string> {
      const auto answer = writer.mark_read(marks);
      if (!answer) return answer.error();
      std::string text;
      for (const read_outcome& o : *answer) text += std::to_string(o.found) + std::to_string(o.seq) + "\n";
      return text;
    };
  }

  act change_of(change what) {
    return [this, what = std::move(what)](message_writer& writer) -> result<std::string> {
      const auto answer = apply(writer, what, now_);
      if (!answer) {
        const bool is_the_disk =
            answer.error().code == errc::unavailable || answer.error().code == errc::outcome_unknown;
        if (is_the_disk) return answer.error();
        return std::string(row_of(answer.error().code).name);
      }
      std::string text;
      for (const logged_entry& e : answer->entries) text += told(e.entry) + "\n";
      return text;
    };
  }

  const memory_store& model() const { return model_; }

private:
  /// Until it is done. Refused, it must not have been done, and must be done once the fault is over.
  void insist(const act& what) {
    for (int tries = 0; tries < 3; ++tries) {
      last_batch_.clear();
      const outcome became = tell(what);
      if (became == outcome::done) return;
      if (became == outcome::refused) compare();
      disk_.mend();
      if (became == outcome::unknown && !last_batch_.empty()) {
        if (must(writer_->settle(last_batch_))) model_ = *perhaps_;
        perhaps_.reset();
      }
      if (const auto answer = writer_->check(); !answer)
        throw broken("not well although the fault is over: " + answer.error().detail);
      settle();
    }
    throw broken("refused although the fault is over: " + why_);
  }

  /// Readers see what was acknowledged, or nothing.
  void compare() {
    std::string got;
    try {
      got = told(*reader_);
    } catch (const refusal&) {
      disk_.mend();
      got = told(*reader_);
    }
    if (const std::string expected = told(model_); got != expected) throw broken(difference(got, expected));
  }

  std::size_t below(std::size_t n) { return random_() % n; }
  user_id anyone() { return users[below(users.size())]; }
  user_id a_group() { return groups[below(groups.size())]; }
  peer_or_group anywhere() {
    return below(3) == 0 ? peer_or_group::group(a_group()) : peer_or_group(anyone());
  }

  std::int64_t some_seq() { return 1 + static_cast<std::int64_t>(below(20)); }

  void change_it(change_action action) {
    tell(change_of({below(3) == 0 ? std::nullopt : std::optional(anyone()), std::move(action)}));
  }

  /// The readers' view is the last acknowledged state.
  void look() {
    const user_id who = anyone();
    const auto got = reader_->latest({.user = who, .limit = 10});
    if (!got) {
      if (disk_.is_dead()) return;
      throw broken("cannot read on a sound disk: " + got.error().detail);
    }
    if (perhaps_) return;
    memory_store copy = model_;
    std::string a, b;
    for (const message& m : *got) a += told(m) + "\n";
    for (const message& m : must(copy.make_reader()->latest({.user = who, .limit = 10}))) b += told(m) + "\n";
    if (a != b) throw broken("a reader sees otherwise: " + difference(a, b));
  }

  std::vector<new_message> some_messages() {
    std::vector<new_message> batch;
    for (auto n = 1 + below(4); n > 0; --n) {
      if (!sent_.empty() && below(8) == 0) {
        batch.push_back(sent_[below(sent_.size())]);
        continue;
      }
      new_message m{.from = anyone(), .to = anywhere(), .content = {}};
      m.content = words[below(words.size())] + " " + std::to_string(random_());
      if (below(8) == 0) m.content += std::string(below(12'000), 'x');
      if (below(4) != 0) m.client_msg_id = std::to_string(random_());
      if (m.client_msg_id) sent_.push_back(m);
      batch.push_back(std::move(m));
    }
    return batch;
  }

  std::vector<read_mark> some_marks() {
    std::vector<read_mark> marks;
    for (auto n = 1 + below(3); n > 0; --n)
      marks.push_back({anyone(), anywhere(), static_cast<std::int64_t>(below(40))});
    return marks;
  }

  crashing_disk& disk_;
  std::string file_;
  std::mt19937 random_;
  memory_store model_;
  std::optional<memory_store> perhaps_; ///< after an act of which nobody knows whether it was done
  std::unique_ptr<store> store_;
  std::unique_ptr<message_writer> writer_;
  std::unique_ptr<message_reader> reader_;
  wall_time now_ = at(1'764'000'000'000);
  std::vector<new_message> sent_;
  std::vector<new_message> last_batch_;
  std::string why_;
};

unsigned number_of(const char* variable, unsigned otherwise) {
  const char* given = std::getenv(variable);
  return given == nullptr ? otherwise : static_cast<unsigned>(std::stoul(given));
}

constexpr unsigned crashes_of_a_file = 10;

/// One file through ten crashes; what is broken.
std::optional<std::string> crash(unsigned seed, const std::function<void(crashing_disk&)>& prepare = {}) {
  sqlite_database database;
  crashing_disk disk(seed);
  disk.settings["wal_autocheckpoint"] = std::to_string(10 + seed % 4 * 30); // often, not after 16 MB
  if (prepare) prepare(disk);
  trial of(disk, database.file, seed);
  try {
    // The first time it may crash while it is made, before anything was acknowledged.
    disk.die_at(1 + seed % 97);
    if (!of.open() || disk.is_dead()) {
      of.restart();
      of.open();
    }
    of.crash(crashes_of_a_file);
  } catch (const broken& e) {
    return e.what();
  }
  return {};
}

/// How many of so many files are broken.
int broken_of(unsigned files, const std::function<void(crashing_disk&)>& prepare) {
  int count = 0;
  for (unsigned seed = 1; seed <= files; ++seed) count += crash(seed, prepare) ? 1 : 0;
  return count;
}

} // namespace

TEST_CASE("through losses of power and deaths of the process, what is acknowledged is there, once",
          "[persistence][sqlite][crash]") {
  const unsigned first = number_of("HONGYAN_TEST_SEED", 1);
  const unsigned files = (number_of("HONGYAN_CRASHES", 100) + crashes_of_a_file - 1) / crashes_of_a_file;
  for (unsigned seed = first; seed < first + files; ++seed) {
    INFO("to repeat it: HONGYAN_TEST_SEED=" << seed << " HONGYAN_CRASHES=" << crashes_of_a_file);
    REQUIRE(crash(seed).value_or("") == "");
  }
}

// That the test above can fail.

TEST_CASE("a disk whose syncs do nothing is found to lose what was acknowledged",
          "[persistence][sqlite][crash]") {
  CHECK(broken_of(5, [](crashing_disk& disk) { disk.syncs_lie = true; }) == 5);
}

TEST_CASE("a writer that does not sync each commit is found to lose what was acknowledged",
          "[persistence][sqlite][crash]") {
  CHECK(broken_of(5, [](crashing_disk& disk) { disk.settings["synchronous"] = "NORM"; }) >= 4);
}

namespace {

/// A little of everything, with a restart in the middle.
std::vector<act> session_of(trial& of) {
  const new_message first = chat("a", "b", "wild goose", "x");
  return {of.append_of({first, chat("b", "a", "letter " + std::string(9'000, 'x'), "y")}),
          of.change_of({user("a"), recall_message{.in = user("b"), .seq = 2}}),
          of.append_of({chat("c", "c", "a note"), first}),
          of.mark_of({{user("b"), user("a"), 3}, {user("a"), user("b"), 1}}),
          nullptr,
          of.change_of({user("a"), add_members{.group = user("g"), .users = {user("d")}}}),
          of.append_of({{.from = user("d"), .to = peer_or_group::group(user("g")), .content = "goose"}})};
}

/// A file with something in it, and what that is.
struct used_file {
  sqlite_database database;
  memory_store model;

  used_file() {
    crashing_disk disk(1);
    trial of(disk, database.file, 1);
    of.endure({of.change_of({user("a"), create_group{.id = user("g"), .name = "n", .members = {user("c")}}}),
               of.append_of({chat("a", "b", "letter", "z")})});
    of.close();
    model = of.model();
  }
};

/// Through such a session with the n-th call failing. What is broken; nothing: it went well. `reached`: there
/// was such a call.
std::optional<std::string> fail(std::uint64_t number, fault how, const used_file* on, bool& reached) {
  sqlite_database database;
  if (on != nullptr) fs::copy_file(on->database.file, database.file);
  crashing_disk disk(static_cast<unsigned>(number));
  disk.settings["wal_autocheckpoint"] = "20";
  trial of(disk, database.file, 1, on != nullptr ? on->model : memory_store{});
  std::optional<std::string> wrong;
  disk.fail_at(number, how);
  try {
    if (on != nullptr)
      of.endure(session_of(of));
    else
      of.endure({of.append_of({chat("a", "b", "goose")})});
  } catch (const broken& e) {
    wrong = e.what();
  }
  reached = disk.has_failed();
  return wrong;
}

/// Each call, where crashes are asked for by number; else every fifth, in each way others.
void fail_each(const used_file* on) {
  const unsigned step = std::getenv("HONGYAN_CRASHES") != nullptr ? 1 : 5;
  for (const fault how : {fault::once, fault::for_ever, fault::full}) {
    bool reached = true;
    std::uint64_t number = 1 + static_cast<std::uint64_t>(how);
    for (; reached; number += step) {
      INFO("call " << number << " fails, in way " << static_cast<int>(how));
      REQUIRE(fail(number, how, on, reached).value_or("") == "");
    }
    CHECK(number > 50); // there was something to fail
  }
}

} // namespace

TEST_CASE(
    "whichever call to the disk fails, nothing refused is stored, nothing acknowledged is lost, and the "
    "store goes on",
    "[persistence][sqlite][crash]") {
  const used_file on;
  fail_each(&on);
}

TEST_CASE("whichever call fails while a file is made, it can be made once the fault is over",
          "[persistence][sqlite][crash]") {
  fail_each(nullptr);
}
