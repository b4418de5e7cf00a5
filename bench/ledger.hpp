/// What was pushed, answered and seen: the judge of a push run. Every acknowledged push must be seen at both
/// of its ends, once, and in each conversation in the order of the acknowledgements. Knows no socket and no
/// clock.
#pragma once

#include "core/timer_wheel.hpp"

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>
#include <unordered_set>
#include <vector>

namespace hongyan::bench {

class ledger {
public:
  /// `tag` marks the contents of this run.
  explicit ledger(std::string tag) : tag_(std::move(tag)) {}

  /// A push is about to go out, from one user's index to another's. Returns its number, for content().
  std::uint64_t sent(std::uint32_t from, std::uint32_t to, steady_time due, steady_time at);
  /// Appends the content of push `number`, padded to `bytes`.
  void append_content(std::string& out, std::uint64_t number, std::size_t bytes) const;

  /// Answered with 200. Returns when it was due.
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
  /// The socket of user `at` got a chat, newer than all it got before. Empty when it is none of this run's,
  /// or must not have come.
  std::optional<sighting> seen(std::uint32_t at, std::string_view content);

  /// Pushes whose answer is awaited.
  std::uint64_t unanswered_count() const { return pushes_ - answers_; }
  /// Acknowledged pushes that are not seen at both ends yet.
  std::uint64_t unseen_count() const { return acknowledged_ - complete_; }
  std::uint64_t pushes() const { return pushes_; }
  std::uint64_t complete() const { return complete_; }

  /// A fault that is not a push's own, such as a frame that cannot be read.
  void fault(const std::string& kind, const std::string& example);
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

  /// Kinds of fault with how often, and the first.
  struct tally {
    std::uint64_t count = 0;
    std::string example;
  };

  std::optional<std::uint64_t> number_of(std::string_view content) const;
  void check_order(std::uint32_t at, std::uint64_t number, const entry& e);
  void settle(std::uint64_t number, const entry& e);
  void forget(std::uint64_t number, const entry& e);

  std::string tag_;
  std::unordered_map<std::uint64_t, entry> live_;                 ///< not complete, by number
  std::unordered_map<std::uint64_t, conversation> conversations_; ///< by both indices, the lower one first
  std::unordered_set<std::uint64_t> refused_;
  std::map<std::string, tally> faults_;
  std::uint64_t pushes_ = 0;
  std::uint64_t answers_ = 0;
  std::uint64_t acknowledged_ = 0;
  std::uint64_t complete_ = 0;
};

} // namespace hongyan::bench
