/// Whose turn it is on a thread that many share: in each round everybody has so many turns, and who wants
/// more waits for the next round behind its own others. Not thread-safe.
#pragma once

#include <cstddef>
#include <deque>
#include <memory>
#include <string>
#include <unordered_map>

namespace hongyan {

class turn_queue {
public:
  class waiter {
  public:
    virtual ~waiter() = default;
    virtual void run() = 0;
  };

  explicit turn_queue(std::size_t turns_a_round) : turns_a_round_(turns_a_round) {}

  /// Takes a turn of this round. False: the key has had all of its, or others of it wait already.
  bool take(const std::string& key);
  /// `w` runs in one of the next rounds.
  void wait(const std::string& key, std::unique_ptr<waiter> w);
  /// Runs those whose turn it is now; they may take and wait anew. False: nobody has had a turn nor waits, so
  /// no round need follow until somebody does.
  bool next_round();

  std::size_t waiting() const { return waiting_; }

private:
  struct line {
    std::size_t taken = 0;
    std::deque<std::unique_ptr<waiter>> waiting{};
  };

  const std::size_t turns_a_round_;
  std::unordered_map<std::string, line> lines_; ///< of those who had a turn in this round, or wait
  std::size_t waiting_ = 0;
};

} // namespace hongyan
