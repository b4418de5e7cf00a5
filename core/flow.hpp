/// Admission: CAF's mailboxes have no bound, so what may enter them is counted before it is sent.
/// Thread-safe.
#pragma once

#include <atomic>
#include <cstddef>
#include <mutex>
#include <string>

namespace hongyan {

/// A number of things that may be under way at once.
class credit {
public:
  explicit credit(std::size_t limit) : limit_(limit) {}
  credit(const credit&) = delete;
  credit& operator=(const credit&) = delete;

  /// Takes one; false at the limit.
  bool try_take() {
    if (used_.fetch_add(1, std::memory_order_relaxed) < limit_) return true;
    give();
    return false;
  }
  /// Takes one whether or not the limit is met: for what follows from something admitted before.
  void take() { used_.fetch_add(1, std::memory_order_relaxed); }
  void give() { used_.fetch_sub(1, std::memory_order_relaxed); }

  std::size_t used() const { return used_.load(std::memory_order_relaxed); }
  std::size_t limit() const { return limit_; }
  bool exhausted() const { return used() >= limit_; }

private:
  std::atomic<std::size_t> used_ = 0;
  std::size_t limit_;
};

/// Gives a credit back when it goes.
class lease {
public:
  lease() = default;
  /// `taken` has been taken for this lease.
  explicit lease(credit& taken) : credit_(&taken) {}
  lease(lease&& other) noexcept : credit_(other.credit_) { other.credit_ = nullptr; }
  lease& operator=(lease&&) = delete;
  ~lease() {
    if (credit_ != nullptr) credit_->give();
  }

private:
  credit* credit_ = nullptr;
};

/// What the edges look at before they send into the actor system.
struct flow {
  flow(std::size_t backlog, std::size_t deliveries_max, std::size_t history_max)
      : appends(backlog)
      , deliveries(deliveries_max)
      , history(history_max) {}

  credit appends;    ///< messages sent to persistence and not answered yet
  credit deliveries; ///< deliveries sent to sessions and not handled yet
  credit history;    ///< history requests not answered yet

  /// Whether the database stores: set by the persistence actor alone, read by everyone.
  bool database_up() const { return database_up_.load(std::memory_order_acquire); }
  /// Why not; for a person.
  std::string database_fault() const {
    const std::lock_guard lock(mutex_);
    return fault_;
  }
  void set_database(bool up, std::string fault) {
    const std::lock_guard lock(mutex_);
    fault_ = std::move(fault);
    database_up_.store(up, std::memory_order_release);
  }

private:
  std::atomic<bool> database_up_ = false;
  mutable std::mutex mutex_;
  std::string fault_ = "the database has not been reached yet";
};

} // namespace hongyan
