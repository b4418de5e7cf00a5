/// Who is here: the users of this node and their sessions. Pure; what a session is is for the owner to say.
/// Not thread-safe.
#pragma once

#include "core/chat/presence.hpp"
#include "core/chat/user_id.hpp"

#include <algorithm>
#include <cstdint>
#include <optional>
#include <unordered_map>
#include <utility>
#include <vector>

namespace hongyan {

template <class Session>
class online_table {
public:
  struct listed {
    Session session;
    session_facts facts;
    std::uint64_t number = 0; ///< here, never twice
    std::int64_t stamp = 0;   ///< among the sessions of its user and device, over all nodes
  };
  struct presence {
    std::vector<listed> sessions; ///< never empty
    wall_time since;              ///< of the first of them
  };

  /// Null: the user has no session here. Until the table changes.
  const presence* find(const user_id& user) const {
    const auto found = users_.find(user);
    return found == users_.end() ? nullptr : &found->second;
  }
  bool contains(const user_id& user) const { return users_.contains(user); }
  std::size_t users() const { return users_.size(); }
  std::size_t v1_sessions() const { return v1_sessions_; }
  auto begin() const { return users_.begin(); }
  auto end() const { return users_.end(); }

  const listed& add(const user_id& user, Session session, session_facts facts, std::int64_t stamp,
                    wall_time now) {
    auto& entry = users_[user];
    if (entry.sessions.empty()) entry.since = now;
    v1_sessions_ += facts.is_v1;
    entry.sessions.push_back({std::move(session), std::move(facts), ++last_number_, stamp});
    return entry.sessions.back();
  }

  /// Takes those of a user's sessions out for which `which` holds.
  template <class Which>
  std::vector<listed> take_if(const user_id& user, const Which& which) {
    std::vector<listed> taken;
    const auto entry = users_.find(user);
    if (entry == users_.end()) return taken;
    std::erase_if(entry->second.sessions, [&](listed& l) {
      if (!which(std::as_const(l))) return false;
      v1_sessions_ -= l.facts.is_v1;
      taken.push_back(std::move(l));
      return true;
    });
    if (entry->second.sessions.empty()) users_.erase(entry);
    return taken;
  }

private:
  std::unordered_map<user_id, presence> users_;
  std::size_t v1_sessions_ = 0;
  std::uint64_t last_number_ = 0;
};

} // namespace hongyan
