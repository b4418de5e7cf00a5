/// Who is online, and the fan-out of committed messages to their sessions.
/// Invariant: a session is listed from before its client's upgrade is answered until it ends or is kicked; in
/// a cluster its peers have been told by then.
#pragma once

#include "actors/interfaces.hpp"
#include "actors/log_doubt.hpp"
#include "actors/shard.hpp"
#include "auth/revocations.hpp"
#include "core/cluster/delivery_order.hpp"
#include "core/metrics.hpp"

#include <deque>
#include <functional>
#include <map>
#include <span>
#include <unordered_map>
#include <unordered_set>
#include <vector>

namespace hongyan {

/// Pinned: it works in microseconds, and on a shard it needs no wake-up of CAF's scheduler.
class registry final : public pinned<registry_actor::base> {
public:
  /// Kicked sessions of other nodes that are remembered; of more the oldest are not told again.
  static constexpr std::size_t kicks_max = 1000;

  /// `revoked` and `timeline`, which outlive it: where what it hears of revoked tokens and of newer primaries
  /// is noted; null: it hears of none.
  registry(caf::actor_config& config, shard& home, std::string node, flow& admitted, metrics& figures,
           auth::revocations* revoked = nullptr, newest_timeline* timeline = nullptr);

  behavior_type make_behavior() override;
  void on_exit() override;

private:
  struct listed {
    session_actor session;
    session_facts facts;
    std::uint64_t number = 0; ///< here
    std::int64_t stamp = 0;   ///< among the sessions of its user and device, over all nodes
  };
  struct presence {
    std::vector<listed> sessions; ///< never empty
    wall_time since;              ///< of the first of them
  };
  using gap = cluster::delivery_order::gap;
  using kicked = caf::typed_response_promise<std::size_t>;

  // sessions: registry.cpp
  void bind(const user_id& user, const session_facts& facts, const session_actor& s);
  void unbind(const user_id& user, const session_actor& s);
  /// Ends those sessions of the user that `which` holds for, here.
  std::size_t end_sessions(const user_id& user, close_code code,
                           const std::function<bool(const listed&)>& which);
  std::size_t kick_here(const user_id& user);
  kicked kick(const user_id& user);
  kicked revoke(const revocation& what);
  /// Has the sessions here look at their tokens.
  void tell_revoked(const revocation& what);
  void drain();
  void resync();
  void count_users();

  std::int64_t next_stamp(const user_id& user, const std::string& device) const;

  // presence
  bool is_online(const user_id& user) const { return users_.contains(user) || others_.contains(user); }
  void unwatch(const std::vector<user_id>& users, const session_actor& s);
  void tell_watchers(const user_id& user, bool is_online);
  std::vector<user_id> watch(std::vector<user_id> users, const session_actor& s);
  void block(const block_note& note);
  std::vector<user_id> online_of(const std::vector<user_id>& users) const;
  online_ptr online() const;
  session_list sessions_of(const user_id& user) const;

  // fan-out
  void deliver(const committed_batch& batch);
  void fan_out(const std::vector<committed_message>& messages, steady_time committed);
  void deliver_classic(const std::vector<committed_message>& messages, steady_time committed);
  void deliver_v1(const std::vector<committed_message>& messages, steady_time committed);
  /// Calls `use` for each conversation's messages, in their order; those of one audience together.
  static void by_audience(std::vector<committed_message> messages,
                          const std::function<void(std::span<const committed_message>)>& use);
  void tell_news(std::span<const committed_message> messages, steady_time committed);
  void tell_read(const read_note& note);
  void tell_typing(const typing_note& note);
  void tell_own(const own_note& note);
  void notify(const std::vector<user_id>& users, std::string_view text, const caf::actor_addr& origin);

  // one node of several: registry_cluster.cpp
  struct unsettled {
    std::uint64_t ticket = 0;
    steady_time since;
    session_actor bound{};          ///< waits for `bound`; or
    std::optional<kicked> answer{}; ///< waits for
    std::size_t count = 0;          ///< this
  };
  struct linked {
    std::string name;
    std::uint64_t incarnation = 0;
  };
  /// Of a session of a peer: said again when the peer may have missed it.
  struct told_kick {
    cluster::user_kicked what;
    std::uint64_t incarnation = 0; ///< of the peer
  };
  /// Of this node's sessions, to a peer.
  struct snapshot {
    std::vector<user_id> users; ///< to be told
    std::uint64_t ticket = 0;   ///< of the last that were told
    bool all_sent = false;      ///< all of them, and snapshot_end
  };
  struct ticker final : timer_wheel::timer {
    explicit ticker(registry& r) : of(r) {}
    void fired(steady_time now) override { of.tick(now); }
    registry& of;
  };
  void join(clustering with);
  void change_peer(const peer_change& change);
  void on_peer_items(const peer_items& told);
  void settle(std::uint64_t ticket);
  void tick(steady_time now);
  /// `to` 0: all of them.
  void tell_peers(const cluster::item& what, node_number to = 0, std::uint64_t ticket = 0);
  /// The same, and the ticket.
  std::uint64_t tell_peers_and_wait(const cluster::item& what);
  std::vector<user_id> users_here() const;
  void send_snapshot(node_number to);
  void continue_snapshot(node_number to);
  std::map<node_number, std::vector<user_id>> whereabouts(const std::vector<user_id>& users) const;
  void forward(const std::vector<committed_message>& messages);
  void forward(const read_note& note);
  void forward(const typing_note& note);
  void forward(const block_note& note);
  void forward(const own_note& note);
  void reorder(const std::vector<committed_message>& messages, steady_time committed);
  void on_peer_item(node_number from, const cluster::snapshot_begin&);
  void on_peer_item(node_number from, const cluster::session_came& came);
  void on_peer_item(node_number from, const cluster::session_left& left);
  void on_peer_item(node_number from, const cluster::log_entries& log);
  void on_peer_item(node_number from, const cluster::position_read& read);
  void on_peer_item(node_number from, const cluster::typing& typing);
  void on_peer_item(node_number from, const cluster::user_kicked& told);
  void on_peer_item(node_number from, const cluster::entries_missed&);
  void on_peer_item(node_number from, const cluster::snapshot_end&);
  void on_peer_item(node_number from, const cluster::users_blocked& told);
  void on_peer_item(node_number from, const cluster::own_changed& own);
  void on_peer_item(node_number from, const cluster::tokens_revoked& revoked);
  void on_peer_item(node_number from, const cluster::timeline_met& met);
  void on_peer_item(node_number from, const cluster::epoch_changed& changed);
  void forget(const std::vector<user_id>& left);
  /// Entries may have been missed from about then on.
  void doubt(wall_time from);
  void continue_log_audit(steady_time now);
  void read_log(std::vector<log_range> ranges, wall_time since, std::function<void(bool)> afterwards);
  void fetch_gaps(steady_time now);
  void fetch_gap(std::vector<gap> holes);

  std::unordered_map<user_id, presence> users_;
  /// Who is told when a user comes or goes. Bounded by what each session may watch.
  std::unordered_map<user_id, std::unordered_set<session_actor>> watchers_;
  /// Sessions that are about to watch; how often, and who has blocked their users since they said so. Bounded
  /// by the requests that a session may have in flight.
  struct pending_watch {
    std::size_t count = 0;
    std::unordered_set<user_id> blocked{};
  };
  std::unordered_map<session_actor, pending_watch> pending_watches_;
  std::size_t v1_sessions_ = 0; ///< without any, nothing is encoded for them
  std::uint64_t last_number_ = 0;
  shard& home_;
  const std::string node_;
  flow& flow_;
  metrics& figures_;
  auth::revocations* revoked_;
  newest_timeline* timeline_;
  bool draining_ = false;

  // in a cluster
  std::optional<clustering> cluster_;
  std::unordered_map<node_number, linked> peers_;
  std::deque<told_kick> kicks_;                        ///< the latest
  std::unordered_set<node_number> peers_mid_snapshot_; ///< those of them that have not told all sessions yet
  std::unordered_map<std::string, wall_time> left_at_; ///< when a node left, by name
  cluster::remote_sessions others_;
  cluster::delivery_order order_;
  std::deque<unsettled> unsettled_; ///< by ticket
  std::map<node_number, snapshot> snapshots_;
  std::uint64_t last_ticket_ = 0;
  ticker ticker_{*this};
  steady_time ticked_{};
  wall_time ticked_at_{};
  log_doubt doubt_;
};

} // namespace hongyan
