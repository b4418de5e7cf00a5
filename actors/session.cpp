#include "actors/session.hpp"

#include "core/limits.hpp"
#include "core/ws_codec.hpp"

#include <algorithm>
#include <utility>

namespace hongyan {

namespace {

/// A window that no delivery has touched for so long is dropped, to be loaded again when one comes: an idle
/// user costs no window.
constexpr std::chrono::seconds window_idle{60};
/// Between two tries to load the window when the database does not answer.
constexpr std::chrono::seconds history_retry{1};

} // namespace

session::session(caf::actor_config& config, shard& home, user_id user, std::shared_ptr<frame_sink> sink,
                 const session_env& env)
    : pinned(config)
    , home_(home)
    , env_(env)
    , user_(std::move(user))
    , sink_(std::move(sink))
    , deadline_(*this) {}

session::behavior_type session::make_behavior() {
  self_ = caf::strong_actor_ptr(ctrl());
  deadline_.set(home_.timers(), home_.now() + ask_deadline);
  send(env_.registry, bind_atom::value, user_, session_actor(this));
  return {
      [this](bound_atom) {
        if (phase_ != phase::opening) return;
        phase_ = phase::active;
        deadline_.clear();
        sink_->open(*this);
      },
      [this](deliver_atom, const delivery_ptr& news) { deliver(*news); },
      [this](close_atom, close_code code) { close(code); },
      [this](const history_answer& answer) { take_history(answer); },
  };
}

void session::on_exit() {
  // First, since the server counts sockets to know when env_ is in use no more.
  send(env_.registry, unbind_atom::value, user_, session_actor(this));
  // What is Asio's is freed here and not in the destructor: a reference to this actor may outlive its shard.
  deadline_.clear();
  view_.reset();
  if (sink_) sink_->cut();
  sink_.reset();
  self_.reset();
}

void session::deliver(const delivery& news) {
  if (phase_ == phase::closing) return;
  touched_ = true;
  if (!view_) view_ = std::make_unique<view>(env_.window);
  if (!oldest_unsent_) oldest_unsent_ = news.committed;
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

void session::load_window() {
  loading_ = true;
  deadline_.set(home_.timers(), home_.now() + ask_deadline);
  send(env_.history, query_atom::value,
       history_question{{.user = user_, .limit = env_.window}, home_.now() + ask_deadline});
}

/// Each message is a frame of its own, also the first ones. The history may know of messages whose deliveries
/// wait, or are still on their way: those are newer than what waits, since one writer commits and delivers in
/// the order of ids, and are left to their deliveries.
void session::take_history(const history_answer& answer) {
  if (!loading_ || !view_) return;
  loading_ = false;
  if (answer.failure) {
    deadline_.set(home_.timers(), home_.now() + history_retry);
    return;
  }
  view_->loaded = true;
  deadline_.set(home_.timers(), home_.now() + window_idle);
  const auto news = std::exchange(view_->waiting, {});
  const auto newest = news.empty() ? 0 : std::ranges::max(news, {}, &classic::chat::id).id;
  for (const auto& m : *answer.messages) {
    if (m.id > newest || std::ranges::find(news, m.id, &classic::chat::id) != news.end()) continue;
    view_->chats.add({m.id, std::make_shared<const std::string>(classic::encode_chat(m))});
  }
  for (const auto& chat : news) show(chat);
}

void session::show(classic::chat news) {
  view_->chats.add(std::move(news));
  changed_ = true;
  send_window();
}

void session::send_window() {
  if (!changed_ || phase_ != phase::active) return;
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
  auto frame = ws::header(ws::opcode::text, view_->chats.json_bytes());
  view_->chats.append_json(frame);
  writing_ = !sink_->send(std::move(frame));
}

void session::writable() {
  writing_ = false;
  if (view_) send_window();
}

void session::close(close_code code) {
  if (phase_ == phase::opening) {
    sink_->refuse({errc::unavailable, "the server is shutting down, or the user was closed meanwhile"});
    end();
  } else if (phase_ == phase::active) {
    sink_->close(code);
  }
  phase_ = phase::closing;
}

void session::gone(close_code why) {
  env_.figures.sessions_closed.Add({{"code", std::to_string(static_cast<unsigned>(why))}}).Increment();
  phase_ = phase::closing;
  end();
}

void session::deadline_passed(steady_time now) {
  if (phase_ == phase::opening) {
    close(close_code::internal);
  } else if (view_ && !view_->loaded) {
    load_window(); // the history failed, or its answer was lost
  } else if (touched_ || writing_) {
    touched_ = false;
    deadline_.set(home_.timers(), now + window_idle);
  } else {
    view_.reset();
  }
}

// Not `normal`: CAF's default handler ignores an exit without a reason.
void session::end() { caf::anon_send_exit(this, caf::exit_reason::user_shutdown); }

} // namespace hongyan
