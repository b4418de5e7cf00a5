/// What was pushed, answered and seen: the judge of a push run. Every acknowledged push must be seen at both
/// of its ends, once, and in each conversation in the order of the acknowledgements. Knows no socket, no
/// protocol and no clock.
#pragma once

#include "bench/faults.hpp"
#include "core/tools/timer_wheel.hpp"

#include <cstdint>
#include <optional>
#include <string>
#include <unordered_map>
#include <unordered_set>
#include <vector>

namespace hongyan::bench {

class ledger {
public:
  /// A push is about to go out, from one user's index to another's. Returns its number, the first is 1.
  std::uint64_t sent(std::uint32_t from, std::uint32_t to, steady_time due, steady_time at);

  /// Answered: it is stored. Returns when it was due.
  steady_time acknowledged(std::uint64_t number, steady_time at);
  /// Answered with an error: it must never be seen.
  void refused(std::uint64_t number);
  /// Not answered: it may be seen or not.
  void unanswered(std::uint64_t number);

  /// A push seen at one of its ends for the first time.
  struct sighting {
    steady_time due;
    bool by_receiver;
  };
  /// The socket of user `at` got push `number`, behind all that it got before. Empty when it must not have
  /// come.
  std::optional<sighting> seen(std::uint32_t at, std::uint64_t number);

  /// Pushes whose answer is awaited.
  std::uint64_t unanswered_count() const { return pushes_ - answers_; }
  /// Acknowledged pushes that are not seen at both ends yet.
  std::uint64_t unseen_count() const { return acknowledged_ - complete_; }
  std::uint64_t pushes() const { return pushes_; }
  std::uint64_t complete() const { return complete_; }

  /// A fault that is not a push's own, such as a frame that cannot be read.
  void fault(const std::string& kind, const std::string& example) { faults_.add(kind, example); }
  /// Closes the books: what is unseen now is missing. One line for each kind of fault, with how many and an
  /// example; none: all is as promised.
  std::vector<std::string> faults();

private:
  enum class answer : std::uint8_t { awaited, yes, none };

  /// The pushes of two users that are not complete, in the order sent.
  struct conversation {
    std::vector<std::uint64_t> open;
  };

  struct entry {
    std::uint32_t from;
    std::uint32_t to;
    steady_time due;
    steady_time sent_at;
    steady_time acknowledged_at{};
    conversation* in = nullptr;
    answer answered = answer::awaited;
    bool sender_saw = false;
    bool receiver_saw = false;

    bool seen_at(std::uint32_t user) const { return user == to ? receiver_saw : sender_saw; }
  };

  void check_order(std::uint32_t at, std::uint64_t number, const entry& e);
  void settle(std::uint64_t number, const entry& e);
  void forget(std::uint64_t number, const entry& e);

  std::unordered_map<std::uint64_t, entry> live_;                 ///< not complete, by number
  std::unordered_map<std::uint64_t, conversation> conversations_; ///< by both indices, the lower one first
  std::unordered_set<std::uint64_t> refused_;
  fault_list faults_;
  std::uint64_t pushes_ = 0;
  std::uint64_t answers_ = 0;
  std::uint64_t acknowledged_ = 0;
  std::uint64_t complete_ = 0;
};

} // namespace hongyan::bench
