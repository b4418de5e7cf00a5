/// One live WebSocket of a classic user.
///
///   opening ──bound──> active ──close──> closing ──gone──> (end)
///      └──close──> refused, (end)  └──gone──> (end)
///
/// A classic frame is the whole window of the user's latest chats, so a newer one replaces one that waits:
/// the session's whole outbox is the frame being written and a mark that the window has changed since.
#pragma once

#include "actors/frame_sink.hpp"
#include "actors/interfaces.hpp"
#include "actors/shard.hpp"
#include "core/metrics.hpp"

#include <memory>
#include <optional>

namespace hongyan {

/// What all sessions of a server share. Outlives them.
struct session_env {
  registry_actor registry;
  history_actor history;
  metrics& figures;
  std::size_t window; ///< chats a frame holds
};

/// Pinned. Spawn with spawn_on(); it binds itself in the registry.
class session final : public pinned<session_actor::base>, private frame_sink::owner {
public:
  session(caf::actor_config& config, shard& home, user_id user, std::shared_ptr<frame_sink> sink,
          const session_env& env);

  behavior_type make_behavior() override;
  void on_exit() override;

private:
  enum class phase : std::uint8_t { opening, active, closing };

  /// What the client sees, as far as it is known here.
  struct view {
    explicit view(std::size_t capacity) : chats(capacity) {}
    classic::window chats;
    /// Delivered while the history is loading: each becomes a frame of its own when it has come. No more than
    /// a window of them: what is older has left the window by then.
    std::vector<classic::chat> waiting;
    bool loaded = false; ///< `chats` is complete
  };

  /// One timer serves all: what it means depends on what the session waits for.
  struct deadline final : timer_wheel::timer {
    explicit deadline(session& s) : waiting(s) {}
    void fired(steady_time now) override { waiting.deadline_passed(now); }
    session& waiting;
  };

  // from the sink
  void text_received(const std::string&) override {} // a classic client says nothing over the socket
  void writable() override;
  void gone(close_code why) override;

  void deliver(const delivery& news);
  void take_history(const history_answer& answer);
  void load_window();
  void show(classic::chat news);
  void send_window();
  void close(close_code code);
  void deadline_passed(steady_time now);
  /// Ends the actor; safe from a socket's handler, outside of the actor's turn.
  void end();

  shard& home_;
  const session_env& env_;
  user_id user_;
  std::shared_ptr<frame_sink> sink_;
  caf::strong_actor_ptr self_; ///< a socket's handlers call it: it lives until on_exit()
  std::unique_ptr<view> view_; ///< made by the first delivery, dropped when long unused
  deadline deadline_;
  std::optional<steady_time> oldest_unsent_; ///< commit time of the oldest chat that waits
  phase phase_ = phase::opening;
  bool loading_ = false; ///< the history was asked
  bool writing_ = false; ///< a frame is on its way
  bool changed_ = false; ///< a chat came since the last frame
  bool touched_ = false; ///< a delivery came since the last look at idleness
};

} // namespace hongyan
