/// Admission: CAF's mailboxes have no bound, so what may enter them is counted before it is sent.
/// Thread-safe.
#pragma once

#include "core/bounds/ban_table.hpp"
#include "core/bounds/day_allowance.hpp"
#include "core/bounds/limits.hpp"
#include "core/bounds/memory_budget.hpp"
#include "core/bounds/place_table.hpp"
#include "core/bounds/rate_limit.hpp"
#include "core/chat/newest_commits.hpp"

#include <atomic>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <mutex>
#include <optional>
#include <string>
#include <utility>

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
    give(1);
    return false;
  }
  /// Takes them whether or not the limit is met: for what follows from something admitted before.
  void take(std::size_t count) { used_.fetch_add(count, std::memory_order_relaxed); }
  void give(std::size_t count) { used_.fetch_sub(count, std::memory_order_relaxed); }

  std::size_t used() const { return used_.load(std::memory_order_relaxed); }
  std::size_t limit() const { return limit_; }
  bool exhausted() const { return used() >= limit_; }

private:
  std::atomic<std::size_t> used_ = 0;
  std::size_t limit_;
};

/// Gives credits back when it goes.
class lease {
public:
  lease() = default;
  /// `count` have been taken for this lease.
  lease(credit& taken, std::size_t count) : credit_(&taken), count_(count) {}
  lease(lease&& other) noexcept : credit_(std::exchange(other.credit_, nullptr)), count_(other.count_) {}
  lease& operator=(lease&& other) noexcept {
    std::swap(credit_, other.credit_);
    std::swap(count_, other.count_);
    return *this;
  }
  ~lease() {
    if (credit_ != nullptr) credit_->give(count_);
  }

private:
  credit* credit_ = nullptr;
  std::size_t count_ = 0;
};

/// How often somebody may do something. Without limits under --auth none.
struct flow_rates {
  rate sends{};                   ///< a user: messages
  std::size_t day_bytes = 0;      ///< a user: contents of messages within 24 h; 0: without limit
  std::size_t file_day_bytes = 0; ///< a user: files within 24 h; likewise
  rate requests{};                ///< a user: everything else
  rate handshakes{};              ///< an address: new WebSockets
  rate node_handshakes{};         ///< all together: likewise
  rate logins{};                  ///< an address: codes of wx.login
  rate bad_tokens{};              ///< an address: tokens and keys that are not good
};

/// What the edges look at before they send into the actor system. An edge takes a credit for what it sends;
/// the actor that takes it out of its mailbox gives it back once it is answered, whether or not the edge
/// still waits: so the mailbox is bounded.
struct flow {
  flow(std::size_t backlog, std::size_t deliveries_max, std::size_t history_max, const flow_rates& rates = {},
       std::size_t searches_max = 256)
      : appends(backlog)
      , deliveries(deliveries_max)
      , history(history_max)
      , searches(searches_max)
      , contents(rates.day_bytes)
      , file_bytes(rates.file_day_bytes)
      , sends(rates.sends)
      , requests(rates.requests)
      , handshakes(rates.handshakes)
      , node_handshakes(rates.node_handshakes)
      , login_rate(rates.logins)
      , bad_tokens_of(rates.bad_tokens) {}

  credit appends;           ///< writes sent to persistence and not answered yet
  credit deliveries;        ///< committed messages on their way to the registry, and deliveries to sessions
  credit history;           ///< reads not answered yet
  credit searches;          ///< searches not answered yet
  day_allowance contents;   ///< bytes of a user's messages
  day_allowance file_bytes; ///< bytes of a user's uploads
  place_table uploads{uploads_a_user_max}; ///< of a user at once
  credit login_slots{logins_max};          ///< codes of wx.login not answered yet
  /// Bytes kept for clients. Its limit is set before anything runs.
  memory_budget memory;
  // See flow_rates.
  rate_limit sends;
  rate_limit requests;
  rate_limit handshakes;
  rate_limit node_handshakes;
  rate_limit login_rate;
  rate_limit bad_tokens_of; ///< not of the above: who has a bad token can still log in
  /// Live sockets that one user may have; 0: as many as they like. Set before anything runs.
  std::size_t sessions_a_user = 0;
  /// Users that one may block, and groups that one may own; likewise.
  std::size_t blocks_a_user = 0;
  std::size_t groups_a_user = 0;
  /// Presence and profiles are for everybody; else for those with whom one has a conversation. Likewise.
  bool presence_is_public = true;
  ban_table bans;
  /// Webhooks are told who comes and goes.
  std::atomic<bool> tells_presence = false;
  /// Whom a message is for is told of it by WeChat when they are away, after so long; nothing: nobody is.
  /// Set before anything runs.
  std::optional<std::chrono::milliseconds> notice_after;
  /// A look at the database is under way or waits for its turn: it may take seconds, so no other is asked
  /// for.
  std::atomic<bool> look_asked = false;

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

  /// Whether the last reads could be done: set by the history actors, read by everyone.
  bool reads_up() const { return reads_up_.load(std::memory_order_acquire); }
  /// Why not; for a person.
  std::string reads_fault() const {
    const std::lock_guard lock(mutex_);
    return reads_fault_;
  }
  void set_reads(bool up, std::string fault) {
    const std::lock_guard lock(mutex_);
    reads_fault_ = std::move(fault);
    reads_up_.store(up, std::memory_order_release);
  }

  /// How long the write under way has been so; zero: there is none. The writer blocks, so others look from
  /// outside.
  std::chrono::steady_clock::duration writing_for(std::chrono::steady_clock::time_point now) const {
    const auto since = writing_since_.load(std::memory_order_acquire);
    return since == std::chrono::steady_clock::time_point{} ? std::chrono::steady_clock::duration{}
                                                            : now - since;
  }
  /// The persistence actor alone: a write begins, or (time zero) has ended.
  void set_writing(std::chrono::steady_clock::time_point since) {
    writing_since_.store(since, std::memory_order_release);
  }

  /// An actor that the server cannot do without has ended, by a fault; never mended but by a new start.
  std::string dead_actor() const {
    const std::lock_guard lock(mutex_);
    return dead_actor_;
  }
  void set_dead_actor(std::string name) {
    const std::lock_guard lock(mutex_);
    dead_actor_ = std::move(name);
  }

  /// Why this node of a cluster cannot be one now, so that others tell it nothing; empty: it can. Set by the
  /// directory alone.
  std::string cluster_fault() const {
    const std::lock_guard lock(mutex_);
    return cluster_fault_;
  }
  void set_cluster_fault(std::string fault) {
    const std::lock_guard lock(mutex_);
    cluster_fault_ = std::move(fault);
  }

  /// The other nodes that this one is linked with. Set by the cluster actor alone.
  std::vector<std::string> peers() const {
    const std::lock_guard lock(mutex_);
    return peers_;
  }
  void set_peers(std::vector<std::string> names) {
    const std::lock_guard lock(mutex_);
    peers_ = std::move(names);
  }

  /// A message that a peer has committed was delivered here; the newest of those are kept for take_heard().
  void note_heard(const held_message& m) {
    const std::lock_guard lock(mutex_);
    heard_.note(m);
  }
  /// What was noted since it was last asked: the persistence actor's writer looks whether the store has it.
  std::vector<held_message> take_heard() {
    const std::lock_guard lock(mutex_);
    auto all = heard_.all();
    heard_.clear();
    return all;
  }

  /// The store's epoch; empty until the database has been reached once.
  std::string epoch() const {
    const std::lock_guard lock(mutex_);
    return epoch_;
  }
  void set_epoch(std::string epoch) {
    const std::lock_guard lock(mutex_);
    if (epoch == epoch_) return;
    epoch_ = std::move(epoch);
    epochs_.fetch_add(1, std::memory_order_release);
  }
  /// How many epochs there have been: who was told of one may look whether it is still that.
  std::uint64_t epochs() const { return epochs_.load(std::memory_order_acquire); }

private:
  std::atomic<bool> database_up_ = false;
  mutable std::mutex mutex_;
  std::string epoch_;
  std::atomic<std::uint64_t> epochs_ = 0;
  newest_commits heard_;
  std::string cluster_fault_;
  std::vector<std::string> peers_;
  std::string fault_ = "the database has not been reached yet";
  std::atomic<bool> reads_up_ = true;
  std::string reads_fault_;
  std::string dead_actor_;
  std::atomic<std::chrono::steady_clock::time_point> writing_since_{};
};

} // namespace hongyan
