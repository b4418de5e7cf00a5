#include "actors/persistence.hpp"

#include "core/tools/wall_time.hpp"
#include "core/wire/file_json.hpp"
#include "core/wire/v1/commands.hpp"
#include "persistence/changes.hpp"

#include <algorithm>
#include <spdlog/spdlog.h>
#include <thread>
#include <utility>

namespace hongyan {

namespace {

/// Messages a transaction at most. PostgreSQL's cost a message is flat from about a hundred on, and a batch
/// is answered as a whole, so a larger one would only add latency.
constexpr std::size_t batch_max = 500;
/// Changes that share a transaction at most: each is some statements, and whoever sends waits for them.
constexpr std::size_t shared_max = 32;
/// And of what they say, when that is more than one: to index a text of 4,096 characters takes a database ten
/// milliseconds, and whoever sends a word waits for all of the batch.
constexpr std::size_t batch_bytes_max = 64 * 1024;
/// A send of so many bytes more costs one more.
constexpr std::size_t bytes_a_unit = 1024;
/// A commit that took long says that the disk stalled, not that the next batch should wait.
constexpr std::chrono::milliseconds linger_max{5};
/// A checkpoint that goes on failing is told this often, besides at its beginning and end.
constexpr std::chrono::seconds checkpoint_log_interval{60};
/// A connection that has just committed needs no looking after.
constexpr std::chrono::seconds check_interval{1};

std::size_t bytes_of(const new_message& m) { return m.content.size() + (m.ext ? m.ext->size() : 0); }

/// What a banned user may still do; and what becomes of a stream that they can write no more.
bool may_when_banned(const change_action& what) {
  return std::holds_alternative<leave_group>(what) || std::holds_alternative<block_users>(what) ||
         std::holds_alternative<hold_stream>(what) || std::holds_alternative<store_stream>(what) ||
         std::holds_alternative<end_stream>(what);
}

error too_much_of_one() { return {errc::rate_limited, "too many writes of one user wait; wait a moment"}; }

/// The content of a message that has a file, from the file's row; or why it may not have it.
void fill_content(new_message& m, const std::optional<stored_file>& file) {
  auto& attached = *m.attached;
  if (!file)
    attached.refused = error{errc::not_found, "there is no such file that you may see", "content.fileId"};
  else if (!suits(m.kind, *file))
    attached.refused = error{errc::malformed,
                             "the file is of the kind " + std::string(name_of(file->kind)) +
                                 ", and can be sent as that, or as file",
                             "content.fileId"};
  else
    m.content = file_content(*file, attached.length);
}

void check_preview(attachment& attached, const std::optional<stored_file>& file) {
  if (attached.refused) return;
  if (!file)
    attached.refused = error{errc::not_found, "there is no such file that you may see", "ext.preview.fileId"};
  else if (file->kind != media::file_kind::image || file->size > preview_bytes_max)
    attached.refused = error{
        errc::malformed, "a preview is a picture of at most " + std::to_string(preview_bytes_max) + " bytes",
        "ext.preview.fileId"};
}

/// The message as it is in the log; of a repeated one, as it is now.
message_ptr as_stored(new_message&& m, const append_outcome& o) {
  const bool again = o.status == append_status::duplicate;
  message stored{.id = o.id,
                 .conversation_id = o.conversation_id,
                 .seq = o.seq,
                 .from = std::move(m.from),
                 .to = std::move(m.to),
                 .from_name = std::move(m.from_name),
                 .to_name = std::move(m.to_name),
                 .kind = again ? o.kind : m.kind,
                 .content = again && o.content ? *o.content : std::move(m.content),
                 .ext = again ? o.ext : std::move(m.ext),
                 .client_msg_id = std::move(m.client_msg_id),
                 .created_at = o.created_at,
                 .recalled = o.recalled,
                 .edits = o.edits,
                 .reactions = o.reactions,
                 .previous_at = o.previous_at};
  if (stored.recalled) stored.content.clear();
  return std::make_shared<const message>(std::move(stored));
}

} // namespace

template <class T, class Work>
result<T> persistence_state::write(Work what) {
  admitted->set_writing(steady_now());
  auto done = [&]() -> result<T> {
    try {
      return what();
    } catch (const std::exception& e) {
      spdlog::critical("event=uncaught_exception where=persistence what=\"{}\"", e.what());
      return error{errc::internal, "a fault of the server; its log says more"};
    }
  }();
  admitted->set_writing({});
  return done;
}

void persistence_state::arm() {
  if (std::exchange(armed, true)) return;
  self->send(self, flush_atom::value);
}

void persistence_state::refuse(work& what, const error& why) {
  std::visit(
      [&](auto& w) {
        using T = std::decay_t<decltype(w)>;
        if constexpr (std::is_same_v<T, waiting_send>) w.answer_to.deliver(append_answer{why, {}});
        if constexpr (std::is_same_v<T, reader_mark>) w.answer_to.deliver(read_answer{why});
        if constexpr (std::is_same_v<T, waiting_change>) w.answer_to.deliver(change_answer{why, {}});
      },
      what);
  admitted->appends.give(1);
}

void persistence_state::refuse_all(const error& why) {
  while (auto next = waiting.pop()) refuse(*next, why);
}

void persistence_state::enqueue(const std::string& user, std::size_t cost, work&& what) {
  if (in_doubt) return refuse(what, {errc::unavailable, admitted->database_fault()});
  // The line without a user is the back end's.
  if (!user.empty() &&
      waiting.waiting(user) >= std::max(admitted->appends.limit() / backlog_shares, batch_max)) {
    figures->refused.Add({{"reason", "user_writes"}}).Increment();
    return refuse(what, too_much_of_one());
  }
  waiting.push(user, cost, std::move(what));
  arm();
}

persistence_state::promise persistence_state::append(new_message&& m) {
  auto answer_to = self->make_response_promise<append_answer>();
  if (auto banned = m.by_back_end ? std::nullopt : admitted->bans.refusal(m.from, wall_now())) {
    work refused_one = waiting_send{std::move(m), answer_to};
    refuse(refused_one, *banned);
    return answer_to;
  }
  const bool is_for_some = m.to.is_group() ? m.called != nullptr : m.to.id != m.from;
  if (is_for_some && !m.stream) m.notice_after = admitted->notice_after; // a stream's, when it is whole
  const auto user = m.from.text();
  const auto cost = 1 + bytes_of(m) / bytes_a_unit;
  enqueue(user, cost, waiting_send{std::move(m), answer_to});
  return answer_to;
}

caf::typed_response_promise<read_answer> persistence_state::mark(read_mark&& m) {
  auto origin = caf::actor_cast<caf::actor_addr>(self->current_sender()); // the promise takes the sender away
  auto answer_to = self->make_response_promise<read_answer>();
  const auto user = m.user.text();
  enqueue(user, 1, reader_mark{std::move(m), std::move(origin), answer_to});
  return answer_to;
}

caf::typed_response_promise<change_answer> persistence_state::change_later(change&& what) {
  auto origin = caf::actor_cast<caf::actor_addr>(self->current_sender()); // the promise takes the sender away
  auto answer_to = self->make_response_promise<change_answer>();
  const auto* speaker = may_when_banned(what.action) ? nullptr : what.user();
  if (auto banned = speaker == nullptr ? std::nullopt : admitted->bans.refusal(*speaker, wall_now())) {
    work refused_one = waiting_change{std::move(what), std::move(origin), answer_to};
    refuse(refused_one, *banned);
    return answer_to;
  }
  const auto user = what.by ? what.by->text() : std::string();
  const auto cost = transaction_cost + v1::cost_of(what);
  enqueue(user, cost, waiting_change{std::move(what), std::move(origin), answer_to});
  return answer_to;
}

void persistence_state::flush() {
  armed = false;
  if (in_doubt || waiting.empty()) return;
  // Closed-loop senders would fall into two halves that wait for each other, each batch half of what the disk
  // could take. So a batch smaller than the last one waits a little for the rest: at most a quarter of a
  // commit, and never for long.
  const auto linger = std::min<steady_time::duration>(last_took / 4, linger_max);
  if (waiting.size() < last_size && steady_now() - last_end < linger) {
    std::this_thread::sleep_for(std::chrono::microseconds(20));
    arm();
    return;
  }
  take_turn();
  if (in_doubt) {
    refuse_all({errc::unavailable, admitted->database_fault()});
  } else if (!waiting.empty()) {
    arm(); // behind what has come meanwhile, which gets in line first
  }
}

/// A batch of what is next, after it changes that may share a transaction, and at most one that may not. What
/// one user sent is in that user's order: a change comes after all that they sent before it, and before all
/// after.
void persistence_state::take_turn() {
  std::optional<waiting_change> last;
  std::size_t bytes = 0;
  while (!last && batch.size() + reads.size() < batch_max && bytes < batch_bytes_max) {
    auto next = waiting.pop();
    if (!next) break;
    if (auto* send = std::get_if<waiting_send>(&*next)) {
      bytes += bytes_of(send->message);
      batch.push_back(std::move(send->message));
      promises.push_back(std::move(send->answer_to));
    } else if (auto* mark = std::get_if<reader_mark>(&*next)) {
      reads.push_back(std::move(*mark));
    } else {
      auto& asked = std::get<waiting_change>(*next);
      if (changes.size() < shared_max &&
          may_share(changes.empty() ? asked.what : changes.front().what, asked.what))
        changes.push_back(std::move(asked));
      else
        last = std::move(asked);
    }
  }
  if (!batch.empty() && find_files()) commit();
  if (!reads.empty()) commit_reads();
  if (!changes.empty()) commit_changes();
  if (last) commit_change(*last);
}

/// Makes of what messages say of files what is stored: the files' own rows know. False: the rows could not be
/// read, and the batch was refused.
bool persistence_state::find_files() {
  std::vector<file_question> questions;
  bool any = false;
  for (auto& m : batch) {
    if (!m.attached) continue;
    if (!has_files) {
      m.attached.reset(); // contents are as clients send them
      continue;
    }
    any = true;
    // A client's text is none of the database's business unless it may be an id.
    for (const auto* id : {&m.attached->file_id, &m.attached->preview_id})
      if (is_file_id(*id)) questions.push_back({m.from, *id});
  }
  if (!any) return true;
  std::vector<std::optional<stored_file>> found;
  if (!questions.empty()) {
    auto rows = write<std::vector<std::optional<stored_file>>>(
        [&] { return writer->find_files(questions, wall_now()); });
    if (!rows) {
      set_state(false, rows.error().detail);
      fail({errc::unavailable, rows.error().detail});
      return false;
    }
    found = *std::move(rows);
  }
  auto next = found.begin();
  const auto take = [&](const std::string& id) {
    return is_file_id(id) ? std::move(*next++) : std::optional<stored_file>();
  };
  for (auto& m : batch) {
    if (!m.attached) continue;
    if (!m.attached->file_id.empty()) fill_content(m, take(m.attached->file_id));
    if (!m.attached->preview_id.empty()) check_preview(*m.attached, take(m.attached->preview_id));
  }
  return true;
}

void persistence_state::commit() {
  const auto begin = steady_now();
  auto outcomes = write<std::vector<append_outcome>>([&] { return writer->append(batch, wall_now()); });
  last_end = steady_now();
  last_took = last_end - begin;
  last_size = batch.size();
  if (outcomes) {
    figures->commit_seconds.Observe(seconds_of(last_took));
    figures->batch_messages.Observe(static_cast<double>(batch.size()));
    set_state(true, "");
    find_reactions(*outcomes);
    answer(*outcomes);
    return;
  }
  set_state(false, outcomes.error().detail);
  if (outcomes.error().code == errc::outcome_unknown) {
    spdlog::warn("event=commit_in_doubt messages={}", batch.size());
    in_doubt = true;
  } else if (outcomes.error().code == errc::internal) {
    fail({errc::outcome_unknown, outcomes.error().detail});
    self->send(registry, resync_atom::value); // perhaps it was stored: then nobody was told
  } else {
    fail(outcomes.error());
  }
}

/// To what is sent again: the message is answered as it is now. Where they cannot be read it is answered all
/// the same; who is told nothing sends again.
void persistence_state::find_reactions(std::vector<append_outcome>& outcomes) {
  const auto is_repeat = [](const append_outcome& o) {
    return o.status == append_status::duplicate && !o.recalled;
  };
  if (std::ranges::none_of(outcomes, is_repeat)) return;
  const auto found = write<void>([&] {
    return writer->transact([&](change_transaction& tx) -> result<void> {
      for (std::size_t i = 0; i < outcomes.size(); ++i) {
        auto& o = outcomes[i];
        if (!is_repeat(o)) continue;
        message repeated;
        repeated.conversation_id = o.conversation_id;
        repeated.seq = o.seq;
        auto tallies = tx.reactions(repeated, batch[i].from);
        if (!tallies) return tallies.error();
        o.reactions = *std::move(tallies);
      }
      return {};
    });
  });
  if (!found) spdlog::warn("event=reactions_not_read reason=\"{}\"", found.error().detail);
}

void persistence_state::deliver(std::shared_ptr<committed_batch> committed) {
  if (committed->messages.empty()) return;
  committed->at = steady_now();
  admitted->deliveries.take(committed->messages.size());
  committed->counted = lease(admitted->deliveries, committed->messages.size());
  self->send(registry, deliver_atom::value, committed_ptr(std::move(committed)));
}

void persistence_state::answer(const std::vector<append_outcome>& outcomes) {
  auto committed = std::make_shared<committed_batch>();
  for (std::size_t i = 0; i < outcomes.size(); ++i) {
    const auto& o = outcomes[i];
    append_answer told{{}, o, {}};
    const auto traced = std::move(batch[i].traced);
    if (o.status == append_status::no_file) told.failure = batch[i].attached->refused;
    if (o.status == append_status::stored || o.status == append_status::duplicate)
      told.stored = as_stored(std::move(batch[i]), o);
    if (o.status == append_status::stored) {
      if (traced) figures->spans.follow(o.conversation_id, o.seq, o.id, *traced);
      figures->trace.note(trace_event::what::committed, o.conversation_id, o.seq, o.seq);
      committed->messages.push_back({told.stored, o.audience});
    }
    promises[i].deliver(std::move(told));
  }
  clear_batch();
  deliver(std::move(committed));
}

void persistence_state::clear_batch() {
  admitted->appends.give(batch.size());
  batch.clear();
  promises.clear();
}

/// Read positions: all that came since the last time, in one transaction. One that is lost is not settled, as
/// a batch of messages is: it is marked again by its client, and a position only goes forward.
void persistence_state::commit_reads() {
  const auto marked = std::exchange(reads, {});
  const lease taken(admitted->appends, marked.size());
  std::vector<read_mark> marks;
  for (const auto& r : marked) marks.push_back(r.mark);
  // While a batch is in doubt nothing else is written: its outcome has to be found before the store moves on.
  auto outcomes = in_doubt ? error{errc::unavailable, admitted->database_fault()}
                           : write<std::vector<read_outcome>>([&] { return writer->mark_read(marks); });
  if (!outcomes && !in_doubt) set_state(false, outcomes.error().detail);
  for (std::size_t i = 0; i < marked.size(); ++i) {
    const auto& [mark, origin, answer_to] = marked[i];
    auto promised = answer_to;
    if (!outcomes) {
      promised.deliver(read_answer{outcomes.error()});
      continue;
    }
    const auto& o = (*outcomes)[i];
    if (!o.found) {
      promised.deliver(read_answer{error{errc::not_found, "there is no such conversation of yours", "in"}});
      continue;
    }
    if (o.blocked) {
      promised.deliver(read_answer{blocked_by_peer()});
      continue;
    }
    promised.deliver(read_answer{});
    if (!o.moved) continue; // nobody needs to hear what they know
    read_note note{o.conversation_id, mark.user, o.seq, {}, origin};
    if (!mark.in.is_group() && mark.in.id != mark.user) note.peer = mark.in.id;
    self->send(registry, read_atom::value, std::move(note));
  }
}

void persistence_state::commit_change(waiting_change& asked) {
  const lease taken(admitted->appends, 1);
  asked.what.notice_after = admitted->notice_after;
  auto done = in_doubt ? result<change_outcome>(error{errc::unavailable, admitted->database_fault()})
                       : write<change_outcome>([&] {
                           return apply(*writer, asked.what, wall_now(),
                                        {admitted->blocks_a_user, admitted->groups_a_user});
                         });
  last_end = steady_now();
  if (!done && !in_doubt) note_failed_change(done.error());
  asked.answer_to.deliver(done ? tell(asked.what, asked.origin, *std::move(done))
                               : change_answer{.failure = done.error()});
}

void persistence_state::commit_changes() {
  auto shared = std::exchange(changes, {});
  const lease taken(admitted->appends, shared.size());
  std::vector<change> asked;
  for (auto& one : shared) asked.push_back(std::move(one.what));
  using outcomes = std::vector<result<change_outcome>>;
  auto done = in_doubt ? result<outcomes>(error{errc::unavailable, admitted->database_fault()})
                       : write<outcomes>([&] { return apply_all(*writer, asked, wall_now()); });
  last_end = steady_now();
  if (!done && !in_doubt) note_failed_change(done.error());
  const auto answer = [&](std::size_t i) -> change_answer {
    if (!done) return {.failure = done.error()};
    auto& one = (*done)[i];
    if (!one) return {.failure = one.error()};
    return tell(asked[i], shared[i].origin, std::move(*one));
  };
  for (std::size_t i = 0; i < shared.size(); ++i) shared[i].answer_to.deliver(answer(i));
}

void persistence_state::note_failed_change(const error& why) {
  if (why.code == errc::unavailable || why.code == errc::outcome_unknown) set_state(false, why.detail);
  // Perhaps it was stored: then nobody was told, and no ping would show it.
  if (why.code == errc::outcome_unknown || why.code == errc::internal)
    self->send(registry, resync_atom::value);
}

change_answer persistence_state::tell(const change& what, const caf::actor_addr& origin,
                                      change_outcome&& done) {
  // The registry is told in this order: who is blocked stops watching before the change's own news go out.
  if (const auto* block = std::get_if<block_users>(&what.action); block != nullptr && block->blocked)
    self->send(registry, block_atom::value, block_note{*what.by, block->users});
  if (const auto* banned = std::get_if<ban_user>(&what.action)) admitted->bans.note(banned->what, wall_now());
  if (done.interrupted) self->send(registry, drop_atom::value, *done.interrupted);
  auto committed = std::make_shared<committed_batch>();
  for (auto& logged : done.entries)
    committed->messages.push_back(
        {std::make_shared<const message>(std::move(logged.entry)), std::move(logged.audience)});
  deliver(std::move(committed));
  if (done.own) self->send(registry, notify_atom::value, own_note{*what.by, *std::move(done.own), origin});
  if (done.reaction)
    self->send(registry, notify_atom::value,
               reaction_note{std::move(done.reaction->what), std::move(done.reaction->audience)});
  return {.group = std::move(done.group),
          .user = std::move(done.user),
          .files = std::move(done.files),
          .identity = std::move(done.identity),
          .edited = std::move(done.edited),
          .stream = std::move(done.stream),
          .webhook = std::move(done.webhook),
          .is_more = done.is_more,
          .checks = std::move(done.checks),
          .leave = std::move(done.leave),
          .check = std::move(done.check),
          .notices = std::move(done.notices),
          .dropped = std::move(done.dropped),
          .portion = std::move(done.portion),
          .erased = std::move(done.erased),
          .audit = std::move(done.audit),
          .facts = std::move(done.facts)};
}

void persistence_state::fail(const error& e) {
  for (auto& p : promises) p.deliver(append_answer{e, {}});
  clear_batch();
}

void persistence_state::tick() {
  writer->remember(admitted->take_heard());
  look();
  publish_watch();
  admitted->look_asked = false;
}

void persistence_state::look() {
  if (in_doubt) {
    auto settled = write<std::optional<std::vector<append_outcome>>>([&] { return writer->settle(batch); });
    if (!settled) {
      set_state(false, settled.error().detail);
      return;
    }
    in_doubt = false;
    spdlog::info("event=commit_settled messages={} stored={}", batch.size(), settled->has_value());
    set_state(true, "");
    if (*settled) {
      answer(**settled);
    } else {
      fail({errc::unavailable, "the database went away before the message was stored"});
    }
    return;
  }
  if (admitted->database_up() && steady_now() - last_end < check_interval) return;
  if (auto alive = write<void>([&] { return writer->check(); }); alive) {
    set_state(true, "");
  } else {
    set_state(false, alive.error().detail);
  }
}

void persistence_state::set_state(bool up, const std::string& fault) {
  const bool changed = told_up != up;
  told_up = up;
  const auto seen = up ? writer->watch() : store_watch{};
  if (changed && up) {
    if (seen.host.empty())
      spdlog::info("event=database_up");
    else
      spdlog::info("event=database_up host={} timeline={}", seen.host, seen.timeline);
  } else if (changed) {
    spdlog::error("event=database_down reason=\"{}\"", fault);
  }
  figures->database_up.Set(up ? 1 : 0);
  if (up) {
    publish_host(seen);
    publish_epoch(seen);
  }
  admitted->set_database(up, fault);
}

/// What the writer has seen beside its answers.
void persistence_state::publish_watch() {
  const auto seen = writer->watch();
  figures->wal_bytes.Set(static_cast<double>(seen.log_bytes));
  figures->checkpoints.Add({{"outcome", "done"}}).Set(static_cast<double>(seen.checkpoints_done));
  figures->checkpoints.Add({{"outcome", "blocked"}}).Set(static_cast<double>(seen.checkpoints_blocked));
  figures->checkpoints.Add({{"outcome", "failed"}}).Set(static_cast<double>(seen.checkpoints_failed));
  const bool changed = seen.checkpoint_trouble.empty() != trouble.empty();
  if (changed || (!trouble.empty() && steady_now() - checkpoint_logged > checkpoint_log_interval)) {
    checkpoint_logged = steady_now();
    if (seen.checkpoint_trouble.empty())
      spdlog::info("event=checkpoint_done");
    else
      spdlog::warn("event=checkpoint_not_done wal_bytes={} reason=\"{}\"", seen.log_bytes,
                   seen.checkpoint_trouble);
  }
  trouble = seen.checkpoint_trouble;
}

/// After a failover another host is the primary, or the same one again.
void persistence_state::publish_host(const store_watch& seen) {
  if (seen.host == host && seen.timeline == timeline) return;
  if (!host.empty())
    spdlog::warn("event=database_changed host={} timeline={} from_host={} from_timeline={}", seen.host,
                 seen.timeline, host, timeline);
  host = seen.host;
  timeline = seen.timeline;
  figures->database_timeline.Set(timeline);
}

/// The database may have been set back, or exchanged, behind an idle connection.
void persistence_state::publish_epoch(const store_watch& seen) {
  if (seen.set_backs != set_backs) {
    spdlog::error(
        "event=store_set_back what=\"the database is without the newest messages that were delivered; "
        "it has a new epoch\"");
    figures->store_set_back.Increment(
        static_cast<double>(seen.set_backs - std::exchange(set_backs, seen.set_backs)));
  }
  const auto before = admitted->epoch();
  if (writer->epoch() == before) return;
  // It may be the other way round: a peer has told of one that the writer has not seen.
  if (!before.empty()) static_cast<void>(write<void>([&] { return writer->check(); }));
  auto now_is = writer->epoch();
  if (now_is == before) return;
  admitted->set_epoch(std::move(now_is));
  if (before.empty()) return;
  spdlog::warn("event=epoch_changed");
  self->send(registry, resync_atom::value); // their positions are void
}

void persistence_state::give_up() {
  refuse_all({errc::unavailable, "the server stopped before this was stored"});
  fail({in_doubt ? errc::outcome_unknown : errc::unavailable,
        "the server stopped before the message was stored"});
}

persistence_actor::behavior_type persistence(persistence_actor::stateful_pointer<persistence_state> self,
                                             std::shared_ptr<message_writer> writer, registry_actor registry,
                                             flow* admitted, metrics* figures, bool has_files) {
  auto& state = self->state;
  state.self = self;
  state.writer = std::move(writer);
  state.registry = std::move(registry);
  state.admitted = admitted;
  state.figures = figures;
  state.has_files = has_files;
  self->set_exit_handler([self](const caf::exit_msg& e) {
    self->state.give_up();
    self->quit(e.reason);
  });
  return {
      [self](append_atom, new_message& m) { return self->state.append(std::move(m)); },
      [self](read_atom, read_mark& m) { return self->state.mark(std::move(m)); },
      [self](change_atom, change& what) { return self->state.change_later(std::move(what)); },
      [self](flush_atom) { self->state.flush(); },
      [self](tick_atom) { self->state.tick(); },
  };
}

} // namespace hongyan
