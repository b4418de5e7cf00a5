/// What v1 promises of a conversation's log, checked: whoever sees it sees each entry once, in the order of
/// seq, without holes, and all see the same; what was acknowledged is in it. Knows no socket and no clock.
#pragma once

#include "bench/faults.hpp"

#include <cstdint>
#include <string>
#include <unordered_map>
#include <unordered_set>
#include <vector>

namespace hongyan::bench {

class log_book {
public:
  /// `user` has the log of `conversation` up to `seq` and is to see the rest. Who was not told of here joins
  /// with the first entry seen, whichever that is.
  void joins(std::uint32_t user, std::int64_t conversation, std::int64_t seq);
  /// Message `number` (1, 2, …) was answered: it is entry `seq`.
  void acknowledged(std::int64_t conversation, std::int64_t seq, std::uint64_t number);
  /// Message `number` was answered with an error: it must not be in any log.
  void refused(std::uint64_t number);
  /// The socket of `user` got entry `seq`; `number` 0: it is no message of this run.
  void seen(std::uint32_t user, std::int64_t conversation, std::int64_t seq, std::uint64_t number);

  /// Those who see a conversation, counted for each that they see.
  std::size_t reader_count() const { return readers_; }
  /// Of these, those who have not seen all that was acknowledged.
  std::size_t behind_count() const;

  /// A fault that is not an entry's own, such as a text that cannot be read.
  void fault(const std::string& kind, const std::string& example) { faults_.add(kind, example); }
  /// Closes the books: what is unseen now is missing. As fault_list::lines().
  std::vector<std::string> faults();

private:
  struct log {
    std::unordered_map<std::int64_t, std::uint64_t> entries; ///< seq to number
    std::unordered_map<std::uint32_t, std::int64_t> readers; ///< user to the last seq seen
    std::int64_t acknowledged = 0;                           ///< the highest seq
  };

  void enter(log& in, std::int64_t seq, std::uint64_t number);

  std::unordered_map<std::int64_t, log> logs_; ///< by conversation
  std::unordered_set<std::uint64_t> entered_;  ///< numbers that are in a log
  std::unordered_set<std::uint64_t> refused_;
  fault_list faults_;
  std::size_t readers_ = 0;
};

} // namespace hongyan::bench
