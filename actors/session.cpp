#include "actors/session.hpp"

#include "core/bounds/limits.hpp"

#include <utility>

namespace hongyan {

session::session(caf::actor_config& config, shard& home, user_id user, session_facts facts,
                 std::shared_ptr<frame_sink> sink, const session_env& env)
    : pinned(config)
    , home_(home)
    , env_(env)
    , user_(std::move(user))
    , facts_(std::move(facts))
    , sink_(std::move(sink))
    , deadline_(*this)
    , expiry_(*this) {}

session::behavior_type session::make_behavior() {
  self_ = caf::strong_actor_ptr(ctrl());
  deadline_.set(home_.timers(), home_.now() + ask_deadline);
  send(env_.registry, bind_atom::value, user_, facts_, myself());
  return {
      [this](bound_atom) {
        if (phase_ != phase::opening) return;
        // Revoked after the upgrade was admitted, and before the registry knew of the session.
        if (const auto keys = env_.keys.get();
            facts_.expires && keys->revoked != nullptr && keys->revoked->covers(user_, facts_.issued_us))
          return close(close_code::kicked);
        phase_ = phase::active;
        deadline_.clear();
        if (facts_.expires) expire_at(*facts_.expires);
        sink_->open(*this);
      },
      [this](deliver_atom, const delivery_ptr& d) {
        if (phase_ != phase::closing) take_chats(*d);
      },
      [this](deliver_atom, const news_ptr& n) {
        if (phase_ == phase::active) take_news(*n);
      },
      [this](notify_atom, const shared_frames& f) {
        if (phase_ == phase::active) take_notice(f);
      },
      [this](close_atom, close_code code) { close(code); },
      [this](revoke_atom, std::int64_t at_us) {
        // Without `expires` no token was asked for.
        if (facts_.expires && (!facts_.issued_us || *facts_.issued_us <= at_us)) close(close_code::kicked);
      },
      [this](const history_answer& answer) { take_history(answer); },
  };
}

void session::on_exit() {
  // First, since the server counts sockets to know when env_ is in use no more.
  send(env_.registry, unbind_atom::value, user_, myself());
  // What is Asio's is freed here and not in the destructor: a reference to this actor may outlive its shard.
  deadline_.clear();
  expiry_.clear();
  ended();
  if (sink_) sink_->cut();
  sink_.reset();
  self_.reset();
}

void session::close(close_code code) {
  if (phase_ == phase::opening) {
    sink_->refuse(
        code == close_code::flooding
            ? error{errc::rate_limited, "the user has as many live sockets as one may have"}
            : error{errc::unavailable, "the server is shutting down, or the user was closed meanwhile"});
    end();
  } else if (phase_ == phase::active) {
    if (!drains_) farewell(code);
    if (code == close_code::going_away && owes_answers()) {
      drains_ = true;
      return;
    }
    if (phase_ == phase::active) sink_->close(code);
  }
  phase_ = phase::closing;
}

bool session::has_expired() const { return facts_.expires && *facts_.expires <= wall_now(); }

void session::expire_at(wall_time end) {
  facts_.expires = end;
  expiry_.set(home_.timers(), home_.now() + (end - wall_now()));
}

void session::after_answer() {
  if (owes_answers()) return;
  if (lingers_) {
    end();
  } else if (drains_) {
    close(close_code::going_away);
  }
}

void session::gone(close_code why) {
  env_.figures.sessions_closed.Add({{"code", std::to_string(static_cast<unsigned>(why))}}).Increment();
  phase_ = phase::closing;
  if (!owes_answers()) return end();
  // Credits are given back when the work is done, or who connects, asks and leaves could ask without end.
  lingers_ = true;
  caf::anon_send(env_.registry, unbind_atom::value, user_, myself());
}

void session::deadline_passed(steady_time now) {
  if (phase_ == phase::opening) {
    close(close_code::internal);
  } else {
    timer_fired(now);
  }
}

// Not `normal`: CAF's default handler ignores an exit without a reason.
void session::end() { caf::anon_send_exit(this, caf::exit_reason::user_shutdown); }

} // namespace hongyan
