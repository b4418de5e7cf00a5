/// One live WebSocket of a classic user.
///
/// A classic frame is the whole window of the user's latest chats, so a newer one replaces one that waits:
/// the session's whole outbox is the frame being written and a mark that the window has changed since.
#pragma once

#include "actors/session.hpp"

#include <optional>
#include <vector>

namespace hongyan {

class classic_session final : public session {
public:
  using session::session;

private:
  /// What the client sees, as far as it is known here.
  struct view {
    explicit view(std::size_t capacity) : chats(capacity) {}
    classic::window chats;
    /// Delivered while the history is loading: each becomes a frame of its own when it has come. No more than
    /// a window of them: what is older has left the window by then.
    std::vector<classic::chat> waiting;
    bool loaded = false;      ///< `chats` is complete
    bool show_anyway = false; ///< when it is loaded, though nothing is new
    bool outdated = false;    ///< a chat was recalled since the question that is under way
  };

  // from the sink
  void text_received(const std::string&) override {} // a classic client says nothing over the socket
  void writable() override;

  void take_chats(const delivery& d) override;
  void take_history(const history_answer& answer) override;
  void timer_fired(steady_time now) override;
  void ended() override { view_.reset(); }

  void reload();
  void load_window();
  void show(classic::chat chat);
  void send_window();

  std::unique_ptr<view> view_;                     ///< made by the first delivery, dropped when long unused
  std::pair<std::int64_t, std::int64_t> unsent_{}; ///< ids of the first and the last chat that wait; 0: none
  std::optional<steady_time> oldest_unsent_;       ///< commit time of the oldest chat that waits
  bool loading_ = false;                           ///< the history was asked
  bool writing_ = false;                           ///< a frame is on its way
  bool changed_ = false;                           ///< a chat came since the last frame
  bool touched_ = false;                           ///< a delivery came since the last look at idleness
};

} // namespace hongyan
