/// How often somebody may do something: a bucket of tokens for each key. Thread-safe.
#pragma once

#include <chrono>
#include <cstddef>
#include <mutex>
#include <optional>
#include <string>
#include <unordered_map>

namespace hongyan {

/// `per_second` on average, `burst` at once. With 0 a second there is no limit.
struct rate {
  std::size_t per_second = 0;
  std::size_t burst = 0;
};

class rate_limit {
public:
  using time = std::chrono::steady_clock::time_point;
  /// Keys that are not full again; beyond it whoever is new has to wait.
  static constexpr std::size_t keys_max = 1'000'000;

  explicit rate_limit(rate r)
      : interval_(r.per_second == 0 ? std::chrono::nanoseconds(0)
                                    : std::chrono::nanoseconds(1'000'000'000 / r.per_second))
      , slack_(interval_ * static_cast<std::chrono::nanoseconds::rep>(r.burst)) {}

  /// Nothing: `cost` was taken, if only there was one: the bucket may go below zero, and is paid off first.
  /// Else how long until there is one.
  std::optional<std::chrono::milliseconds> take(const std::string& key, time now, std::size_t cost = 1);
  /// Takes `cost` whatever there is: of what turned out to cost more after it was let in.
  void charge(const std::string& key, time now, std::size_t cost);

  /// Buckets that are kept.
  std::size_t keys() const {
    const std::lock_guard lock(mutex_);
    return full_at_.size();
  }

private:
  /// When the key's bucket is full again; null: there is no room for another key.
  time* bucket(const std::string& key, time now);

  static constexpr std::size_t sweep_min = 1024;
  std::chrono::nanoseconds interval_;
  std::chrono::nanoseconds slack_;
  mutable std::mutex mutex_;
  /// When each bucket is full again (the "theoretical arrival time" of GCRA, ITU-T I.371): all that a bucket
  /// is.
  std::unordered_map<std::string, time> full_at_;
  std::size_t sweep_at_ = sweep_min; ///< so many are looked through for those that are full again
};

} // namespace hongyan
