/// What became of messages on this node: the newest of it, as much as fits. Thread-safe, and cheap enough to
/// be written for each delivery: threads that write at once do so in parts of their own.
#pragma once

#include <array>
#include <chrono>
#include <cstdint>
#include <memory>
#include <mutex>
#include <string>
#include <string_view>
#include <vector>

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

class trace_log {
public:
  /// Before the first note(). 0: nothing is kept.
  void set_memory(std::size_t bytes);

  /// `user` and `session` are cut to what there is room for.
  void note(trace_event::what of, std::int64_t conversation, std::int64_t first, std::int64_t last,
            std::string_view user = {}, std::string_view session = {}, std::uint32_t count = 0);

  /// What is known of a message, the oldest first; of so many events of each kind at most.
  struct found {
    std::vector<trace_event> events{};
    std::size_t taken = 0; ///< sessions whose sockets took it, listed or not
    std::chrono::sys_time<std::chrono::microseconds> first_taken{}, last_taken{};
  };
  found find(std::int64_t conversation, std::int64_t seq, std::int64_t id, std::size_t of_each) const;

private:
  static constexpr std::size_t user_bytes = 42, session_bytes = 16;
  struct record {
    std::int64_t conversation, first, last, at_us;
    std::uint32_t count;
    trace_event::what of;
    std::uint8_t user_length;
    std::array<char, session_bytes> session; ///< all zero: a classic one
    std::array<char, user_bytes> user;
  };
  /// Of some threads. The memory is touched as it is written.
  struct part {
    mutable std::mutex mutex;
    std::unique_ptr<record[]> ring; // NOLINT(*-avoid-c-arrays)
    std::uint64_t written = 0;
  };
  static constexpr std::size_t parts = 8;

  part& of_this_thread();

  std::size_t size_ = 0; ///< records a part
  std::array<part, parts> parts_;
};

} // namespace hongyan
