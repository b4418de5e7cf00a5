/// The judge of a recorded history: what a chat server must never do, by name. Knows no server, no protocol
/// and no socket, only what clients did and saw.
#pragma once

#include "bench/history.hpp"

#include <map>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace hongyan::bench {

enum class anomaly : std::uint8_t {
  lost,                ///< acknowledged (or shown to somebody), but in no final history
  lost_on_one_node,    ///< in the final history of some nodes only
  duplicate_append,    ///< one sender and clientMsgId at two seqs
  aborted_read,        ///< answered with a final error, but shown
  phantom,             ///< shown, but never sent like that
  divergence,          ///< two contents at one seq of a conversation
  hole,                ///< the seqs of a final history are not 1 … n
  real_time_inversion, ///< acknowledged before another was sent, but behind it
  sender_inversion,    ///< sent on one socket before another, but behind it
  skip,                ///< a client did not get an entry, and no sync brought it
  non_monotonic,       ///< a session was shown a seq again, or a lower one
  ack_lie,             ///< acknowledged with another seq than it has
  stale_read,          ///< acknowledged before a history was asked for, but not in it
  cross_user_leak,     ///< shown to, or taken from, somebody who is no member
  liveness,            ///< after the faults a client could not send within 10 s, or not read
};

/// As it is called in reports: `lost-on-one-node`.
std::string_view name_of(anomaly kind);

/// All there are, in the order of the enumeration.
std::span<const anomaly> all_anomalies();

struct finding {
  std::uint64_t count = 0;
  std::vector<std::string> examples{}; ///< the first few: where to look in the history
};

/// What was found; empty: the history is as promised.
struct verdict {
  std::map<anomaly, finding> found{};

  /// One line for each kind: how many, and the examples.
  std::vector<std::string> lines() const;
};

/// Judges a whole run. The events are in the order of `at`. Takes O(n log n) time and O(n) memory.
verdict check(std::span<const event> history);

} // namespace hongyan::bench
