#include "auth/revocations.hpp"

namespace hongyan::auth {

bool revocations::note(const user_id& user, std::int64_t at_us) {
  const std::lock_guard lock(mutex_);
  auto& known = at_us_[user];
  if (known >= at_us) return false;
  known = at_us;
  return true;
}

bool revocations::covers(const user_id& user, const std::optional<std::int64_t>& issued_us) const {
  const std::lock_guard lock(mutex_);
  const auto found = at_us_.find(user);
  return found != at_us_.end() && (!issued_us || *issued_us <= found->second);
}

void revocations::forget_old(std::int64_t now_us) {
  const auto oldest = now_us - std::chrono::microseconds(revocation_life).count();
  const std::lock_guard lock(mutex_);
  std::erase_if(at_us_, [&](const auto& known) { return known.second < oldest; });
}

std::size_t revocations::size() const {
  const std::lock_guard lock(mutex_);
  return at_us_.size();
}

} // namespace hongyan::auth
