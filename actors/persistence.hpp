/// The persistence actor: the one that writes. It clocks itself: what waits in its mailbox while a commit
/// runs is the next batch. A flush message that it sends to itself goes behind all that came meanwhile, and
/// so marks the end of the batch. Light load gives batches of one, heavy load batches of hundreds.
#pragma once

#include "actors/interfaces.hpp"
#include "core/flow.hpp"
#include "core/metrics.hpp"

#include <memory>
#include <vector>

namespace hongyan {

struct persistence_state {
  static inline const char* name = "persistence";

  persistence_actor::stateful_base<persistence_state>* self = nullptr;
  std::shared_ptr<message_writer> writer;
  registry_actor registry;
  flow* admitted = nullptr;
  metrics* figures = nullptr;

  using promise = caf::typed_response_promise<append_answer>;
  std::vector<new_message> batch; ///< collected, not committed
  std::vector<promise> promises;  ///< of `batch`, in its order
  struct reader_mark {
    read_mark mark;
    caf::actor_addr origin;
    caf::typed_response_promise<read_answer> answer_to;
  };
  std::vector<reader_mark> reads; ///< collected, not committed
  bool armed = false;             ///< a flush is on its way
  bool in_doubt = false;          ///< `batch` was sent and its outcome is not known; nothing is added to it

  std::size_t last_size = 0; ///< of the last batch
  steady_time last_end{};    ///< of the last commit
  steady_time::duration last_took{};

  promise append(new_message&& m);
  caf::typed_response_promise<read_answer> mark(read_mark&& m);
  change_answer change_now(const change& what);
  void flush();
  void tick();
  /// Delivers an answer to everyone whose message is in limbo; for the actor's end.
  void give_up();

private:
  void arm();
  void commit();
  void commit_reads();
  void look();
  void deliver(std::shared_ptr<committed_batch> committed);
  void answer(const std::vector<append_outcome>& outcomes);
  void fail(const error& e);
  void clear_batch();
  void publish_epoch();
  void set_state(bool up, const std::string& fault);
};

/// Detached. `writer` is used by this actor alone. Give up means: on exit each waiting promise gets an error,
/// since CAF tells nobody that a promise was dropped.
persistence_actor::behavior_type persistence(persistence_actor::stateful_pointer<persistence_state> self,
                                             std::shared_ptr<message_writer> writer, registry_actor registry,
                                             flow* admitted, metrics* figures);

} // namespace hongyan
