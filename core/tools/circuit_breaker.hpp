/// Stops asking a service that does not answer, so that nobody waits for it in vain and it can recover.
/// Thread-safe.
#pragma once

#include <chrono>
#include <cstddef>
#include <mutex>
#include <optional>

namespace hongyan {

class circuit_breaker {
public:
  using time = std::chrono::steady_clock::time_point;

  /// Opens after so many failures in a row; each `pause` after that one call is let through, to try.
  circuit_breaker(std::size_t failures_max, std::chrono::milliseconds pause)
      : failures_max_(failures_max)
      , pause_(pause) {}

  /// Nothing: call, and tell what came of it. Else how long not to.
  std::optional<std::chrono::milliseconds> refuses(time now) {
    const std::lock_guard lock(mutex_);
    if (failures_ < failures_max_) return {};
    if (now < next_try_) return std::chrono::ceil<std::chrono::milliseconds>(next_try_ - now);
    next_try_ = now + pause_;
    return {};
  }

  void succeeded() {
    const std::lock_guard lock(mutex_);
    failures_ = 0;
  }

  void failed(time now) {
    const std::lock_guard lock(mutex_);
    if (failures_ < failures_max_) ++failures_;
    if (failures_ == failures_max_) next_try_ = now + pause_;
  }

private:
  const std::size_t failures_max_;
  const std::chrono::milliseconds pause_;
  std::mutex mutex_;
  std::size_t failures_ = 0; ///< in a row, at most failures_max_
  time next_try_{};
};

} // namespace hongyan
