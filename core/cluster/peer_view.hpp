/// What a node knows of its peers, and what they have been told of it. Pure: time is given, and what is to be
/// told is answered, not sent. Not thread-safe.
///
/// A peer that comes is sent a snapshot of all sessions here, in portions, each when the one before was acted
/// on; who comes or leaves meanwhile is told as always. What is told may have a ticket: a number that goes
/// up, and is settled once all who were peers have acted on it. Between two nodes that do not know each
/// other's sessions nothing is told for them, so until both snapshots are through the log is audited (see
/// actors/log_doubt.hpp).
#pragma once

#include "core/cluster/remote_sessions.hpp"

#include <deque>
#include <map>
#include <string>
#include <unordered_map>
#include <unordered_set>
#include <vector>

namespace hongyan::cluster {

class peer_view {
public:
  /// Nodes that left, by name, until they come back; more are forgotten.
  static constexpr std::size_t left_max = 1000;
  /// Sessions that a peer is told of before it has handled those before them: some 100 KB on the link, where
  /// others wait behind them.
  static constexpr std::size_t sessions_a_portion = 1000;
  /// Kicked sessions of other nodes that are remembered; of more the oldest are not told again.
  static constexpr std::size_t kicks_max = 1000;

  struct peer {
    std::string name;
    std::uint64_t incarnation = 0;
  };

  bool empty() const { return peers_.empty(); }
  std::vector<node_number> nodes() const {
    std::vector<node_number> all;
    for (const auto& [node, p] : peers_) all.push_back(node);
    return all;
  }
  bool contains(node_number node) const { return peers_.contains(node); }
  const peer& at(node_number node) const { return peers_.at(node); }
  const remote_sessions& sessions() const { return others_; }

  /// A peer has come, or is to be told all anew (`fell_behind`). Answers when it left, if that is known: what
  /// it was about to commit when it froze has the time of then.
  std::optional<wall_time> joined(node_number node, peer p, bool fell_behind);
  /// Answers the users who had sessions there.
  std::vector<user_id> left(node_number node, wall_time now);

  // What a peer tells of its sessions.
  void snapshot_began(node_number from);
  /// Answers the users whose sessions there are gone.
  std::vector<user_id> snapshot_ended(node_number from);
  void session_came(node_number from, const cluster::session_came& came) { others_.add(from, came); }
  void session_left(node_number from, const cluster::session_left& left) {
    others_.remove(from, left.user, left.number);
  }

  // Snapshots of this node.
  struct portion {
    std::vector<user_id> users; ///< whose sessions are to be told
    bool is_last = false;       ///< the snapshot's end is to be told behind them
    std::uint64_t ticket = 0;   ///< of all of these; when it is settled comes the next
  };
  void begin_snapshot(node_number to, std::vector<user_id> users);
  /// The next portion of at most sessions_a_portion, by `sessions_of`, how many a user has here now. Nothing:
  /// all were told and acted on.
  template <class Count>
  std::optional<portion> next_portion(node_number to, const Count& sessions_of);
  /// The peer may not know yet of all sessions here, or we of all there.
  bool is_mid_snapshot() const { return !incoming_.empty() || !outgoing_.empty(); }
  /// We may not know yet of all sessions there.
  bool is_incoming(node_number from) const { return incoming_.contains(from); }

  std::uint64_t next_ticket() { return ++last_ticket_; }
  /// Whose snapshots go on, now that tickets up to this one are settled.
  std::vector<node_number> settled(std::uint64_t ticket) const;

  /// The user is kicked: forgets their sessions elsewhere. Answers what peers are told, and how many those
  /// were.
  std::pair<user_kicked, std::size_t> kick(const user_id& user);
  /// A peer has told of a kick; answers what others are to be told of sessions that count no more here.
  std::vector<std::pair<node_number, user_kicked>> kicked(node_number from, const user_kicked& told);
  /// Kicks that this peer may have missed.
  std::vector<user_kicked> kicks_of(std::uint64_t incarnation) const;

  /// The other nodes where any of these are online, and who of them.
  std::map<node_number, std::vector<user_id>> whereabouts(const std::vector<user_id>& users) const;

private:
  struct outgoing {
    std::vector<user_id> users; ///< to be told
    std::uint64_t ticket = 0;   ///< of the last portion
    bool all_sent = false;
  };
  /// Of a session of a peer: told again when the peer may have missed it.
  struct told_kick {
    user_kicked what;
    std::uint64_t incarnation = 0; ///< of the peer
  };

  std::unordered_map<node_number, peer> peers_;
  std::unordered_set<node_number> incoming_; ///< those of them that have not told all sessions yet
  std::map<node_number, outgoing> outgoing_;
  std::unordered_map<std::string, wall_time> left_at_; ///< by name
  std::deque<told_kick> kicks_;                        ///< the latest
  remote_sessions others_;
  std::uint64_t last_ticket_ = 0;
};

template <class Count>
std::optional<peer_view::portion> peer_view::next_portion(node_number to, const Count& sessions_of) {
  auto& [users, ticket, all_sent] = outgoing_[to];
  if (all_sent) {
    outgoing_.erase(to);
    return {};
  }
  portion next{.users = {}, .is_last = false, .ticket = next_ticket()};
  ticket = next.ticket;
  for (std::size_t told = 0; told < sessions_a_portion && !users.empty(); users.pop_back())
    if (const std::size_t count = sessions_of(users.back()); count > 0) {
      told += count;
      next.users.push_back(std::move(users.back()));
    }
  next.is_last = all_sent = users.empty();
  return next;
}

} // namespace hongyan::cluster
