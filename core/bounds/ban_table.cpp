#include "core/bounds/ban_table.hpp"

#include "core/tools/wall_time.hpp"

namespace hongyan {

void ban_table::note(const ban& what, wall_time now) {
  const std::lock_guard lock(mutex_);
  if (what.is_over(now))
    bans_.erase(what.user.text());
  else
    bans_.insert_or_assign(what.user.text(), what);
  size_ = bans_.size();
}

std::optional<error> ban_table::refusal(const user_id& user, wall_time now) {
  if (size() == 0) return {};
  const std::lock_guard lock(mutex_);
  const auto found = bans_.find(user.text());
  if (found == bans_.end()) return {};
  if (found->second.is_over(now)) {
    bans_.erase(found);
    size_ = bans_.size();
    return {};
  }
  error why{.code = errc::forbidden, .detail = "this user is banned", .reason = "banned"};
  auto& until = why.until.emplace();
  if (found->second.until) append_utc_time(until, *found->second.until);
  return why;
}

std::optional<ban> ban_table::find(const user_id& user, wall_time now) const {
  const std::lock_guard lock(mutex_);
  const auto found = bans_.find(user.text());
  if (found == bans_.end() || found->second.is_over(now)) return {};
  return found->second;
}

std::vector<ban> ban_table::list(const std::string& after, std::size_t limit, wall_time now) const {
  const std::lock_guard lock(mutex_);
  std::vector<ban> found;
  for (auto at = bans_.upper_bound(after); at != bans_.end() && found.size() < limit; ++at)
    if (!at->second.is_over(now)) found.push_back(at->second);
  return found;
}

} // namespace hongyan
