/// What is exchanged while others use it: who got the old one keeps it as long as they need it. Thread-safe.
#pragma once

#include <memory>
#include <mutex>
#include <utility>

namespace hongyan {

template <class T>
class current {
public:
  using pointer = std::shared_ptr<const T>;

  explicit current(T first) : now_(std::make_shared<const T>(std::move(first))) {}

  pointer get() const {
    const std::lock_guard lock(mutex_);
    return now_;
  }
  void set(T next) {
    auto fresh = std::make_shared<const T>(std::move(next));
    const std::lock_guard lock(mutex_);
    now_ = std::move(fresh);
  }

private:
  mutable std::mutex mutex_;
  pointer now_;
};

} // namespace hongyan
