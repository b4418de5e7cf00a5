/// A shard over Asio: one io_context, one thread, one timer wheel. Sockets, coroutines and pinned actors of a
/// shard all run on its thread, so none of them takes a lock.
#pragma once

#include "actors/shard.hpp"
#include "core/bounds/turn_queue.hpp"

#include <array>
#include <boost/asio/awaitable.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/steady_timer.hpp>
#include <deque>
#include <memory>
#include <optional>
#include <thread>

namespace hongyan {

namespace asio = boost::asio;

class io_shard final : public shard {
public:
  explicit io_shard(caf::actor_system& system);
  ~io_shard() override;

  /// Starts the thread.
  void start();
  /// Ends the loop and joins. Actors pinned here must have ended before: a job left in the queue would never
  /// run.
  void stop();

  /// Any thread: CAF gives a pinned actor its turn here.
  void exec_later(caf::resumable* job) override;

  steady_time now() const override { return std::chrono::steady_clock::now(); }
  asio::io_context& io() { return io_; }

  /// Waits until all that is ready now has had its turn.
  asio::awaitable<void> yield();
  /// Waits for a turn of `key`: at once while it has any in this round, which is as long as it takes until
  /// all that is ready has had its turn; else behind the others of that key. `again`: the asker has had one
  /// in this round. While all askers are such, rounds are at least a millisecond apart.
  asio::awaitable<void> next_turn(const std::string& key, bool again);

  /// For who moves a large body, each some ten KiB: one at a time, and between two of them all that is ready
  /// has its turn. So what is short waits for one of those at most, however many there are.
  asio::awaitable<void> bulk_turn();

  /// Where sockets of this shard read into; whoever reads uses it up before the next may.
  std::array<char, 65'536>& scratch() { return scratch_; }

private:
  void run();
  void give_turn(caf::intrusive_ptr<caf::resumable> job);
  void tick();
  void begin_round();
  void give_bulk_turn();

  asio::io_context io_{1};
  std::optional<asio::executor_work_guard<asio::io_context::executor_type>> work_;
  asio::steady_timer ticker_;
  asio::steady_timer pacer_;
  turn_queue turns_;
  bool in_round_ = false;       ///< the next one has been posted, or
  bool is_paced_ = false;       ///< waits for the pacer
  bool someone_pauses_ = false; ///< since the last round somebody asked who had waited for the peer
  std::size_t rounds_ = 0;      ///< since nobody wanted a turn
  std::deque<std::unique_ptr<turn_queue::waiter>> bulk_;
  std::thread thread_;
  std::array<char, 65'536> scratch_;
};

} // namespace hongyan
