/// The bytes that the server itself keeps for clients (contract, section 1, `limits.memory`): what was read
/// and is not used up, what was written and is not sent. Thread-safe.
///
/// Whoever keeps something for a client has a charge, on the account of a user, of an address without a
/// token, or on nobody's, and says what it grows and shrinks to. An account over its share loses its largest
/// charge; when all accounts together fill the budget, nothing more is taken in.
#pragma once

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <mutex>
#include <string>
#include <unordered_map>
#include <vector>

namespace hongyan {

class memory_budget {
public:
  /// Contract: one address without tokens may hold 1/16 of all, one user 1/64.
  static constexpr std::size_t address_share = 16;
  static constexpr std::size_t user_share = 64;
  /// Whom the bytes are kept for. `others`: API keys, and addresses under --auth none; they have no share.
  enum class payer : std::uint8_t { address, user, others };

private:
  struct account;
  struct entry;
  struct close_entry {
    void operator()(entry* e) const;
  };

public:
  /// What one holder keeps. Used by one thread at a time; must not outlive its budget. Empty: counts nothing.
  class charge {
  public:
    charge() = default;
    explicit operator bool() const { return entry_ != nullptr; }
    /// So much is kept from now on. False, and nothing has changed: it is more than before, and the budget is
    /// full, or the account is over its share and this is its largest. An atomic or two.
    bool resize(std::size_t bytes);
    std::size_t bytes() const;
    /// Gives all back and is empty.
    void end() { entry_.reset(); }

  private:
    friend class memory_budget;
    explicit charge(entry* e) : entry_(e) {}
    std::unique_ptr<entry, close_entry> entry_;
  };

  /// `limit` 0: no limit.
  explicit memory_budget(std::size_t limit = 0);
  ~memory_budget();
  memory_budget(const memory_budget&) = delete;
  memory_budget& operator=(const memory_budget&) = delete;

  /// Before anything runs.
  void set_limit(std::size_t bytes) { limit_ = bytes; }

  /// A charge of nothing yet. `let_go` is called when it is the largest of an account over its share: by any
  /// thread, under the account's lock, so that it may post and no more; perhaps more than once. Costs a lock
  /// and a place in a table: for who has something to keep.
  charge open(payer kind, const std::string& who, std::function<void()> let_go);

  /// Nothing more is to be taken in.
  bool full() const { return limit_ > 0 && used() >= limit_; }
  std::size_t used() const { return used_.load(std::memory_order_relaxed); }
  std::size_t limit() const { return limit_; }
  /// Times that a charge could not grow, and that a holder was told to let go.
  std::size_t refused() const { return refused_.load(std::memory_order_relaxed); }
  std::size_t cuts() const { return cuts_.load(std::memory_order_relaxed); }

private:
  std::size_t share_of(const account& a) const;
  bool cut_largest(account& a, entry& asks, std::size_t wanted);

  std::size_t limit_;
  std::atomic<std::size_t> used_ = 0;
  std::atomic<std::size_t> refused_ = 0;
  std::atomic<std::size_t> cuts_ = 0;
  std::mutex mutex_;
  std::unordered_map<std::string, std::unique_ptr<account>> accounts_; ///< those with a charge
};

/// What `limits.memory` is when nothing is said, and where that comes from.
struct memory_found {
  std::size_t bytes = 0;
  const char* from = ""; ///< "cgroup" or "machine"
};

/// The memory that this process may use: the cgroup's limit (v2 memory.max of it and those above it, or v1
/// memory.limit_in_bytes) when it is below the machine's. `root` is where the file system begins.
memory_found find_memory(const std::string& root = "/");

} // namespace hongyan
