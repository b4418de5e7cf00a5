/// The streams actor: has the messages that are written at this node while they are read. What is added is
/// told at once and stored every two seconds; who writes on at another node finds it there, since that asks
/// this one to let go.
#pragma once

#include "actors/interfaces.hpp"
#include "actors/shard.hpp"
#include "core/chat/stream.hpp"
#include "core/metrics.hpp"

#include <functional>
#include <map>
#include <string>
#include <vector>

namespace hongyan {

/// Streams that one node has open; beyond, nobody begins another.
inline constexpr std::size_t streams_max = 10'000;
/// And of those that one user writes.
inline constexpr std::size_t streams_a_user_max = 8;

/// Pinned to a shard, for its timers.
class streams final : public pinned<streams_actor::base> {
public:
  streams(caf::actor_config& config, shard& home, std::string node, persistence_actor persistence,
          registry_actor registry, flow& admitted, metrics& figures);

  behavior_type make_behavior() override;
  void on_exit() override;

private:
  struct live {
    open_stream of;
    std::size_t chars = 0;                      ///< of its content
    std::size_t told_chars = 0, told_bytes = 0; ///< of it, to who reads it
    steady_time told{};                         ///< when that was
    bool has_grown = false;                     ///< since it was stored
    bool is_busy = false;                       ///< it is being stored, or ended
    bool is_ending = false;                     ///< nothing is added any more
    steady_time written{};                      ///< when something was added last
    steady_time stored{};                       ///< when that was tried last
  };
  struct ticker final : timer_wheel::timer {
    explicit ticker(streams& s) : of(s) {}
    void fired(steady_time now) override { of.tick(now); }
    streams& of;
  };
  /// What there is of a stream, or why there is none. `is_fresh`: as the store just said; else another node
  /// may have taken it over by force, and this one does not know.
  struct finding {
    result<live*> stream;
    bool is_fresh = false;
  };
  using when_open = std::function<void(const finding&)>;

  caf::typed_response_promise<stream_begun> begin(stream_begin&& what);
  void write(const stream_delta& what, caf::typed_response_promise<stream_written> answer_to);
  void finish(const stream_finish& what, caf::typed_response_promise<stream_finished> answer_to);
  void drop(const stream_place& at);
  void drain();
  void tick(steady_time now);

  std::optional<error> no_room(const stream_writer& by) const;
  void begun(const stream_begin& what, const append_answer& answer,
             caf::typed_response_promise<stream_begun> answer_to);
  void open(const std::string& id, const stream_writer& by, when_open then);
  void take_over(const std::string& id, const stream_writer& by, int attempt);
  void opened(const std::string& id, const result<live*>& found);
  stream_written add(live& to, const stream_delta& what);
  void store(const std::string& id, live& what);
  void let_go(const std::string& id);
  void let_go_where(const std::function<bool(const live&)>& is_meant);
  void let_go_of_all();
  void gone(const std::string& id, const live& kept, const change_answer& answer);
  void forget(const std::string& id);
  void count();
  /// `then` gets the message as it is now, or why it has not ended.
  void end(const std::string& id, live& what, std::string content, std::function<void(stream_finished)> then);
  void sweep();
  void tell_new(live& of);
  void tell_all(live& of);
  /// Asks persistence, in the line of who writes, so that all of one stream is in order; `then` gets its
  /// answer.
  void ask(const stream_writer& by, change_action action, std::function<void(change_answer&)> then);

  shard& home_;
  const std::string node_;
  persistence_actor persistence_;
  registry_actor registry_;
  flow& flow_;
  metrics& figures_;
  bool draining_ = false;
  std::map<std::string, live> open_;
  /// Those who wait for a stream that is on its way here.
  struct waiting {
    stream_writer by;
    when_open then;
  };
  std::map<std::string, std::vector<waiting>> coming_;
  /// Of those that another node has: when it is asked again.
  struct retry {
    steady_time due{};
    std::string id;
    stream_writer by;
    int attempt = 0;
  };
  std::vector<retry> retries_;
  std::size_t beginning_ = 0;
  std::size_t leaving_ = 0; ///< being stored, and here no more
  steady_time swept_{};
  steady_time ticked_{}; ///< the last turn of the ticker
  ticker ticker_{*this};
};

} // namespace hongyan
