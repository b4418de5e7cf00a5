#include "core/cluster/peer_view.hpp"

#include <algorithm>
#include <utility>

namespace hongyan::cluster {

std::optional<wall_time> peer_view::joined(node_number node, peer p, bool fell_behind) {
  std::optional<wall_time> since;
  if (auto left_at = left_at_.extract(p.name)) since = left_at.mapped();
  peers_[node] = std::move(p);
  if (!fell_behind) incoming_.insert(node);
  return since;
}

std::vector<user_id> peer_view::left(node_number node, wall_time now) {
  if (left_at_.size() == left_max) left_at_.clear();
  left_at_[peers_.at(node).name] = now;
  outgoing_.erase(node);
  incoming_.erase(node);
  auto gone = others_.remove(node);
  peers_.erase(node);
  return gone;
}

void peer_view::snapshot_began(node_number from) {
  incoming_.insert(from);
  others_.doubt(from);
}

std::vector<user_id> peer_view::snapshot_ended(node_number from) {
  incoming_.erase(from);
  return others_.sweep(from);
}

void peer_view::begin_snapshot(node_number to, std::vector<user_id> users) {
  outgoing_[to] = {.users = std::move(users)};
}

std::vector<node_number> peer_view::settled(std::uint64_t ticket) const {
  std::vector<node_number> next;
  for (const auto& [node, told] : outgoing_)
    if (told.ticket <= ticket) next.push_back(node);
  return next;
}

std::pair<user_kicked, std::size_t> peer_view::kick(const user_id& user) {
  user_kicked told{user, {}};
  for (const auto& s : others_.of(user)) {
    const auto& [name, incarnation] = peers_.at(s.node);
    told.sessions.push_back({name, s.number});
    kicks_.push_back({{user, {told.sessions.back()}, true}, incarnation});
    if (kicks_.size() > kicks_max) kicks_.pop_front();
  }
  return {std::move(told), others_.remove(user)};
}

/// The sender knew of some of the user's sessions on other nodes, which count no more here. Their nodes are
/// told again from here: else one that the sender did not reach would keep sessions of which others know
/// nothing.
std::vector<std::pair<node_number, user_kicked>> peer_view::kicked(node_number from,
                                                                   const user_kicked& told) {
  std::vector<std::pair<node_number, user_kicked>> again;
  for (const auto& session : told.sessions)
    for (const auto& [node, p] : peers_)
      if (p.name == session.node && node != from && others_.remove(node, told.user, session.number))
        again.emplace_back(node, user_kicked{told.user, {session}, true});
  return again;
}

std::vector<user_kicked> peer_view::kicks_of(std::uint64_t incarnation) const {
  std::vector<user_kicked> all;
  for (const auto& kick : kicks_)
    if (kick.incarnation == incarnation) all.push_back(kick.what);
  return all;
}

std::map<node_number, std::vector<user_id>> peer_view::whereabouts(const std::vector<user_id>& users) const {
  std::map<node_number, std::vector<user_id>> there;
  if (others_.users() == 0) return there;
  for (const auto& user : users)
    for (const auto& s : others_.of(user))
      if (auto& known = there[s.node]; known.empty() || known.back() != user) known.push_back(user);
  return there;
}

} // namespace hongyan::cluster
