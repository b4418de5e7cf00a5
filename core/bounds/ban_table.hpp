/// The bans in force, as far as this node knows. Thread-safe.
#pragma once

#include "core/chat/ban.hpp"
#include "core/errors.hpp"

#include <atomic>
#include <map>
#include <mutex>
#include <optional>
#include <vector>

namespace hongyan {

class ban_table {
public:
  /// The user's ban is this one from now on; one that is over lifts it.
  void note(const ban& what, wall_time now);
  /// Why the user may not do it, if so: forbidden, with the reason "banned" and until when.
  std::optional<error> refusal(const user_id& user, wall_time now);
  std::optional<ban> find(const user_id& user, wall_time now) const;
  /// Ascending by user, behind `after`.
  std::vector<ban> list(const std::string& after, std::size_t limit, wall_time now) const;
  std::size_t size() const { return size_.load(std::memory_order_relaxed); }

private:
  mutable std::mutex mutex_;
  std::map<std::string, ban> bans_;
  std::atomic<std::size_t> size_ = 0; ///< each send asks, and most servers have banned nobody
};

} // namespace hongyan
