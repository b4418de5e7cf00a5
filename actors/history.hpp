/// The history actor: the one that reads. What waits is in a line for each user, and the users take turns:
/// whoever asks for much waits behind themselves.
#pragma once

#include "actors/interfaces.hpp"
#include "core/bounds/fair_queue.hpp"
#include "core/metrics.hpp"

#include <functional>
#include <memory>
#include <optional>

namespace hongyan {

struct history_state {
  static inline const char* name = "history";
  /// Rows that a user's line may cost in one turn: a page of a conversation list, or of history.
  static constexpr std::size_t quantum = 64;

  history_actor::stateful_base<history_state>* self = nullptr;
  std::shared_ptr<message_reader> reader;
  flow* admitted = nullptr;
  metrics* figures = nullptr;

  struct waiting_read {
    std::function<void()> serve;  ///< reads, and answers
    std::function<void()> refuse; ///< at the actor's end
  };
  fair_queue<waiting_read> waiting{quantum};
  bool armed = false; ///< a flush is on its way
  unsigned failures = 0;
  bool is_down = false;

  /// Refuses at once what is beyond its user's share (reads_a_user_max). `taken`: one of it was, until the
  /// answer.
  template <class Answer>
  caf::typed_response_promise<Answer> enqueue(const std::string& user, std::size_t cost,
                                              std::function<Answer()> read, credit& taken);
  void serve();
  void look();
  void give_up();

private:
  void arm();
  void note(const std::optional<error>& failure);
};

/// Detached. `reader` is used by this actor alone; `admitted` knows the epoch, and is told when nothing can
/// be read.
history_actor::behavior_type history(history_actor::stateful_pointer<history_state> self,
                                     std::shared_ptr<message_reader> reader, flow* admitted,
                                     metrics* figures);

} // namespace hongyan
