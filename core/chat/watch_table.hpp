/// Which sessions are told when a user comes or goes. Pure; not thread-safe. Bounded by what each session may
/// watch, and by the requests that it may have in flight.
#pragma once

#include "core/chat/user_id.hpp"

#include <unordered_map>
#include <unordered_set>
#include <vector>

namespace hongyan {

template <class Session>
class watch_table {
public:
  /// The session is about to ask whom it may watch. Who blocks its user from now on will not be watched,
  /// although the answer did not know.
  void intend(const Session& s) { ++pending_[s].count; }

  /// It watches these, but for those who have blocked its user meanwhile; answers who is left. Ends one
  /// intention.
  std::vector<user_id> watch(std::vector<user_id> users, const Session& s) {
    if (const auto pending = pending_.find(s); pending != pending_.end()) {
      std::erase_if(users, [&](const user_id& user) { return pending->second.blocked.contains(user); });
      if (--pending->second.count == 0) pending_.erase(pending);
    }
    for (const auto& user : users) watchers_[user].insert(s);
    return users;
  }

  void unwatch(const std::vector<user_id>& users, const Session& s) {
    for (const auto& user : users) stop(user, s);
  }

  /// `blocker` has blocked the user of this session; answers whether it watched them until now.
  bool block(const user_id& blocker, const Session& s) {
    if (const auto pending = pending_.find(s); pending != pending_.end())
      pending->second.blocked.insert(blocker);
    return stop(blocker, s);
  }

  /// A session that ends; what it watches it gives up by itself.
  void forget_intentions(const Session& s) { pending_.erase(s); }

  /// Null: nobody.
  const std::unordered_set<Session>* watchers_of(const user_id& user) const {
    const auto found = watchers_.find(user);
    return found == watchers_.end() ? nullptr : &found->second;
  }

private:
  struct intention {
    std::size_t count = 0;
    std::unordered_set<user_id> blocked{};
  };

  bool stop(const user_id& user, const Session& s) {
    const auto watching = watchers_.find(user);
    if (watching == watchers_.end()) return false;
    const bool watched = watching->second.erase(s) > 0;
    if (watching->second.empty()) watchers_.erase(watching);
    return watched;
  }

  std::unordered_map<user_id, std::unordered_set<Session>> watchers_;
  std::unordered_map<Session, intention> pending_;
};

} // namespace hongyan
