#include "persistence/postgres/writer_session.hpp"

#include "core/tools/random.hpp"
#include "persistence/postgres/writer_sql.hpp"

#include <utility>

namespace hongyan::postgres {

namespace {

using std::chrono::steady_clock;

/// A primary that has answered so lately may be taking writes still: the writer looks after it twice a
/// second.
constexpr std::chrono::seconds still_alive{3};
/// How long a store that was set back under a live session may go unnoticed.
constexpr std::chrono::seconds look_interval{1};

} // namespace

writer_session::writer_session(std::shared_ptr<hosts> database, std::vector<named_statement> statements,
                               std::function<void()> forget)
    : hosts_(std::move(database))
    , statements_(std::move(statements))
    , forget_(std::move(forget)) {
  hosts_->expect_proofs();
}

result<void> writer_session::open() {
  // Nothing has been sent: a session that ended while it was idle is simply made again.
  if (connection_.is_alive()) return {};
  leaves_live_primary_ |=
      connection_.ended_in_vain() && steady_clock::now() - connection_.answered_at() < still_alive;
  connection_.close();
  forget_(); // the next server may be another one
  auto made = open_session(*hosts_, statements_);
  if (!made) return unavailable(made.error());
  connection_ = std::move(made->connection);
  if (auto own = look_for_pooler(made->with); !own) return own.error();
  if (auto found = find_epoch(connection_, epoch_); !found) return give_up(found.error());
  parameters_.clear();
  if (auto swept = connection_.query(sweep_marks_sql, parameters_, check_limit); !swept)
    return give_up(swept.error());
  if (auto same = look_after({}); !same) return same;
  if (auto proven = prove(made->with.what); !proven) return proven;
  watch_.host = connection_.where();
  watch_.timeline = made->with.what.at.number;
  return {};
}

result<void> writer_session::ready() {
  if (auto opened = open(); !opened) return opened;
  return look_after(look_interval);
}

result<void> writer_session::check() {
  // Opening looks as well; and readers that waited for it go on now, so the epoch is to be told soon.
  if (!connection_.is_alive()) return open();
  return look_after({});
}

/// A pooler that gives each transaction another session would take our prepared statements and settings
/// away, one day. It is seen by a second session's being the same one, or by ours' being another at the
/// next statement; where the server itself answers us nothing is asked.
result<void> writer_session::look_for_pooler(const server_identity& with) {
  if (connection_.backend_pid() == with.backend_pid) return {};
  auto other = hosts_->connect_beside(connection_);
  if (!other || !other->script("BEGIN", check_limit)) return {}; // it is full: then nothing is known
  const auto theirs = identify(*other, check_limit);
  const auto ours = identify(connection_, check_limit);
  if (!ours) return give_up(ours.error());
  if (!theirs || (theirs->backend_pid != ours->backend_pid && ours->backend_pid == with.backend_pid))
    return {};
  const auto where = connection_.where();
  return give_up({"PostgreSQL at " + where +
                  " cannot be used: a pooler in transaction mode is in between; use pool_mode=session"});
}

/// Commits on a primary that was not met before: then it can store, what it shows is where it must be, and
/// its timeline is known to whoever comes after us. Where the one before was still alive, somebody may have
/// been acknowledged there what is not here: nothing is stored here under the same epoch.
result<void> writer_session::prove(const primary& of) {
  if (hosts_->is_proven(of)) return {};
  parameters_.clear();
  parameters_.add(of.at.system);
  parameters_.add(static_cast<std::int64_t>(of.at.number));
  const std::string next = random_name(16);
  if (leaves_live_primary_)
    parameters_.add(std::string_view(next));
  else
    parameters_.add_null();
  auto noted = connection_.query(note_timeline_sql, parameters_, write_limit);
  if (!noted) return give_up(noted.error());
  if (noted->size() == 0) { // it is another server's word that is newer
    parameters_.clear();
    auto newer = connection_.query(timeline_sql, parameters_, check_limit);
    if (!newer) return give_up(newer.error());
    if (newer->size() == 1)
      hosts_->timeline().meet({of.at.system, static_cast<std::uint32_t>(newer->bigint(0, 0))});
    return give_up({"PostgreSQL at " + connection_.where() +
                    " cannot be used: the store itself knows of a newer timeline than its own"});
  }
  epoch_ = noted->text(0, 0);
  leaves_live_primary_ = false;
  hosts_->prove(of);
  return {};
}

/// Sees that the store is the one that it was: not read-only, with the epoch that we know, and with the
/// newest that we have committed. Where that is gone the store was set back (a promoted standby that had
/// not got it, a dump read back in), and gets a new epoch, from whichever node sees it first. Not again
/// within `interval`.
result<void> writer_session::look_after(steady_clock::duration interval) {
  const bool is_asked = hosts_->proof_is_wanted();
  if (!is_asked && steady_clock::now() - looked_at_ < interval) return {};
  const auto& had = committed_.all();
  parameters_.clear();
  add_numbers(parameters_, had, [](const held_message& h) { return h.conversation_id; });
  add_numbers(parameters_, had, [](const held_message& h) { return h.seq; });
  add_numbers(parameters_, had, [](const held_message& h) { return h.id; });
  add_numbers(parameters_, had, [](const held_message& h) { return to_ms(h.created_at); });
  auto state = connection_.query(store_state_sql, parameters_, check_limit);
  if (!state) return give_up(state.error());
  if (state->boolean(0, 0)) return give_up({"PostgreSQL at " + connection_.where() + " is read-only"});
  const bool is_set_back = state->bigint(0, 2) < std::ssize(had);
  if (is_set_back || state->text(0, 1) != epoch_) {
    forget_(); // ids may be other conversations' now
    const auto renewed = is_set_back ? renew_epoch(connection_, epoch_) : find_epoch(connection_, epoch_);
    if (!renewed) return give_up(renewed.error());
  }
  if (is_set_back) {
    ++watch_.set_backs;
    committed_.clear();
  }
  looked_at_ = steady_clock::now();
  if (!is_asked) return {};
  const auto now_is = identify(connection_, check_limit);
  if (!now_is) return give_up(now_is.error());
  return prove(now_is->what);
}

/// Nothing was stored. The session goes too, in case the server is the trouble.
error writer_session::give_up(const pg_error& why) {
  auto text = explained(why);
  connection_.close();
  return {errc::unavailable, std::move(text)};
}

/// Why a write failed. One that was too slow may wait for a standby, of which the server says nothing to
/// who waits; perhaps another host can store, and is asked first from now on.
std::string writer_session::explained(const pg_error& why) {
  if (!why.silent && why.state != cancelled_state) return why.text;
  hosts_->put_last(connection_.where());
  auto beside = hosts_->connect_beside(connection_);
  if (!beside) return why.text;
  const pg_parameters none;
  const auto waits = beside->query(waits_for_standby_sql, none, check_limit);
  if (!waits || !waits->boolean(0, 0)) return why.text;
  return why.text + ": commits wait for a synchronous standby";
}

} // namespace hongyan::postgres
