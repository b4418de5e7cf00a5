#include "core/rate_limit.hpp"

#include <algorithm>

namespace hongyan {

std::optional<std::chrono::milliseconds> rate_limit::take(const std::string& key, time now) {
  if (interval_.count() == 0) return {};
  const std::lock_guard lock(mutex_);
  auto found = full_at_.find(key);
  if (found == full_at_.end()) {
    if (full_at_.size() >= sweep_at_) {
      std::erase_if(full_at_, [&](const auto& bucket) { return bucket.second <= now; });
      sweep_at_ = std::clamp(2 * full_at_.size(), sweep_min, keys_max);
    }
    if (full_at_.size() >= keys_max) return std::chrono::seconds(1);
    found = full_at_.emplace(key, now).first;
  }
  const auto after = std::max(found->second, now) + interval_;
  if (after - now > slack_) return std::chrono::ceil<std::chrono::milliseconds>(after - now - slack_);
  found->second = after;
  return {};
}

} // namespace hongyan
