/// What every live WebSocket is, whatever is spoken over it.
///
///   opening ──bound──> active ──close──> closing ──gone──> (end)
///      └──close──> refused, (end)  └──gone──> (end)
#pragma once

#include "actors/frame_sink.hpp"
#include "actors/interfaces.hpp"
#include "actors/shard.hpp"
#include "auth/key_files.hpp"
#include "core/metrics.hpp"
#include "core/tools/current.hpp"

#include <chrono>
#include <memory>
#include <string>

namespace hongyan {

/// What all sessions of a server share. Outlives them.
struct session_env {
  registry_actor registry;
  history_actor history;
  history_actor searches; ///< beside the others, since one may take long
  persistence_actor persistence;
  metrics& figures;
  flow& admitted;
  const limits& bounds;
  std::size_t window; ///< chats a classic frame holds
  std::string node;
  std::chrono::seconds heartbeat;
  std::chrono::seconds recall_window;
  std::chrono::seconds edit_window{};
  std::size_t file_bytes = 0; ///< see v1::hello_facts
  std::vector<std::string> file_types{};
  const current<auth::key_ring>& keys;
};

/// Pinned. Spawn with spawn_on(); it binds itself in the registry.
class session : public pinned<session_actor::base>, protected frame_sink::owner {
public:
  session(caf::actor_config& config, shard& home, user_id user, session_facts facts,
          std::shared_ptr<frame_sink> sink, const session_env& env);

  behavior_type make_behavior() final;
  void on_exit() final;

protected:
  enum class phase : std::uint8_t { opening, active, closing };

  // What a kind of session does with what comes. Only in phase `active`, but for take_...() and
  // timer_fired().
  virtual void opened() {}
  virtual void take_chats(const delivery&) {}
  virtual void take_news(const news&) {}
  virtual void take_notice(const shared_frames&) {}
  virtual void take_history(const history_answer&) {}
  /// A last word to the client before the closing handshake.
  virtual void farewell(close_code) {}
  /// Is the client owed answers that can still come? Then the server's drain waits for them.
  virtual bool owes_answers() const { return false; }
  /// The deadline has come, after opening.
  virtual void timer_fired(steady_time now) = 0;
  /// Frees what must not outlive the shard.
  virtual void ended() {}

  void close(close_code code);
  /// An answer was given: perhaps it was the last that the end of this session waited for.
  void after_answer();
  phase state() const { return phase_; }
  bool drains() const { return drains_; }
  session_actor myself() { return session_actor(this); }

  /// One timer serves all: what it means depends on what the session waits for.
  struct deadline final : timer_wheel::timer {
    explicit deadline(session& s) : waiting(s) {}
    void fired(steady_time now) override { waiting.deadline_passed(now); }
    session& waiting;
  };

  /// Closes the session when its token ends; set again when that is renewed.
  struct expiry final : timer_wheel::timer {
    explicit expiry(session& s) : of(s) {}
    void fired(steady_time) override { of.close(close_code::token_expired); }
    session& of;
  };
  /// The token is good until then.
  void expire_at(wall_time end);
  /// By the wall clock.
  bool has_expired() const;

  shard& home_;
  const session_env& env_;
  user_id user_;
  session_facts facts_;
  std::shared_ptr<frame_sink> sink_;
  deadline deadline_;
  expiry expiry_;

private:
  void handshake_done() final { opened(); }
  void gone(close_code why) final;
  void deadline_passed(steady_time now);
  /// Ends the actor; safe from a socket's handler, outside of the actor's turn.
  void end();

  caf::strong_actor_ptr self_; ///< a socket's handlers call it: it lives until on_exit()
  phase phase_ = phase::opening;
  bool drains_ = false;  ///< said farewell; the answers under way are waited for
  bool lingers_ = false; ///< the socket is gone; what was admitted for this session is not yet done
};

} // namespace hongyan
