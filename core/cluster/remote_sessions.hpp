/// The sessions of all other nodes. Pure; not thread-safe.
#pragma once

#include "core/cluster/items.hpp"

#include <cstdint>
#include <unordered_map>
#include <vector>

namespace hongyan::cluster {

/// Another node, as this one counts them: a node that comes back has another number.
using node_number = std::uint32_t;

struct remote_session {
  node_number node = 0;
  std::uint64_t number = 0; ///< on its node
  std::int64_t stamp = 0;
  session_facts facts;
  bool doubted = false;
};

class remote_sessions {
public:
  /// Adds a session; the same one again replaces what was known of it.
  void add(node_number node, session_came came);
  /// Forgets one; answers whether it was known.
  bool remove(node_number node, const user_id& user, std::uint64_t number);
  /// Forgets all of a user; answers how many there were.
  std::size_t remove(const user_id& user);
  /// Forgets a node; answers the users who had sessions there. Goes over all users.
  std::vector<user_id> remove(node_number node);
  /// All of a node may be gone: what add() does not tell again before sweep() is. Goes over all users.
  void doubt(node_number node);
  /// Forgets what of a node is in doubt; answers the users who had such sessions. Goes over all users.
  std::vector<user_id> sweep(node_number node);

  /// Of a user; empty when there are none.
  const std::vector<remote_session>& of(const user_id& user) const;
  bool contains(const user_id& user) const { return users_.contains(user); }

  auto begin() const { return users_.begin(); }
  auto end() const { return users_.end(); }
  std::size_t users() const { return users_.size(); }

private:
  template <class Which>
  std::vector<user_id> remove_if(const Which& which);

  std::unordered_map<user_id, std::vector<remote_session>> users_; ///< none is empty
};

} // namespace hongyan::cluster
