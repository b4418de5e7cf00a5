/// What became of messages on this node: the newest of it, as much as fits. Thread-safe, and cheap enough to
/// be written for each delivery: threads that write at once do so in parts of their own.
#pragma once

#include "core/tools/span_log.hpp"
#include "core/tools/trace_event.hpp"

#include <array>
#include <chrono>
#include <cstdint>
#include <memory>
#include <mutex>
#include <string>
#include <string_view>
#include <vector>

namespace hongyan {

class trace_log {
public:
  /// `spans` are told of all that is noted.
  explicit trace_log(span_log* spans = nullptr) : spans_(spans) {}

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

  span_log* spans_;
  std::size_t size_ = 0; ///< records a part
  std::array<part, parts> parts_;
};

} // namespace hongyan
