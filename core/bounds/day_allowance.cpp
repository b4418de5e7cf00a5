#include "core/bounds/day_allowance.hpp"

#include <algorithm>
#include <limits>
#include <numeric>

namespace hongyan {

std::optional<std::chrono::milliseconds> day_allowance::take(const std::string& key, std::size_t amount,
                                                             time now) {
  if (a_day_ == 0) return {};
  const auto hour = std::chrono::floor<std::chrono::hours>(now.time_since_epoch()).count();
  const std::lock_guard lock(mutex_);
  auto found = keys_.find(key);
  if (found == keys_.end()) {
    if (keys_.size() >= keys_max)
      std::erase_if(keys_, [&](const auto& entry) { return hour - entry.second.newest >= hours; });
    if (keys_.size() >= keys_max) return {};
    found = keys_.emplace(key, sums{.newest = hour}).first;
  }
  auto& s = found->second;
  for (auto gone = std::max(s.newest + 1, hour - hours + 1); gone <= hour; ++gone)
    s.of_hour[static_cast<std::size_t>(gone % hours)] = 0;
  s.newest = std::max(s.newest, hour);
  auto sum = std::accumulate(s.of_hour.begin(), s.of_hour.end(), std::uint64_t{0});
  if (sum + amount <= a_day_) {
    auto& of_hour = s.of_hour[static_cast<std::size_t>(hour % hours)];
    of_hour = static_cast<std::uint32_t>(
        std::min<std::uint64_t>(of_hour + amount, std::numeric_limits<std::uint32_t>::max()));
    return {};
  }
  // The oldest hours fall out first. A machine that was started within a day has none before its clock began.
  auto until = std::max<std::int64_t>(hour - hours + 1, 0);
  for (; until <= hour && sum + amount > a_day_; ++until)
    sum -= s.of_hour[static_cast<std::size_t>(until % hours)];
  const time then{std::chrono::hours(until + hours - 1)};
  return std::chrono::ceil<std::chrono::milliseconds>(
      std::max(then - now, time::duration(std::chrono::seconds(1))));
}

} // namespace hongyan
