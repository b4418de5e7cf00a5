#include "actors/streams.hpp"

#include "actors/admission.hpp"
#include "core/tools/random.hpp"
#include "core/tools/text.hpp"
#include "core/tools/wall_time.hpp"

#include <algorithm>
#include <utility>

namespace hongyan {

namespace {

constexpr std::chrono::milliseconds stream_tick_interval{100};
/// How often streams of nodes that are gone are looked for.
constexpr std::chrono::seconds sweep_interval{10};
/// Another node lets go within milliseconds, unless it is gone.
constexpr std::chrono::milliseconds let_go_interval{100};
constexpr int let_go_attempts = 15;
/// More people are told of all that came within a tick at once: a frame each for every word would cost as
/// much as a message for every word.
constexpr std::size_t small_audience = 64;
/// Requests for one stream that wait until it is here.
constexpr std::size_t waiting_max = 64;

} // namespace

streams::streams(caf::actor_config& config, shard& home, std::string node, persistence_actor persistence,
                 registry_actor registry, flow& admitted, metrics& figures)
    : pinned(config)
    , home_(home)
    , node_(std::move(node))
    , persistence_(std::move(persistence))
    , registry_(std::move(registry))
    , flow_(admitted)
    , figures_(figures) {}

streams::behavior_type streams::make_behavior() {
  swept_ = ticked_ = home_.now();
  ticker_.set(home_.timers(), home_.now() + stream_tick_interval);
  return {
      [this](create_atom, stream_begin& what) { return begin(std::move(what)); },
      [this](write_atom, const stream_delta& what) {
        auto answer_to = make_response_promise<stream_written>();
        write(what, answer_to);
        return answer_to;
      },
      [this](finish_atom, const stream_finish& what) {
        auto answer_to = make_response_promise<stream_finished>();
        finish(what, answer_to);
        return answer_to;
      },
      [this](drop_atom, const stream_place& at) { drop(at); },
      [this](drain_atom) { drain(); },
  };
}

void streams::on_exit() {
  ticker_.clear();
  open_.clear();
  coming_.clear();
  persistence_ = nullptr;
  registry_ = nullptr;
}

void streams::ask(const stream_writer& by, change_action action, std::function<void(change_answer&)> then) {
  flow_.appends.take(1);
  // Persistence answers each, or ends; who asks by HTTP has a deadline of their own.
  request(persistence_, caf::infinite, change_atom::value, change{.by = by.user, .action = std::move(action)})
      .then([then](change_answer& answer) { then(answer); },
            [then](const caf::error&) {
              change_answer gone{.failure = shutting_down()};
              then(gone);
            });
}

// ---- begin ----

std::optional<error> streams::no_room(const stream_writer& by) const {
  const auto of_user =
      std::ranges::count_if(open_, [&](const auto& one) { return by.user && one.second.of.by == by; });
  if (open_.size() + beginning_ < streams_max && std::cmp_less(of_user, streams_a_user_max)) return {};
  return error{errc::rate_limited, by.user ? "you write " + std::to_string(of_user) +
                                                 " messages at the same time, or all do too many"
                                           : "too many messages are being written at this moment"};
}

caf::typed_response_promise<stream_begun> streams::begin(stream_begin&& what) {
  auto answer_to = make_response_promise<stream_begun>();
  const auto is_repeat = std::ranges::any_of(open_, [&](const auto& one) {
    const auto& m = one.second.of.what;
    return m.from == what.message.from && m.client_msg_id && m.client_msg_id == what.message.client_msg_id;
  });
  auto refused = is_repeat ? std::nullopt : no_room(what.by);
  if (draining_) refused = shutting_down();
  if (refused) {
    flow_.appends.give(1); // it was admitted as a write
    answer_to.deliver(stream_begun{.failure = *std::move(refused)});
    return answer_to;
  }
  what.message.stream =
      std::make_shared<const stream_start>(stream_start{random_name(stream_id_digits), what.by, node_});
  ++beginning_;
  request(persistence_, caf::infinite, append_atom::value, what.message)
      .then(
          [this, what, answer_to](const append_answer& answer) {
            --beginning_;
            begun(what, answer, answer_to);
          },
          [this, answer_to](const caf::error&) mutable {
            --beginning_;
            answer_to.deliver(stream_begun{.failure = shutting_down()});
          });
  return answer_to;
}

void streams::begun(const stream_begin& what, const append_answer& answer,
                    caf::typed_response_promise<stream_begun> answer_to) {
  auto failure = answer.failure ? answer.failure : refusal_of(answer.outcome.status);
  if (failure) {
    answer_to.deliver(stream_begun{.failure = std::move(failure)});
  } else if (answer.outcome.status == append_status::stored) {
    const auto& id = what.message.stream->id;
    auto& here = open_[id];
    here.of = {.id = id, .by = what.by, .what = *answer.stored, .audience = answer.outcome.audience};
    if (!here.of.audience) { // of a direct conversation its users
      std::vector<user_id> users{here.of.what.from};
      if (here.of.what.to.id != users.front()) users.push_back(here.of.what.to.id);
      here.of.audience = std::make_shared<const std::vector<user_id>>(std::move(users));
    }
    here.written = here.stored = home_.now();
    count();
    answer_to.deliver(stream_begun{.message = answer.stored, .id = id});
    if (draining_) let_go(id);
  } else { // it was begun before: under which id, its row knows
    ask(what.by, find_stream{answer.outcome.conversation_id, answer.outcome.seq, what.by},
        [answer_to, stored = answer.stored](change_answer& found) mutable {
          answer_to.deliver(found.failure
                                ? stream_begun{.failure = found.failure}
                                : stream_begun{.message = stored, .id = found.stream->id, .duplicate = true});
        });
  }
}

// ---- write ----

void streams::open(const std::string& id, const stream_writer& by, when_open then) {
  if (const auto here = open_.find(id); here != open_.end()) {
    if (here->second.of.by != by || here->second.is_ending) return then({no_such_stream()});
    return then({&here->second});
  }
  if (draining_) return then({shutting_down()});
  auto& line = coming_[id];
  if (line.size() >= waiting_max)
    return then({error{errc::rate_limited, "too many requests for this stream wait; wait a moment"}});
  line.push_back({by, std::move(then)});
  if (line.size() == 1) take_over(id, by, 0);
}

/// Of a stream that another node has had: that is asked to store it and let go. One that does not is gone.
void streams::take_over(const std::string& id, const stream_writer& by, int attempt) {
  ask(by, hold_stream{id, by, node_, attempt >= let_go_attempts},
      [this, id, by, attempt](change_answer& answer) {
        if (answer.failure) return opened(id, *answer.failure);
        auto& found = *answer.stream;
        if (!found.held_by.empty()) {
          forget(id); // what could not be stored here, another has without it
          send(registry_, drop_atom::value, stream_place{found.what.conversation_id, found.what.seq});
          retries_.push_back({home_.now() + let_go_interval, id, by, attempt + 1});
          return;
        }
        auto [at, is_new] = open_.try_emplace(id);
        auto& here = at->second;
        // Else what could not be stored is here still.
        if (is_new || found.what.content.size() > here.of.what.content.size()) {
          here = {};
          here.of = std::move(found);
          here.stored = home_.now();
          // Its silence goes on: who is told that they are wrong has added nothing.
          const auto silence =
              std::clamp<wall_time::duration>(wall_now() - here.of.touched, {}, stream_silence);
          here.written = home_.now() - silence;
          // Another node may be about to do so.
          if (silence >= stream_silence)
            end(id, here, here.of.what.content, [this](const stream_finished&) { sweep(); });
          here.chars = here.told_chars = count_characters(here.of.what.content);
          here.told_bytes = here.of.what.content.size();
          count();
        }
        opened(id, &here);
        if (draining_) let_go(id);
      });
}

void streams::opened(const std::string& id, const result<live*>& found) {
  auto line = std::move(coming_[id]);
  coming_.erase(id);
  for (auto& one : line) {
    // One before may have ended it.
    const bool is_theirs = found && (*found)->of.by == one.by && !(*found)->is_ending;
    one.then({found && !is_theirs ? result<live*>(no_such_stream()) : found, true});
  }
}

/// Who is not where this node's copy ends may have written on elsewhere, after that node took the stream over
/// by force: it is asked for again before anybody is told that they are wrong.
void streams::write(const stream_delta& what, caf::typed_response_promise<stream_written> answer_to) {
  open(what.id, what.by, [this, answer_to, what](const finding& found) mutable {
    if (!found.stream) {
      answer_to.deliver(stream_written{.failure = found.stream.error()});
    } else if (found.is_fresh || what.offset == (*found.stream)->chars) {
      answer_to.deliver(add(**found.stream, what));
    } else {
      let_go(what.id);
      write(what, answer_to);
    }
  });
}

stream_written streams::add(live& to, const stream_delta& what) {
  if (what.offset != to.chars) {
    error elsewhere{errc::conflict, "the stream ends at " + std::to_string(to.chars) +
                                        " characters, not at " + std::to_string(what.offset)};
    elsewhere.offset = to.chars;
    return {.failure = std::move(elsewhere)};
  }
  const auto chars = to.chars + count_characters(what.delta);
  if (chars > stream_chars_max)
    return {.failure = error{errc::too_large, "a message that streams has at most " +
                                                  std::to_string(stream_chars_max) +
                                                  " characters; nothing was added"}};
  to.of.what.content += what.delta;
  to.chars = chars;
  to.has_grown = true;
  to.written = home_.now();
  if (to.of.audience->size() <= small_audience || to.written - to.told >= stream_tick_interval) tell_new(to);
  return {.offset = chars};
}

void streams::tell_new(live& of) {
  const auto& m = of.of.what;
  if (of.told_bytes < m.content.size())
    send(registry_, notify_atom::value,
         stream_note{
             {m.conversation_id, m.seq}, of.told_chars, m.content.substr(of.told_bytes), of.of.audience});
  of.told_chars = of.chars;
  of.told_bytes = m.content.size();
  of.told = home_.now();
}

void streams::tell_all(live& of) {
  of.told_chars = of.told_bytes = 0;
  tell_new(of);
}

// ---- end ----

void streams::finish(const stream_finish& what, caf::typed_response_promise<stream_finished> answer_to) {
  open(what.id, what.by, [this, answer_to, what](const finding& found) mutable {
    if (!found.stream) {
      answer_to.deliver(stream_finished{.failure = found.stream.error()});
      return;
    }
    auto& here = **found.stream;
    end(what.id, here, what.content.value_or(here.of.what.content),
        [this, answer_to, what, was_fresh = found.is_fresh](stream_finished ended) mutable {
          // Perhaps another node has it by force: then it is ended as it is there.
          if (ended.failure && ended.failure->code == errc::not_found && !was_fresh)
            finish(what, answer_to);
          else
            answer_to.deliver(std::move(ended));
        });
  });
}

void streams::end(const std::string& id, live& what, std::string content,
                  std::function<void(stream_finished)> then) {
  what.is_busy = what.is_ending = true;
  const auto& m = what.of.what;
  end_stream ends{.id = id,
                  .node = node_,
                  .content = std::move(content),
                  .from = m.from,
                  .to = m.to,
                  .ext = m.ext,
                  .message_id = m.id,
                  .is_back_ends = !what.of.by.key.empty()};
  ask(what.of.by, std::move(ends), [this, id, then](change_answer& answer) {
    const auto here = open_.find(id);
    const bool is_over = !answer.failure || answer.failure->code == errc::not_found ||
                         answer.failure->code == errc::refused_content; // taken back by then
    if (!is_over) {
      if (here != open_.end()) {
        here->second.is_busy = here->second.is_ending = false;
        here->second.stored = home_.now();
        if (draining_) let_go(id);
      }
      return then({.failure = answer.failure});
    }
    forget(id);
    if (answer.failure) return then({.failure = answer.failure});
    then({.ended = std::move(answer.edited)});
  });
}

// ---- by and by ----

/// What was added is stored, and told as a whole: who missed some of it has all then.
void streams::store(const std::string& id, live& what) {
  what.is_busy = true;
  what.has_grown = false;
  what.stored = home_.now();
  ask(what.of.by, store_stream{.id = id, .node = node_, .content = what.of.what.content},
      [this, id](change_answer& answer) {
        const auto here = open_.find(id);
        if (here == open_.end()) return;
        auto& stored = here->second;
        stored.is_busy = stored.is_ending;
        // Recalled, or another node's; or who writes may do so no more.
        if ((answer.failure && answer.failure->code == errc::not_found) || answer.edited) {
          forget(id);
        } else if (answer.failure) {
          stored.has_grown = true; // again, in a while
        } else {
          stored.of.audience = answer.stream->audience; // who came and left meanwhile
          tell_all(stored);
        }
      });
}

/// It is stored, and here no more: who writes on here finds it in the store, behind this.
void streams::let_go(const std::string& id) {
  auto& here = open_.at(id);
  if (here.is_ending) return;
  tell_new(here);
  ++leaving_;
  ask(here.of.by, store_stream{id, node_, here.of.what.content, true},
      [this, id, kept = here](const change_answer& answer) { gone(id, kept, answer); });
  forget(id);
}

/// Of one that was let go. What could not be stored is not lost, if nobody has gone on with it meanwhile.
void streams::gone(const std::string& id, const live& kept, const change_answer& answer) {
  --leaving_;
  const bool is_stored = !answer.failure || answer.failure->code == errc::not_found;
  if (!is_stored && !open_.contains(id)) {
    auto& again = open_[id] = kept;
    again.has_grown = true;
    again.is_busy = false;
    again.stored = home_.now();
  }
  count();
}

/// Those of a conversation, or the one of its message.
void streams::drop(const stream_place& at) {
  let_go_where([&](const live& one) {
    const auto& m = one.of.what;
    return m.conversation_id == at.conversation_id && (at.seq == 0 || m.seq == at.seq);
  });
}

void streams::let_go_where(const std::function<bool(const live&)>& is_meant) {
  std::vector<std::string> those;
  for (const auto& [id, one] : open_)
    if (is_meant(one)) those.push_back(id);
  for (const auto& id : those) let_go(id);
}

void streams::forget(const std::string& id) {
  open_.erase(id);
  count();
}

void streams::count() { figures_.streams_open.Set(static_cast<double>(open_.size() + leaving_)); }

void streams::drain() {
  draining_ = true;
  let_go_of_all();
}

void streams::let_go_of_all() {
  let_go_where([](const live&) { return true; });
}

void streams::tick(steady_time now) {
  ticker_.set(home_.timers(), now + stream_tick_interval);
  // A node that stood still for so long may have lost any of them by force, and not know it. One that drains
  // tries again what could not be stored.
  const auto really = home_.now(); // a wheel that was late goes step by step
  const bool is_doubtful = really - std::exchange(ticked_, really) > let_go_attempts * let_go_interval;
  if (is_doubtful || draining_) let_go_of_all();
  for (auto& [id, what] : open_) {
    if (what.told_bytes < what.of.what.content.size()) tell_new(what);
    if (what.is_busy) continue;
    if (now - what.written >= stream_silence)
      end(id, what, what.of.what.content, [](const stream_finished&) {});
    else if (what.has_grown && now - what.stored >= stream_store_interval)
      store(id, what);
  }
  for (auto& again : std::exchange(retries_, {}))
    if (again.due <= now)
      take_over(again.id, again.by, again.attempt);
    else
      retries_.push_back(std::move(again));
  if (now - swept_ < sweep_interval) return;
  swept_ = now;
  sweep();
}

/// One at a time: each is a conversation of its own.
void streams::sweep() {
  ask({}, end_left_stream{wall_now() - stream_orphan}, [this](change_answer& answer) {
    if (answer.failure) return;
    const bool is_users = answer.stream && answer.stream->by.user;
    if (is_users) return take_over(answer.stream->id, answer.stream->by, let_go_attempts);
    if (answer.edited || answer.stream) sweep();
  });
}

} // namespace hongyan
