/// One live WebSocket that speaks v1: JSON-RPC in, answers and notifications out.
///
/// It asks persistence, history and registry, and holds nothing that is not bounded: requests under way, the
/// outbox, the users it watches. What a client misses it fetches by `sync`.
#pragma once

#include "actors/session.hpp"
#include "core/wire/v1/commands.hpp"
#include "core/wire/v1/session_state.hpp"

#include <cstdint>
#include <vector>

namespace hongyan {

class v1_session final : public session {
public:
  /// `traced`: what the client's upgrade is a part of, where it is followed; null: nothing, or nothing is.
  v1_session(caf::actor_config& config, shard& home, user_id user, session_facts facts,
             std::shared_ptr<frame_sink> sink, const session_env& env,
             std::unique_ptr<const trace_context> traced = {})
      : session(config, home, std::move(user), std::move(facts), std::move(sink), env)
      , traced_(std::move(traced)) {}

private:
  using errand = v1::errand;
  static bool is_write(errand what) {
    return what == errand::send || what == errand::change || what == errand::mark;
  }

  /// A request that was not answered yet.
  struct pending {
    std::uint64_t token = 0;
    std::string id; ///< as JSON; empty: a notification, nobody waits
    errand what;
    steady_time due;
  };

  // from the sink
  void text_received(const std::string& text) override;
  void writable() override;

  void opened() override;
  void take_news(const news& n) override;
  void take_notice(const shared_frames& f) override;
  void farewell(close_code code) override;
  bool owes_answers() const override {
    return !is_outdated() && (!pending_.empty() || (state() == phase::active && !outbox_.empty()));
  }
  void timer_fired(steady_time now) override;
  void ended() override;

  /// Says that it was too much; in the end, closes.
  void refuse(const std::string& id, const error& why);

  // one for each kind of command
  void handle(std::string id, new_message&& m);
  void handle(std::string id, change&& what);
  void handle(std::string id, read_mark&& mark);
  void handle(std::string id, v1::show_typing&& typing);
  void handle(std::string id, v1::watch_users&& watch);
  void handle(std::string id, v1::unwatch_users&& unwatch);
  void handle(std::string id, v1::resume&& resume);
  void handle(std::string id, v1::refresh_token&& refresh);
  void handle(std::string id, v1::ping&&);
  template <v1::readable Query>
  void handle(std::string id, Query&& query) {
    ask_history(std::move(id), v1::errand_of<Query>, v1::command(std::move(query)));
  }

  void ask_history(std::string id, errand what, v1::command query);
  void abandon_watch();
  void take_answer(std::uint64_t token, const append_answer& answer);
  void take_answer(std::uint64_t token, const change_answer& answer);
  void take_answer(std::uint64_t token, const read_answer& answer);
  void take_answer(std::uint64_t token, const std::vector<user_id>& online);
  void take_answer(std::uint64_t token, caf::ok_atom unwatched);
  void take_answer(std::uint64_t token, v1_answer& answer);

  /// Why the server cannot take it now.
  std::optional<error> admit(errand what);
  /// Admits a request and notes it as pending. Nothing: refused, and answered so.
  std::optional<std::uint64_t> begin(std::string& id, errand what);
  template <class Answer, class Handle, class... Args>
  void ask(std::uint64_t token, const Handle& to, Args... args);
  /// Answers a pending request; one that was given up is ignored.
  void finish(std::uint64_t token, const result<std::string>& answer);
  void reply(const std::string& id, const result<std::string>& answer);
  /// The store has another epoch than the client was told: nothing of it may be said to who counts in the
  /// old one, not even that a message was stored. The client comes back, is told `reset`, and sends again.
  bool is_outdated() const { return epochs_ != env_.admitted.epochs(); }
  void say(std::string_view text);
  void write(shared_frames frame);
  void arm(steady_time due);

  std::unique_ptr<const trace_context> traced_;
  v1::in_flight under_way_;
  v1::silence silence_{home_.now()};
  v1::moved_positions moved_;
  v1::resume_progress resumed_;
  v1::typing_throttle typing_;
  v1::watch_list watched_;
  v1::outbox outbox_{env_.bounds.outbox_bytes}; ///< behind what the socket is writing
  std::vector<pending> pending_;
  std::uint64_t last_token_ = 0;
  std::uint64_t epochs_ = env_.admitted.epochs();
  std::uint16_t refused_ = 0; ///< shortly after one another
  steady_time refused_at_{};  ///< the last of them
  steady_time armed_for_;
  bool writing_ = false;
};

} // namespace hongyan
