#include "actors/persistence.hpp"

#include "core/time_format.hpp"

#include <algorithm>
#include <spdlog/spdlog.h>
#include <thread>

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

} // namespace

persistence_state::promise persistence_state::append(new_message&& m) {
  auto answer_to = self->make_response_promise<append_answer>();
  if (in_doubt) {
    answer_to.deliver(append_answer{error{errc::unavailable, admitted->database_fault()}, {}});
    return answer_to;
  }
  batch.push_back(std::move(m));
  promises.push_back(answer_to);
  if (batch.size() >= batch_max) {
    commit();
  } else if (!armed) {
    armed = true;
    self->send(self, flush_atom::value);
  }
  return answer_to;
}

void persistence_state::flush() {
  armed = false;
  if (batch.empty() || in_doubt) return;
  // Closed-loop senders would fall into two halves that wait for each other, each batch half of what the disk
  // could take. So a batch smaller than the last one waits a little for the rest: at most a quarter of a
  // commit, and never for long.
  const auto linger = std::min<steady_time::duration>(last_took / 4, linger_max);
  if (batch.size() < last_size && now() - last_end < linger) {
    std::this_thread::sleep_for(std::chrono::microseconds(20));
    armed = true;
    self->send(self, flush_atom::value);
    return;
  }
  commit();
}

void persistence_state::commit() {
  const auto begin = now();
  auto outcomes = try_append();
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
  } else {
    fail(outcomes.error());
  }
}

/// A store answers by values; what it throws all the same is a fault of ours, after which nobody knows.
result<std::vector<append_outcome>> persistence_state::try_append() {
  try {
    return writer->append(batch, wall_now());
  } catch (const std::exception& e) {
    spdlog::critical("event=uncaught_exception where=persistence what=\"{}\"", e.what());
    fail({errc::outcome_unknown, "a fault of the server; its log says more"});
    return error{errc::internal, "a fault of the server; its log says more"};
  }
}

void persistence_state::answer(const std::vector<append_outcome>& outcomes) {
  auto committed = std::make_shared<committed_batch>();
  committed->at = now();
  admitted->deliveries.take(outcomes.size());
  committed->counted = lease(admitted->deliveries, outcomes.size());
  for (std::size_t i = 0; i < outcomes.size(); ++i) {
    const auto& o = outcomes[i];
    promises[i].deliver(append_answer{{}, o});
    if (o.status != append_status::stored) continue;
    auto& m = batch[i];
    committed->messages.push_back({.id = o.id,
                                   .conversation_id = o.conversation_id,
                                   .seq = o.seq,
                                   .from = std::move(m.from),
                                   .to = std::move(m.to),
                                   .from_name = std::move(m.from_name),
                                   .to_name = std::move(m.to_name),
                                   .content = std::move(m.content),
                                   .created_at = o.created_at});
  }
  batch.clear();
  promises.clear();
  if (!committed->messages.empty())
    self->send(registry, deliver_atom::value, committed_ptr(std::move(committed)));
}

void persistence_state::fail(const error& e) {
  for (auto& p : promises) p.deliver(append_answer{e, {}});
  batch.clear();
  promises.clear();
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
  admitted->set_database(up, fault);
}

void persistence_state::give_up() {
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
      [self](flush_atom) { self->state.flush(); },
      [self](tick_atom) { self->state.tick(); },
  };
}

} // namespace hongyan
