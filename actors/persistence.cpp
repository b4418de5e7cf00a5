#include "actors/persistence.hpp"

#include "core/time_format.hpp"
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
/// A commit that took long says that the disk stalled, not that the next batch should wait.
constexpr std::chrono::milliseconds linger_max{5};
/// A connection that has just committed needs no looking after.
constexpr std::chrono::seconds check_interval{1};

steady_time now() { return std::chrono::steady_clock::now(); }

/// A store answers by values; what it throws all the same is a fault of ours, after which nobody knows.
template <class T, class Work>
result<T> guarded(Work work) {
  try {
    return work();
  } catch (const std::exception& e) {
    spdlog::critical("event=uncaught_exception where=persistence what=\"{}\"", e.what());
    return error{errc::internal, "a fault of the server; its log says more"};
  }
}

/// The message as it is in the log; of a repeated one, as it was stored first.
message_ptr as_stored(new_message&& m, const append_outcome& o) {
  const bool again = o.status == append_status::duplicate;
  message stored{.id = o.id,
                 .conversation_id = o.conversation_id,
                 .seq = o.seq,
                 .from = std::move(m.from),
                 .to = std::move(m.to),
                 .from_name = std::move(m.from_name),
                 .to_name = std::move(m.to_name),
                 .kind = m.kind,
                 .content = std::move(m.content),
                 .ext = again ? o.ext : std::move(m.ext),
                 .client_msg_id = std::move(m.client_msg_id),
                 .created_at = o.created_at,
                 .recalled = o.recalled,
                 .previous_at = o.previous_at};
  if (stored.recalled) stored.content.clear();
  return std::make_shared<const message>(std::move(stored));
}

} // namespace

persistence_state::promise persistence_state::append(new_message&& m) {
  auto answer_to = self->make_response_promise<append_answer>();
  if (in_doubt) {
    answer_to.deliver(append_answer{error{errc::unavailable, admitted->database_fault()}, {}});
    admitted->appends.give(1);
    return answer_to;
  }
  batch.push_back(std::move(m));
  promises.push_back(answer_to);
  if (batch.size() >= batch_max) {
    commit();
  } else {
    arm();
  }
  return answer_to;
}

void persistence_state::arm() {
  if (std::exchange(armed, true)) return;
  self->send(self, flush_atom::value);
}

caf::typed_response_promise<read_answer> persistence_state::mark(read_mark&& m) {
  auto origin = caf::actor_cast<caf::actor_addr>(self->current_sender()); // the promise takes the sender away
  auto answer_to = self->make_response_promise<read_answer>();
  reads.push_back({std::move(m), std::move(origin), answer_to});
  if (reads.size() >= batch_max) commit_reads();
  arm();
  return answer_to;
}

void persistence_state::flush() {
  armed = false;
  if (!reads.empty()) commit_reads();
  if (batch.empty() || in_doubt) return;
  // Closed-loop senders would fall into two halves that wait for each other, each batch half of what the disk
  // could take. So a batch smaller than the last one waits a little for the rest: at most a quarter of a
  // commit, and never for long.
  const auto linger = std::min<steady_time::duration>(last_took / 4, linger_max);
  if (batch.size() < last_size && now() - last_end < linger) {
    std::this_thread::sleep_for(std::chrono::microseconds(20));
    arm();
    return;
  }
  commit();
}

void persistence_state::commit() {
  const auto begin = now();
  auto outcomes = guarded<std::vector<append_outcome>>([&] { return writer->append(batch, wall_now()); });
  last_end = now();
  last_took = last_end - begin;
  last_size = batch.size();
  if (outcomes) {
    figures->commit_seconds.Observe(seconds_of(last_took));
    figures->batch_messages.Observe(static_cast<double>(batch.size()));
    set_state(true, "");
    answer(*outcomes);
    return;
  }
  set_state(false, outcomes.error().detail);
  if (outcomes.error().code == errc::outcome_unknown) {
    spdlog::warn("event=commit_in_doubt messages={}", batch.size());
    in_doubt = true;
  } else if (outcomes.error().code == errc::internal) {
    fail({errc::outcome_unknown, outcomes.error().detail});
  } else {
    fail(outcomes.error());
  }
}

void persistence_state::deliver(std::shared_ptr<committed_batch> committed) {
  if (committed->messages.empty()) return;
  committed->at = now();
  admitted->deliveries.take(committed->messages.size());
  committed->counted = lease(admitted->deliveries, committed->messages.size());
  self->send(registry, deliver_atom::value, committed_ptr(std::move(committed)));
}

void persistence_state::answer(const std::vector<append_outcome>& outcomes) {
  auto committed = std::make_shared<committed_batch>();
  for (std::size_t i = 0; i < outcomes.size(); ++i) {
    const auto& o = outcomes[i];
    append_answer told{{}, o, {}};
    if (o.status == append_status::stored || o.status == append_status::duplicate)
      told.stored = as_stored(std::move(batch[i]), o);
    if (o.status == append_status::stored) committed->messages.push_back({told.stored, o.audience});
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

void persistence_state::commit_reads() {
  const auto marked = std::exchange(reads, {});
  const lease taken(admitted->appends, marked.size());
  std::vector<read_mark> marks;
  for (const auto& r : marked) marks.push_back(r.mark);
  auto outcomes = in_doubt ? error{errc::unavailable, admitted->database_fault()}
                           : guarded<std::vector<read_outcome>>([&] { return writer->mark_read(marks); });
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
    promised.deliver(read_answer{});
    if (!o.moved) continue;
    read_note note{o.conversation_id, mark.user, o.seq, {}, origin};
    if (!mark.in.is_group() && mark.in.id != mark.user) note.peer = mark.in.id;
    self->send(registry, read_atom::value, std::move(note));
  }
}

/// What was sent before is stored before: a recall finds its message.
change_answer persistence_state::change_now(const change& what) {
  const lease taken(admitted->appends, 1);
  if (!batch.empty() && !in_doubt) commit();
  if (in_doubt) return {error{errc::unavailable, admitted->database_fault()}, {}};
  auto done = guarded<change_outcome>([&] { return apply(*writer, what, wall_now()); });
  last_end = now();
  if (!done) {
    if (row_of(done.error().code).retry_later) set_state(false, done.error().detail);
    // Perhaps it was stored: then nobody was told, and no ping would show it.
    if (done.error().code == errc::outcome_unknown || done.error().code == errc::internal)
      self->send(registry, resync_atom::value);
    return {done.error(), {}};
  }
  auto committed = std::make_shared<committed_batch>();
  for (auto& logged : done->entries)
    committed->messages.push_back(
        {std::make_shared<const message>(std::move(logged.entry)), std::move(logged.audience)});
  deliver(std::move(committed));
  return {{}, std::move(done->group), std::move(done->user)};
}

void persistence_state::fail(const error& e) {
  for (auto& p : promises) p.deliver(append_answer{e, {}});
  clear_batch();
}

void persistence_state::tick() {
  look();
  admitted->look_asked = false;
}

void persistence_state::look() {
  if (in_doubt) {
    auto settled = writer->settle(batch);
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
  if (admitted->database_up() && now() - last_end < check_interval) return;
  if (auto alive = writer->check(); alive) {
    set_state(true, "");
  } else {
    set_state(false, alive.error().detail);
  }
}

void persistence_state::set_state(bool up, const std::string& fault) {
  if (up != admitted->database_up() || up != (figures->database_up.Value() > 0)) {
    if (up) {
      spdlog::info("event=database_up");
    } else {
      spdlog::error("event=database_down reason=\"{}\"", fault);
    }
  }
  figures->database_up.Set(up ? 1 : 0);
  if (up) publish_epoch();
  admitted->set_database(up, fault);
}

/// The database may have been set back, or exchanged, behind an idle connection.
void persistence_state::publish_epoch() {
  const auto before = admitted->epoch();
  auto now_is = writer->epoch();
  if (now_is == before) return;
  admitted->set_epoch(std::move(now_is));
  if (before.empty()) return;
  spdlog::warn("event=epoch_changed");
  self->send(registry, resync_atom::value); // their positions are void
}

void persistence_state::give_up() {
  for (auto& r : reads) r.answer_to.deliver(read_answer{error{errc::unavailable, "the server stopped"}});
  admitted->appends.give(reads.size());
  reads.clear();
  fail({in_doubt ? errc::outcome_unknown : errc::unavailable,
        "the server stopped before the message was stored"});
}

persistence_actor::behavior_type persistence(persistence_actor::stateful_pointer<persistence_state> self,
                                             std::shared_ptr<message_writer> writer, registry_actor registry,
                                             flow* admitted, metrics* figures) {
  auto& state = self->state;
  state.self = self;
  state.writer = std::move(writer);
  state.registry = std::move(registry);
  state.admitted = admitted;
  state.figures = figures;
  self->set_exit_handler([self](const caf::exit_msg& e) {
    self->state.give_up();
    self->quit(e.reason);
  });
  return {
      [self](append_atom, new_message& m) { return self->state.append(std::move(m)); },
      [self](read_atom, read_mark& m) { return self->state.mark(std::move(m)); },
      [self](change_atom, const change& what) { return self->state.change_now(what); },
      [self](flush_atom) { self->state.flush(); },
      [self](tick_atom) { self->state.tick(); },
  };
}

} // namespace hongyan
