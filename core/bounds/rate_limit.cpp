#include "core/bounds/rate_limit.hpp"

#include <algorithm>

namespace hongyan {

rate_limit::time* rate_limit::bucket(const std::string& key, time now) {
  auto found = full_at_.find(key);
  if (found == full_at_.end()) {
    if (full_at_.size() >= sweep_at_) {
      std::erase_if(full_at_, [&](const auto& bucket) { return bucket.second <= now; });
      sweep_at_ = std::clamp(2 * full_at_.size(), sweep_min, keys_max);
    }
    if (full_at_.size() >= keys_max) return nullptr;
    found = full_at_.emplace(key, now).first;
  }
  return &found->second;
}

std::optional<std::chrono::milliseconds> rate_limit::take(const std::string& key, time now,
                                                          std::size_t cost) {
  if (interval_.count() == 0) return {};
  const std::lock_guard lock(mutex_);
  auto* const full_at = bucket(key, now);
  if (full_at == nullptr) return std::chrono::seconds(1);
  const auto begin = std::max(*full_at, now);
  const auto after_one = begin + interval_;
  if (after_one - now > slack_) return std::chrono::ceil<std::chrono::milliseconds>(after_one - now - slack_);
  *full_at = begin + interval_ * static_cast<std::chrono::nanoseconds::rep>(cost);
  return {};
}

void rate_limit::charge(const std::string& key, time now, std::size_t cost) {
  if (interval_.count() == 0 || cost == 0) return;
  const std::lock_guard lock(mutex_);
  if (auto* const full_at = bucket(key, now))
    *full_at = std::max(*full_at, now) + interval_ * static_cast<std::chrono::nanoseconds::rep>(cost);
}

} // namespace hongyan
