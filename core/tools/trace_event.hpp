/// What may become of messages on a node.
#pragma once

#include <chrono>
#include <cstdint>
#include <string>

namespace hongyan {

struct trace_event {
  /// Told to other nodes by number: never renumber.
  enum class what : std::uint8_t {
    committed = 0, ///< stored, and synced by the database's own commit
    announced = 1, ///< to so many sessions of this node
    taken = 2,     ///< by a session's socket
    queued = 3,    ///< for a session's socket, behind what that has not taken yet
    read = 4,      ///< by a user: all up to `last`
    pushed = 5,    ///< WeChat was asked to tell a user
  };
  what of = what::committed;
  std::int64_t conversation_id = 0; ///< 0: `first` and `last` are messages' ids, else seqs in it
  std::int64_t first = 0;
  std::int64_t last = 0;
  std::uint32_t count = 0; ///< of `announced`
  std::chrono::sys_time<std::chrono::microseconds> at{};
  std::string user{};
  std::string session{}; ///< empty: a classic one
};

} // namespace hongyan
