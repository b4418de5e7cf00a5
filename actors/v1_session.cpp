#include "actors/v1_session.hpp"

#include "actors/admission.hpp"
#include "core/tools/wall_time.hpp"
#include "core/wire/v1/encode.hpp"
#include "core/wire/ws_codec.hpp"

#include <algorithm>
#include <random>
#include <utility>

namespace hongyan {

namespace {

/// Requests refused with less than refusals_apart between them, each told so; a client that goes on all the
/// same is broken or hostile.
constexpr std::uint16_t refused_max = 600;
constexpr std::chrono::seconds refusals_apart{10};
/// What waits is joined into writes of about this size: one system call for many small frames.
constexpr std::size_t write_bytes = 65'536;
/// A server that restarts should not meet all its clients in the same second.
constexpr std::chrono::milliseconds reconnect_spread_min{500};
constexpr std::chrono::milliseconds reconnect_spread_max{8'000};

/// Contract, section 3: "sent nothing for 2.5 x heartbeatSeconds".
steady_time::duration silence_max(std::chrono::seconds heartbeat) {
  return std::chrono::milliseconds(heartbeat) * 5 / 2;
}

std::chrono::milliseconds spread_reconnect() {
  static thread_local std::minstd_rand random(std::random_device{}());
  return std::chrono::milliseconds(std::uniform_int_distribution<std::chrono::milliseconds::rep>(
      reconnect_spread_min.count(), reconnect_spread_max.count())(random));
}

} // namespace

void v1_session::opened() {
  const auto now = home_.now();
  epochs_ = env_.admitted.epochs();
  silence_.heard(now);
  arm(now + silence_max(env_.heartbeat));
  say(v1::session_notification({.user = user_,
                                .session_id = facts_.id,
                                .node = env_.node,
                                .epoch = env_.admitted.epoch(),
                                .heartbeat = env_.heartbeat,
                                .now = wall_now(),
                                .recall_window = env_.recall_window,
                                .edit_window = env_.edit_window,
                                .file_bytes = env_.file_bytes,
                                .file_types = env_.file_types,
                                .expires = facts_.expires},
                               env_.bounds));
}

void v1_session::ended() {
  if (!watched_.users().empty())
    caf::anon_send(env_.registry, unwatch_atom::value, watched_.users(), myself());
  outbox_.clear();
  pending_.clear();
}

// ---- in ----

void v1_session::text_received(const std::string& text) {
  if (state() != phase::active || drains()) return;
  silence_.heard(home_.now());
  const auto now = home_.now();
  auto request = v1::parse_request(text, user_, env_.bounds);
  const auto* const sent = request.what ? std::get_if<new_message>(&*request.what) : nullptr;
  const auto may = sent != nullptr ? admit_send(env_.admitted, env_.figures, user_, sent->content.size(), now)
                                   : admit_request(env_.admitted, env_.figures, user_, now,
                                                   request.what ? v1::cost_of(*request.what) : 1);
  if (!may) return refuse(request.id, may.error());
  if (!request.what) return reply(request.id, request.what.error());
  std::visit([&](auto& command) { handle(std::move(request.id), std::move(command)); }, *request.what);
}

void v1_session::refuse(const std::string& id, const error& why) {
  const auto now = home_.now();
  reply(id, why);
  if (now - refused_at_ > refusals_apart) refused_ = 0;
  refused_at_ = now;
  if (++refused_ == refused_max) close(close_code::flooding);
}

void v1_session::handle(std::string id, new_message&& m) {
  const auto token = begin(id, errand::send);
  if (!token) return;
  m.traced = env_.figures.spans.begin(traced_ ? std::optional(*traced_) : std::nullopt);
  ask<append_answer>(*token, env_.persistence, append_atom::value, std::move(m));
}

void v1_session::handle(std::string id, change&& what) {
  if (auto* recall = std::get_if<recall_message>(&what.action)) recall->window = env_.recall_window;
  if (auto* edit = std::get_if<edit_message>(&what.action)) edit->window = env_.edit_window;
  if (const auto token = begin(id, errand::change))
    ask<change_answer>(*token, env_.persistence, change_atom::value, std::move(what));
}

void v1_session::handle(std::string id, read_mark&& mark) {
  if (const auto token = begin(id, errand::mark))
    ask<read_answer>(*token, env_.persistence, read_atom::value, std::move(mark));
}

void v1_session::handle(std::string id, v1::show_typing&& typing) {
  if (auto banned = env_.admitted.bans.refusal(user_, wall_now())) return reply(id, *banned);
  typing.is_told = typing_.let_through(typing.in, home_.now());
  // In a group nobody can refuse to hear it.
  if (!typing.is_told && typing.in.is_group()) return reply(id, std::string(v1::empty_result));
  ask_history(std::move(id), errand::read, v1::command(std::move(typing)));
}

void v1_session::handle(std::string id, v1::watch_users&& watch) {
  const auto token = begin(id, errand::watch);
  if (!token) return;
  if (const auto added = watched_.add(watch.users); !added) return finish(*token, added.error());
  // In this order, so that nobody slips through who blocks this user meanwhile.
  request(env_.registry, caf::infinite, watch_soon_atom::value, myself())
      .then(
          [this, token = *token, watch = std::move(watch)](caf::ok_atom) mutable {
            if (const auto refused = admit_read(env_.admitted, env_.figures)) {
              abandon_watch();
              return finish(token, *refused);
            }
            ask<v1_answer>(token, env_.history, query_atom::value,
                           v1_question{user_, v1::command(std::move(watch)), home_.now() + ask_deadline});
          },
          [this, token = *token](const caf::error&) { finish(token, shutting_down()); });
}

void v1_session::handle(std::string id, v1::unwatch_users&& unwatch) {
  const auto token = begin(id, errand::unwatch);
  if (!token) return;
  watched_.remove(unwatch.users);
  ask<caf::ok_atom>(*token, env_.registry, unwatch_atom::value, std::move(unwatch.users), myself());
}

/// Of one who watches nobody after all.
void v1_session::abandon_watch() {
  caf::anon_send(env_.registry, watch_atom::value, std::vector<user_id>(), myself());
}

void v1_session::handle(std::string id, v1::resume&& resume) {
  resumed_.add_to(resume.query);
  ask_history(std::move(id), errand::read, v1::command(std::move(resume)));
}

void v1_session::handle(std::string id, v1::refresh_token&& refresh) {
  const auto keys = env_.keys.get();
  if (!keys->asks) return reply(id, error{errc::unauthorized, "this server asks for no tokens"});
  const auto good = auth::verify(refresh.token, *keys, wall_now());
  if (!good) {
    const auto may = admit_bad_token(env_.admitted, env_.figures, facts_.address, home_.now());
    return reply(id, may ? good.error() : may.error());
  }
  if (good->user != user_) return reply(id, error{errc::forbidden, "the token is another user's", "token"});
  facts_.issued_us = good->issued_us;
  expire_at(good->expires_at);
  reply(id, v1::refresh_result(good->expires_at));
}

void v1_session::handle(std::string id, v1::ping&&) {
  // Its timer runs by the steady clock; where the wall clock was set, HTTP refuses the token already.
  if (has_expired()) return close(close_code::token_expired);
  reply(id, v1::ping_result(wall_now(), moved_.take_positions()));
}

void v1_session::ask_history(std::string id, errand what, v1::command query) {
  if (const auto token = begin(id, what))
    ask<v1_answer>(*token, what == errand::search ? env_.searches : env_.history, query_atom::value,
                   v1_question{user_, std::move(query), home_.now() + ask_deadline});
}

std::optional<error> v1_session::admit(errand what) {
  if (what == errand::watch || what == errand::unwatch) return {};
  if (what == errand::read || what == errand::search)
    return admit_read(env_.admitted, env_.figures, what == errand::search);
  return admit_write(env_.admitted, env_.figures);
}

std::optional<std::uint64_t> v1_session::begin(std::string& id, errand what) {
  const bool is_send = what == errand::send;
  if (auto begun = under_way_.begin(is_send); !begun) {
    reply(id, begun.error());
    return {};
  }
  if (const auto refused = admit(what)) {
    under_way_.end(is_send);
    reply(id, *refused);
    return {};
  }
  const auto due = home_.now() + (is_write(what) ? push_deadline : ask_deadline);
  pending_.push_back({.token = ++last_token_, .id = std::move(id), .what = what, .due = due});
  if (due < armed_for_) arm(due);
  return last_token_;
}

/// The deadline is ours, in timer_fired(): CAF 0.17 would keep each request's time-out, and a reference to
/// this actor, until it expires.
template <class Answer, class Handle, class... Args>
void v1_session::ask(std::uint64_t token, const Handle& to, Args... args) {
  request(to, caf::infinite, std::move(args)...)
      .then([this, token](Answer& answer) { take_answer(token, answer); },
            [this, token](const caf::error&) { finish(token, shutting_down()); });
}

void v1_session::take_answer(std::uint64_t token, const append_answer& answer) {
  if (answer.failure) return finish(token, public_error(*answer.failure));
  if (auto refused = refusal_of(answer.outcome.status)) return finish(token, *refused);
  if (answer.outcome.status == append_status::stored) {
    env_.figures.pushes_stored.Increment();
    if (const auto begun = env_.figures.spans.followed(answer.outcome.id))
      env_.figures.spans.end(*begun, "message.send", trace_span::kind::server, {{"user.id", user_.text()}});
  }
  finish(token, v1::send_result(*answer.stored, answer.outcome.status == append_status::duplicate));
}

void v1_session::take_answer(std::uint64_t token, const change_answer& answer) {
  if (answer.failure) return finish(token, public_error(*answer.failure));
  if (answer.edited) return finish(token, v1::message_result(*answer.edited));
  finish(token, answer.group ? v1::group_result(*answer.group) : std::string(v1::empty_result));
}

void v1_session::take_answer(std::uint64_t token, const read_answer& answer) {
  if (answer.failure) return finish(token, public_error(*answer.failure));
  finish(token, std::string(v1::empty_result));
}

void v1_session::take_answer(std::uint64_t token, const std::vector<user_id>& online) {
  finish(token, v1::presence_result(online));
}

void v1_session::take_answer(std::uint64_t token, caf::ok_atom) {
  finish(token, std::string(v1::empty_result));
}

void v1_session::take_answer(std::uint64_t token, v1_answer& answer) {
  const auto asked = std::ranges::find(pending_, token, &pending::token);
  const bool is_watch = asked != pending_.end() && asked->what == errand::watch;
  if (answer.visible && is_watch) {
    auto users = std::move(*answer.visible);
    std::erase_if(users, [this](const user_id& user) { // unwatched meanwhile
      return !std::ranges::binary_search(watched_.users(), user);
    });
    return ask<std::vector<user_id>>(token, env_.registry, watch_atom::value, std::move(users), myself());
  }
  if (answer.visible || is_watch) abandon_watch();
  if (answer.failure) return finish(token, public_read_error(*answer.failure));
  if (!answer.audience.users.empty()) {
    send(env_.registry, notify_atom::value,
         typing_note{answer.audience.conversation_id, user_, std::move(answer.audience.users), address()});
  }
  if (!answer.reset.empty()) resumed_ = {}; // what earlier pages gave is void as well
  if (answer.given) resumed_.note(*answer.given, std::move(answer.left));
  finish(token, std::move(answer.json));
}

// ---- out ----

void v1_session::finish(std::uint64_t token, const result<std::string>& answer) {
  const auto found = std::ranges::find(pending_, token, &pending::token);
  if (found == pending_.end()) return;
  const auto answered = std::move(*found);
  pending_.erase(found);
  const bool is_send = answered.what == errand::send;
  if (is_send) // it was due a push_deadline after it came
    env_.figures.push_seconds.Observe(seconds_of(home_.now() - (answered.due - push_deadline)));
  under_way_.end(is_send);
  reply(answered.id, answer);
  after_answer();
}

void v1_session::reply(const std::string& id, const result<std::string>& answer) {
  if (answer) {
    env_.figures.rpc_ok.Increment();
  } else {
    env_.figures.rpc_answers.Add({{"outcome", std::string(row_of(answer.error().code).name)}}).Increment();
  }
  if (id.empty() || state() != phase::active) return;
  say(answer ? v1::answer(id, *answer) : v1::failure(id, answer.error()));
}

void v1_session::take_news(const news& n) {
  moved_.note(n.conversation_id, n.last_seq);
  env_.figures.delivery_seconds.Observe(seconds_of(home_.now() - n.committed));
  env_.figures.frames_sent.Increment();
  // It is in line behind what the socket has not taken.
  env_.figures.trace.note(writing_ ? trace_event::what::queued : trace_event::what::taken, n.conversation_id,
                          n.first_seq, n.last_seq, user_.text(), facts_.id);
  write(facts_.takes_many ? n.joined : n.frames);
}

void v1_session::take_notice(const shared_frames& f) { write(f); }

void v1_session::say(std::string_view text) {
  write(std::make_shared<const std::string>(ws::frame(ws::opcode::text, text)));
}

void v1_session::write(shared_frames frame) {
  if (is_outdated()) {
    outbox_.clear();
    if (state() == phase::active) close(close_code::going_away);
    return;
  }
  if (!writing_) {
    writing_ = !sink_->send(frame);
    return;
  }
  if (outbox_.push(std::move(frame))) return sink_->keep(outbox_.bytes());
  outbox_.clear();
  close(close_code::too_slow);
}

void v1_session::writable() {
  writing_ = false;
  while (!writing_ && !outbox_.empty() && state() == phase::active) {
    std::string joined;
    while (!outbox_.empty() && joined.size() < write_bytes) joined += *outbox_.pop();
    writing_ = !sink_->send(std::move(joined));
  }
  if (state() == phase::active) sink_->keep(outbox_.bytes());
  after_answer();
}

/// A slow client gets no last word: it does not read.
void v1_session::farewell(close_code code) {
  struct word {
    const char* reason;
    std::optional<std::chrono::milliseconds> come_back{};
  };
  const auto [reason, come_back] = [code]() -> word {
    switch (code) {
    case close_code::going_away: return {"the server is shutting down", spread_reconnect()};
    case close_code::token_expired:
      return {"the token has expired: come back with a new one", std::chrono::milliseconds(0)};
    case close_code::kicked: return {"the session was ended by the application"};
    case close_code::replaced: return {"a newer session of the same device has come"};
    case close_code::flooding: return {"it went on although each was refused"};
    case close_code::idle:
      return {"nothing was heard from the client for 2.5 heartbeats", spread_reconnect()};
    default: return {nullptr};
    }
  }();
  if (reason == nullptr) return;
  const auto text = v1::closing_notification(code, reason, come_back);
  if (!sink_->send(ws::frame(ws::opcode::text, text))) writing_ = true; // answers of a drain go behind it
}

// ---- time ----

void v1_session::arm(steady_time due) {
  armed_for_ = due;
  deadline_.set(home_.timers(), due);
}

void v1_session::timer_fired(steady_time now) {
  const auto silent_until = silence_.silent_since() + silence_max(env_.heartbeat);
  if (state() == phase::active && now >= silent_until) close(close_code::idle);
  std::vector<std::pair<std::uint64_t, error>> late;
  auto next = state() == phase::active ? silent_until : now + push_deadline;
  for (const auto& p : pending_) {
    if (p.due <= now) {
      late.emplace_back(p.token, is_write(p.what) ? public_error({errc::outcome_unknown})
                                                  : public_read_error({errc::unavailable}));
    } else {
      next = std::min(next, p.due);
    }
  }
  // A write may still be done: its turn comes after we gave up.
  for (const auto& [token, why] : late) finish(token, why);
  arm(next);
}

} // namespace hongyan
