#include "actors/classic_session.hpp"

#include "core/bounds/limits.hpp"
#include "core/wire/ws_codec.hpp"

#include <algorithm>
#include <limits>
#include <utility>

namespace hongyan {

namespace {

/// A window that no delivery has touched for so long is dropped, to be loaded again when one comes: an idle
/// user costs no window.
constexpr std::chrono::seconds window_idle{60};
/// Between two tries to load the window when the database does not answer.
constexpr std::chrono::seconds history_retry{1};

} // namespace

void classic_session::take_chats(const delivery& news) {
  touched_ = true;
  if (!view_) view_ = std::make_unique<view>(env_.window);
  if (!oldest_unsent_) oldest_unsent_ = news.committed;
  if (news.reload) reload();
  if (view_->loaded) {
    for (const auto& chat : news.chats) show(chat);
    return;
  }
  auto& waiting = view_->waiting;
  waiting.insert(waiting.end(), news.chats.begin(), news.chats.end());
  if (waiting.size() > env_.window)
    waiting.erase(waiting.begin(), waiting.end() - static_cast<std::ptrdiff_t>(env_.window));
  // After a failure the deadline asks again, and not each delivery.
  if (!loading_ && !deadline_.is_set()) load_window();
}

/// A chat was recalled: the window is read anew, and shown although nothing is new.
void classic_session::reload() {
  view_ = std::make_unique<view>(env_.window); // what was delivered before is in the history
  view_->show_anyway = true;
  view_->outdated = loading_; // the answer under way may be from before
  changed_ = false;           // a window that waits for the socket is from before, too
  if (!loading_) load_window();
}

void classic_session::load_window() {
  loading_ = true;
  // One a session at most, asked for by a delivery and not by the client: bounded without asking.
  env_.admitted.history.take(1);
  send(env_.history, query_atom::value,
       history_question{{.user = user_, .limit = env_.window}, home_.now() + ask_deadline});
}

/// Each message is a frame of its own, also the first ones. The history may know of messages whose deliveries
/// wait, or are still on their way: those are newer than what waits, since one writer commits and delivers in
/// the order of ids, and are left to their deliveries.
void classic_session::take_history(const history_answer& answer) {
  if (!loading_ || !view_) return;
  loading_ = false;
  const bool outdated = std::exchange(view_->outdated, false);
  if (answer.failure) {
    deadline_.set(home_.timers(), home_.now() + history_retry);
    return;
  }
  if (outdated) return load_window();
  view_->loaded = true;
  deadline_.set(home_.timers(), home_.now() + window_idle);
  const auto news = std::exchange(view_->waiting, {});
  const auto newest = news.empty() ? std::numeric_limits<std::int64_t>::max()
                                   : std::ranges::max(news, {}, &classic::chat::id).id;
  for (const auto& m : *answer.messages) {
    if (m.id > newest || std::ranges::find(news, m.id, &classic::chat::id) != news.end()) continue;
    view_->chats.add({m.id, std::make_shared<const std::string>(classic::encode_chat(m))});
  }
  if (std::exchange(view_->show_anyway, false)) {
    changed_ = true;
    send_window();
  }
  for (const auto& chat : news) show(chat);
}

void classic_session::show(classic::chat news) {
  unsent_.first = unsent_.first == 0 ? news.id : unsent_.first;
  unsent_.second = news.id;
  view_->chats.add(std::move(news));
  changed_ = true;
  send_window();
}

void classic_session::send_window() {
  if (!changed_ || state() != phase::active) return;
  if (writing_) {
    env_.figures.frames_replaced.Increment();
    return;
  }
  changed_ = false;
  if (oldest_unsent_) {
    env_.figures.delivery_seconds.Observe(seconds_of(home_.now() - *oldest_unsent_));
    oldest_unsent_.reset();
  }
  env_.figures.frames_sent.Increment();
  if (const auto [first, last] = std::exchange(unsent_, {}); last > 0)
    env_.figures.trace.note(trace_event::what::taken, 0, first, last, user_.text());
  const auto bytes = view_->chats.json_bytes();
  auto frame = ws::header(ws::opcode::text, bytes);
  view_->chats.append_json(frame);
  sink_->keep(bytes);
  if (state() != phase::active) return;
  writing_ = !sink_->send(std::move(frame));
}

void classic_session::writable() {
  writing_ = false;
  if (view_) send_window();
}

void classic_session::timer_fired(steady_time now) {
  if (loading_) return; // it waits its turn; who is in line twice waits longer
  if (view_ && !view_->loaded) {
    load_window(); // the history failed
  } else if (touched_ || writing_) {
    touched_ = false;
    deadline_.set(home_.timers(), now + window_idle);
  } else {
    view_.reset();
    sink_->keep(0);
  }
}

} // namespace hongyan
