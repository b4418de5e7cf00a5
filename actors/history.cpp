#include "actors/history.hpp"

#include "actors/blocking.hpp"
#include "actors/v1_reads.hpp"
#include "core/tools/wall_time.hpp"

#include <algorithm>
#include <span>
#include <spdlog/spdlog.h>

namespace hongyan {

namespace {

/// Reads between two looks into the mailbox.
constexpr std::size_t reads_a_flush = 8;
/// One after another, without a good one between them, of one reader.
constexpr unsigned failures_until_down = 3;

template <class Answer, class Look>
Answer read_in_time(steady_time until, Look look_up) {
  return answer_in_time<Answer>(until, "history", "the database was too slow", errc::internal, look_up);
}

history_answer latest_for(message_reader& reader, const history_query& query) {
  auto found = reader.latest(query);
  if (!found) return {.failure = found.error()};
  return {{}, std::make_shared<const std::vector<message>>(std::move(*found))};
}

/// Counted each; logged at most once a second in each thread that reads, for a store that was set back resets
/// everybody.
void count_reset(std::string_view reason, metrics& figures) {
  figures.sync_resets.Add({{"reason", std::string(reason)}}).Increment();
  thread_local steady_time logged{};
  const auto now = std::chrono::steady_clock::now();
  if (now - logged < std::chrono::seconds(1)) return;
  logged = now;
  spdlog::warn("event=sync_reset reason={}", reason);
}

/// An edit's text is not for those who may not read the message.
void hide_edit(committed_message& edit, const std::vector<group_member>& members) {
  const auto seq = read_edit_entry(*edit.stored).seq;
  if (!seq) return;
  auto others = std::make_shared<std::vector<user_id>>();
  for (const auto& m : members)
    if (m.first_seq > *seq) others->push_back(m.user);
  if (others->empty()) return;
  auto hidden = *edit.stored;
  hidden.hidden_from = std::move(others);
  edit.stored = std::make_shared<const message>(std::move(hidden));
}

/// Of entries of one conversation: who is in its group now, and was at each of them; who may not read what.
/// Errors: unavailable.
result<void> address(message_reader& reader, std::span<committed_message> entries) {
  auto members = reader.members(entries.front().stored->conversation_id, "", group_members_max);
  if (!members) return members.error();
  audience_ptr last;
  for (auto& entry : entries) {
    if (entry.stored->kind == message_kind::edit) hide_edit(entry, *members);
    if (!entry.stored->to.is_group()) continue;
    const auto was_in = [&](const group_member& m) { return m.joined_seq <= entry.stored->seq; };
    // Ascending by seq, so that an audience of the same size is the same one.
    if (!last || std::ranges::count_if(*members, was_in) != std::ssize(*last)) {
      auto audience = std::make_shared<std::vector<user_id>>();
      for (const auto& m : *members)
        if (was_in(m)) audience->push_back(m.user);
      last = std::move(audience);
    }
    entry.audience = last;
  }
  return {};
}

log_answer log_for(message_reader& reader, const log_question& question) {
  auto found = reader.log(question.ranges);
  if (!found) return {.failure = found.error()};
  if (auto filled = fill_edits(reader, *found, [](auto, auto) { return true; }); !filled)
    return {.failure = filled.error()};
  log_answer answer;
  for (auto& m : *found) answer.entries.push_back({std::make_shared<const message>(std::move(m)), {}});
  for (auto begin = answer.entries.begin(); begin != answer.entries.end();) {
    const auto end = std::find_if(begin, answer.entries.end(), [&](const committed_message& m) {
      return m.stored->conversation_id != begin->stored->conversation_id;
    });
    const auto is_edit = [](const committed_message& m) { return m.stored->kind == message_kind::edit; };
    if (begin->stored->to.is_group() || std::any_of(begin, end, is_edit))
      if (auto addressed = address(reader, {begin, end}); !addressed) return {.failure = addressed.error()};
    begin = end;
  }
  return answer;
}

/// What a read costs of its user's turn, in rows, by what it names; what it turns out to read besides is
/// charged afterwards.
std::size_t rows_of(const history_query& query) { return 1 + query.limit; }
std::size_t rows_of(const v1::command& what) {
  const auto rows = [](const auto& of) -> std::size_t {
    using T = std::decay_t<decltype(of)>;
    if constexpr (std::is_same_v<T, v1::resume>) return of.query.limit + of.query.positions.size();
    if constexpr (std::is_same_v<T, v1::get_profiles>) return of.users.size();
    if constexpr (std::is_same_v<T, messages_query>) return of.seqs.size();
    if constexpr (requires { of.limit; }) return of.limit;
    return 1;
  };
  return 1 + std::visit(rows, what);
}

error too_many_of_one() { return {errc::rate_limited, "too many reads of one user wait; wait a moment"}; }

} // namespace

template <class Answer>
caf::typed_response_promise<Answer> history_state::enqueue(const std::string& user, std::size_t cost,
                                                           std::function<Answer()> read, credit& taken) {
  auto promise = self->make_response_promise<Answer>();
  auto counted = std::make_shared<lease>(taken, 1);
  if (!user.empty() && waiting.waiting(user) >= reads_a_user_max) {
    figures->refused.Add({{"reason", "user_reads"}}).Increment();
    promise.deliver(Answer{.failure = too_many_of_one()});
    return promise;
  }
  waiting.push(user, cost,
               {[this, promise, user, cost, read = std::move(read), counted]() mutable {
                  const auto before = reader->rows_read();
                  auto answer = read();
                  const auto rows = reader->rows_read() - before;
                  figures->rows_read.Increment(static_cast<double>(rows));
                  if (rows > cost) waiting.charge(user, rows - cost);
                  note(answer.failure);
                  counted.reset();
                  promise.deliver(std::move(answer));
                },
                [promise]() mutable {
                  promise.deliver(Answer{.failure = error{errc::unavailable, "the server stopped"}});
                }});
  arm();
  return promise;
}

void history_state::arm() {
  if (std::exchange(armed, true)) return;
  self->send(self, flush_atom::value);
}

/// A few reads, then what has come meanwhile gets in line.
void history_state::serve() {
  armed = false;
  for (std::size_t served = 0; served < reads_a_flush; ++served) {
    auto next = waiting.pop();
    if (!next) return;
    next->serve();
  }
  if (!waiting.empty()) arm();
}

/// A read that failed once may be a statement that took too long; when nothing can be read any more, the node
/// is no use to readers, and says so.
void history_state::note(const std::optional<error>& failure) {
  const bool failed = failure && (failure->code == errc::unavailable || failure->code == errc::internal);
  if (!failed) {
    failures = 0;
    if (!std::exchange(is_down, false)) return;
    spdlog::info("event=reads_up");
    figures->reads_up.Set(1);
    admitted->set_reads(true, "");
    return;
  }
  if (++failures < failures_until_down || is_down) return;
  is_down = true;
  spdlog::error("event=reads_down reason=\"{}\"", failure->detail);
  figures->reads_up.Set(0);
  admitted->set_reads(false, failure->detail);
}

void history_state::look() {
  if (failures == 0) return;
  const auto probe =
      read_in_time<v1_answer>(std::chrono::steady_clock::now() + ask_deadline, [this]() -> v1_answer {
        auto found = reader->blocks(user_id{});
        if (!found) return {.failure = found.error()};
        return {};
      });
  note(probe.failure);
}

void history_state::give_up() {
  while (auto next = waiting.pop()) next->refuse();
}

history_actor::behavior_type history(history_actor::stateful_pointer<history_state> self,
                                     std::shared_ptr<message_reader> reader, flow* admitted,
                                     metrics* figures) {
  auto& state = self->state;
  state.self = self;
  state.reader = std::move(reader);
  state.admitted = admitted;
  state.figures = figures;
  self->set_exit_handler([self](const caf::exit_msg& e) {
    self->state.give_up();
    self->quit(e.reason);
  });
  return {
      [self](query_atom, const history_question& question) {
        auto& s = self->state;
        return s.enqueue<history_answer>(
            question.query.user.text(), rows_of(question.query),
            [&s, question] {
              return read_in_time<history_answer>(question.until,
                                                  [&] { return latest_for(*s.reader, question.query); });
            },
            s.admitted->history);
      },
      [self](query_atom, v1_question& question) {
        auto& s = self->state;
        const auto user = question.user.text();
        const auto cost = rows_of(question.what);
        auto& taken =
            std::holds_alternative<search_query>(question.what) ? s.admitted->searches : s.admitted->history;
        return s.enqueue<v1_answer>(
            user, cost,
            [&s, question = std::move(question)] {
              return read_in_time<v1_answer>(question.until, [&] {
                auto found = read_for(*s.reader, question.user, question.what, s.admitted->epoch(),
                                      s.admitted->presence_is_public);
                if (!found.reset.empty()) count_reset(found.reset, *s.figures);
                return found;
              });
            },
            taken);
      },
      [self](query_atom, const activity_question& question) {
        auto& s = self->state;
        return s.enqueue<activity_answer>(
            "", question.users.size(),
            [&s, question] {
              return read_in_time<activity_answer>(question.until, [&]() -> activity_answer {
                auto found = s.reader->active(question.users, question.since);
                if (!found) return {.failure = found.error()};
                return {.rows = *std::move(found)};
              });
            },
            s.admitted->history);
      },
      [self](query_atom, const log_question& question) {
        auto& s = self->state;
        return s.enqueue<log_answer>(
            "", question.ranges.size(),
            [&s, question] {
              return read_in_time<log_answer>(question.until, [&] { return log_for(*s.reader, question); });
            },
            s.admitted->history);
      },
      [self](query_atom, const file_row_question& question) {
        auto& s = self->state;
        return s.enqueue<file_row_answer>(
            question.what.seen_by ? question.what.seen_by->text() : std::string(), 1,
            [&s, question] {
              return read_in_time<file_row_answer>(question.until, [&]() -> file_row_answer {
                auto found = s.reader->find_file(question.what, wall_now());
                if (!found) return {.failure = found.error()};
                return {.file = *std::move(found)};
              });
            },
            s.admitted->history);
      },
      [self](query_atom, const webhook_question& question) {
        auto& s = self->state;
        return s.enqueue<webhook_answer>(
            std::string(), 1,
            [&s, question] {
              return read_in_time<webhook_answer>(question.until, [&]() -> webhook_answer {
                auto rows = s.reader->webhooks();
                if (!rows) return {.failure = rows.error()};
                if (question.failed_of.empty()) return {.rows = *std::move(rows)};
                auto failed = s.reader->failed_events(question.failed_of, question.after, question.limit);
                if (!failed) return {.failure = failed.error()};
                return {.rows = *std::move(rows), .failed = *std::move(failed)};
              });
            },
            s.admitted->history);
      },
      [self](flush_atom) { self->state.serve(); },
      [self](tick_atom) { self->state.look(); },
  };
}

} // namespace hongyan
