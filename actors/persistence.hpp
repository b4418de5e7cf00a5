/// The persistence actor: the one that writes. What waits is in a line for each user, and the users take
/// turns by cost (core/bounds/fair_queue.hpp), so that whoever asks for much waits behind themselves. It
/// clocks itself: what waits in its mailbox while a commit runs is the next batch. A flush message that it
/// sends to itself goes behind all that came meanwhile, and so marks the end of the batch. Light load gives
/// batches of one, heavy load batches of hundreds.
#pragma once

#include "actors/interfaces.hpp"
#include "core/bounds/fair_queue.hpp"
#include "core/bounds/flow.hpp"
#include "core/metrics.hpp"
#include "persistence/changes.hpp"

#include <memory>
#include <optional>
#include <string>
#include <variant>
#include <vector>

namespace hongyan {

struct persistence_state {
  static inline const char* name = "persistence";

  persistence_actor::stateful_base<persistence_state>* self = nullptr;
  std::shared_ptr<message_writer> writer;
  registry_actor registry;
  flow* admitted = nullptr;
  metrics* figures = nullptr;
  bool has_files = false; ///< there is a file store

  using promise = caf::typed_response_promise<append_answer>;
  struct waiting_send {
    new_message message;
    promise answer_to;
  };
  struct waiting_change {
    change what;
    caf::actor_addr origin;
    caf::typed_response_promise<change_answer> answer_to;
  };
  struct reader_mark {
    read_mark mark;
    caf::actor_addr origin;
    caf::typed_response_promise<read_answer> answer_to;
  };
  using work = std::variant<waiting_send, reader_mark, waiting_change>;
  /// What a line may cost in one turn. A mark costs 1, a send 1 and more for each KiB; a change its own
  /// transaction, and what it names.
  static constexpr std::size_t quantum = 32;
  static constexpr std::size_t transaction_cost = 16;
  fair_queue<work> waiting{quantum};
  // Of the turn at hand:
  std::vector<new_message> batch;      ///< to be committed, or in doubt
  std::vector<promise> promises;       ///< of `batch`, in its order
  std::vector<reader_mark> reads;      ///< to be committed
  std::vector<waiting_change> changes; ///< likewise: such as may share a transaction
  bool armed = false;                  ///< a flush is on its way
  bool in_doubt = false; ///< `batch` was sent and its outcome is not known; nothing else is taken in

  std::optional<bool> told_up; ///< as the log has said
  std::uint64_t set_backs = 0; ///< that have been told; see store_watch
  std::string host;            ///< where it stores, as last told; likewise
  std::uint32_t timeline = 0;
  std::string trouble;             ///< of checkpoints, as last told
  steady_time checkpoint_logged{}; ///< when a checkpoint's trouble was last logged

  std::size_t last_size = 0; ///< of the last batch
  steady_time last_end{};    ///< of the last commit
  steady_time::duration last_took{};

  promise append(new_message&& m);
  caf::typed_response_promise<read_answer> mark(read_mark&& m);
  caf::typed_response_promise<change_answer> change_later(change&& what);
  void flush();
  void tick();
  /// Delivers an answer to everyone whose message is in limbo; for the actor's end.
  void give_up();

private:
  void arm();
  /// Takes it into its user's line; or refuses it: it is too much of one user's, or nothing is taken now.
  void enqueue(const std::string& user, std::size_t cost, work&& what);
  void refuse(work& what, const error& why);
  void refuse_all(const error& why);
  void take_turn();
  void commit_change(waiting_change& asked);
  void commit_changes();
  /// Has others told what a change has made, and answers it.
  change_answer tell(const change& what, const caf::actor_addr& origin, change_outcome&& done);
  void note_failed_change(const error& why);
  bool find_files();
  void find_reactions(std::vector<append_outcome>& outcomes);
  void commit();
  void commit_reads();
  void look();
  void deliver(std::shared_ptr<committed_batch> committed);
  void answer(const std::vector<append_outcome>& outcomes);
  void fail(const error& e);
  void clear_batch();
  void publish_host(const store_watch& seen);
  void publish_epoch(const store_watch& seen);
  void set_state(bool up, const std::string& fault);
  void publish_watch();
  /// Runs a write, so that others see how long it takes. A store answers by values; what it throws all the
  /// same is a fault of ours, after which nobody knows.
  template <class T, class Work>
  result<T> write(Work work);
};

/// Detached. `writer` is used by this actor alone. Give up means: on exit each waiting promise gets an error,
/// since CAF tells nobody that a promise was dropped.
persistence_actor::behavior_type persistence(persistence_actor::stateful_pointer<persistence_state> self,
                                             std::shared_ptr<message_writer> writer, registry_actor registry,
                                             flow* admitted, metrics* figures, bool has_files);

} // namespace hongyan
