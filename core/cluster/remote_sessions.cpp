#include "core/cluster/remote_sessions.hpp"

#include <algorithm>
#include <utility>

namespace hongyan::cluster {

void remote_sessions::add(node_number node, session_came came) {
  auto& sessions = users_[came.user];
  const auto known = std::ranges::find_if(
      sessions, [&](const remote_session& s) { return s.node == node && s.number == came.number; });
  remote_session now{node, came.number, came.stamp, std::move(came.facts), false};
  if (known == sessions.end()) {
    sessions.push_back(std::move(now));
  } else {
    *known = std::move(now);
  }
}

bool remote_sessions::remove(node_number node, const user_id& user, std::uint64_t number) {
  const auto found = users_.find(user);
  if (found == users_.end()) return false;
  const auto removed = std::erase_if(
      found->second, [&](const remote_session& s) { return s.node == node && s.number == number; });
  if (found->second.empty()) users_.erase(found);
  return removed > 0;
}

std::size_t remote_sessions::remove(const user_id& user) {
  const auto found = users_.find(user);
  if (found == users_.end()) return 0;
  const auto count = found->second.size();
  users_.erase(found);
  return count;
}

std::vector<user_id> remote_sessions::remove(node_number node) {
  return remove_if([&](const remote_session& s) { return s.node == node; });
}

void remote_sessions::doubt(node_number node) {
  for (auto& [user, sessions] : users_)
    for (auto& s : sessions) s.doubted |= s.node == node;
}

std::vector<user_id> remote_sessions::sweep(node_number node) {
  return remove_if([&](const remote_session& s) { return s.node == node && s.doubted; });
}

template <class Which>
std::vector<user_id> remote_sessions::remove_if(const Which& which) {
  std::vector<user_id> left;
  for (auto at = users_.begin(); at != users_.end();) {
    auto& [user, sessions] = *at;
    if (std::erase_if(sessions, which) > 0) left.push_back(user);
    at = sessions.empty() ? users_.erase(at) : std::next(at);
  }
  return left;
}

const std::vector<remote_session>& remote_sessions::of(const user_id& user) const {
  static const std::vector<remote_session> none;
  const auto found = users_.find(user);
  return found == users_.end() ? none : found->second;
}

} // namespace hongyan::cluster
