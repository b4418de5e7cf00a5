/// Entries of one conversation are committed on several nodes and come over several links: this puts them
/// back into the order of seq, each once. Pure: time is given. Not thread-safe.
///
/// What comes before its predecessor is held back. A predecessor that does not come within hold_limit is a
/// gap, which the owner fetches from the store; what cannot be fetched is given up, and clients see a gap
/// in seq, after which they `sync` (contract, section 3).
#pragma once

#include "core/chat/message.hpp"
#include "core/tools/timer_wheel.hpp"

#include <chrono>
#include <cstdint>
#include <map>
#include <optional>
#include <unordered_map>
#include <vector>

namespace hongyan::cluster {

class delivery_order {
public:
  /// Between two nodes an entry takes a millisecond or two.
  static constexpr std::chrono::milliseconds hold_limit{100};
  /// So long a conversation without entries is remembered, at least: longer than the store is asked about
  /// after a fault.
  static constexpr std::chrono::seconds memory{60};
  /// Conversations remembered, at most twice as many; beyond, those without entries for the longest are
  /// forgotten sooner.
  static constexpr std::size_t conversations_max = 131'072;
  /// A wider gap is not worth waiting for: its conversation had nobody online here meanwhile.
  static constexpr std::int64_t gap_max = 500;
  /// Entries held back, over all conversations; beyond, gaps stay gaps.
  static constexpr std::size_t held_max = 10'000;

  struct gap {
    std::int64_t conversation_id = 0;
    std::int64_t after_seq = 0;  ///< exclusive
    std::int64_t before_seq = 0; ///< exclusive
  };

  /// An entry that followed another so closely may come before that one, which another node has committed.
  /// The time is two nodes' clocks apart.
  static constexpr std::chrono::seconds close_behind{15};

  /// Entries before that one that may be missing as well.
  static constexpr std::int64_t looked_back = 20;

  /// Takes an entry; appends to `out` what may go out now. An entry that was given out before is ignored. The
  /// first of a conversation sets its position, unless it followed another close behind: then it waits for
  /// that one, as if its conversation had been known.
  void offer(committed_message entry, steady_time now, std::vector<committed_message>& out);

  /// The gaps that have been open for hold_limit, each only once.
  std::vector<gap> overdue(steady_time now);

  /// Gives up what is missing below `before_seq`: what waited behind it goes out. A gap above it stays one.
  void give_up(std::int64_t in, std::int64_t before_seq, std::vector<committed_message>& out);

  /// The last seq given out, when it is remembered, and anything was.
  std::optional<std::int64_t> position(std::int64_t in) const;

  std::size_t held() const { return held_; }

private:
  struct conversation {
    std::int64_t last_seq = 0;
    std::map<std::int64_t, committed_message> waiting{}; ///< by seq, all above last_seq + 1
    steady_time since{};                                 ///< the gap is open
    bool asked = false;                                  ///< overdue() has named it
    bool begun = false; ///< something was given out; else last_seq is below what may have come before
  };
  using conversations = std::unordered_map<std::int64_t, conversation>;

  static bool is_close_behind(const message& m);
  conversation* find(std::int64_t id);
  void make_room(steady_time now);
  void release(conversation& from, std::vector<committed_message>& out);
  void close_gap(std::int64_t id, conversation& c, steady_time now);

  conversations young_;
  conversations old_;              ///< nothing came for them since the last turn
  std::vector<std::int64_t> open_; ///< conversations with a gap
  steady_time turned_{};
  std::size_t held_ = 0;
};

} // namespace hongyan::cluster
