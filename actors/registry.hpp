/// Who is online, and the fan-out of committed messages to their sessions. Who is here
/// (core/chat/online_table.hpp), who watches whom (core/chat/watch_table.hpp) and what is known of peers
/// (core/cluster/peer_view.hpp) are pure; this is what sends.
///
/// Invariant: a session is listed from before its client's upgrade is answered until it ends or is kicked; in
/// a cluster its peers have been told by then.
#pragma once

#include "actors/interfaces.hpp"
#include "actors/log_doubt.hpp"
#include "actors/shard.hpp"
#include "auth/revocations.hpp"
#include "core/bounds/rate_limit.hpp"
#include "core/chat/online_table.hpp"
#include "core/chat/watch_table.hpp"
#include "core/cluster/delivery_order.hpp"
#include "core/cluster/peer_view.hpp"
#include "core/metrics.hpp"

#include <deque>
#include <functional>
#include <span>
#include <vector>

namespace hongyan {

/// Pinned: it works in microseconds, and on a shard it needs no wake-up of CAF's scheduler.
class registry final : public pinned<registry_actor::base> {
public:
  /// `revoked` and `timeline`, which outlive it: where what it hears of revoked tokens and of newer primaries
  /// is noted; null: it hears of none.
  registry(caf::actor_config& config, shard& home, std::string node, flow& admitted, metrics& figures,
           auth::revocations* revoked = nullptr, newest_timeline* timeline = nullptr);

  behavior_type make_behavior() override;
  void on_exit() override;

private:
  /// Of one conversation (contract, section 7: "over 20 a second in a conversation some may be left out").
  static constexpr std::size_t reactions_per_second = 20;

  using online_users = online_table<session_actor>;
  using listed = online_users::listed;
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
  /// After sessions have come or gone.
  void count_users();

  std::int64_t next_stamp(const user_id& user, const std::string& device) const;

  // presence
  bool is_online(const user_id& user) const {
    return users_.contains(user) || peers_.sessions().contains(user);
  }
  void tell_watchers(const user_id& user, bool is_online);
  void tell_presence(const user_id& user, bool is_online);
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
  void tell_edit(const committed_message& edit, steady_time committed);
  void tell_read(const read_note& note);
  void tell_typing(const typing_note& note);
  void tell_own(const own_note& note);
  void tell_reaction(const reaction_note& note);
  void tell_stream(const stream_note& note);
  void drop_stream(const stream_place& at);
  void notify(const std::vector<user_id>& users, std::string_view text, const caf::actor_addr& origin);

  // one node of several: registry_cluster.cpp
  struct unsettled {
    std::uint64_t ticket = 0;
    steady_time since;
    session_actor bound{};          ///< waits for `bound`; or
    std::optional<kicked> answer{}; ///< waits for
    std::size_t count = 0;          ///< this
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
  /// What is followed here is followed there, before they are told of it.
  void follow_on_peers(const std::vector<committed_message>& messages);
  /// `to` 0: all of them.
  void tell_peers(const cluster::item& what, node_number to = 0, std::uint64_t ticket = 0);
  /// The same, and the ticket.
  std::uint64_t tell_peers_and_wait(const cluster::item& what);
  std::vector<user_id> users_here() const;
  /// Everything that a peer is to know of this node.
  void send_snapshot(node_number to);
  void continue_snapshot(node_number to);
  void forward(const std::vector<committed_message>& messages);
  void forward(const read_note& note);
  void forward(const typing_note& note);
  void forward(const block_note& note);
  void forward(const own_note& note);
  void forward(const reaction_note& note);
  void forward(const stream_note& note);
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
  void on_peer_item(node_number from, const cluster::reacted& told);
  void on_peer_item(node_number from, const cluster::stream_grown& grown);
  void on_peer_item(node_number from, const cluster::stream_wanted& wanted);
  void on_peer_item(node_number from, const cluster::trace_wanted& wanted);
  void on_peer_item(node_number from, const cluster::trace_told& told);
  void on_peer_item(node_number, const cluster::message_followed& told);
  /// A question about a message that peers were asked, too.
  struct asked_trace {
    std::uint64_t ticket = 0;
    steady_time until;
    std::vector<node_number> missing;
    trace_answer known;
    caf::typed_response_promise<trace_answer> answer;
  };
  caf::typed_response_promise<trace_answer> trace(const trace_question& about);
  void end_trace(asked_trace& asked);
  void forget(const std::vector<user_id>& left);
  /// Entries may have been missed from about then on.
  void doubt(wall_time from);
  void continue_log_audit(steady_time now);
  void read_log(std::vector<log_range> ranges, wall_time since, std::function<void(bool)> afterwards);
  void fetch_gaps(steady_time now);
  void fetch_gap(std::vector<gap> gaps);

  online_users users_;
  watch_table<session_actor> watches_;
  shard& home_;
  const std::string node_;
  flow& flow_;
  metrics& figures_;
  auth::revocations* revoked_;
  newest_timeline* timeline_;
  streams_actor streams_;
  persistence_actor persistence_;
  bool draining_ = false;
  rate_limit reactions_{{reactions_per_second, reactions_per_second}}; ///< told, by conversation

  // in a cluster
  std::optional<clustering> cluster_;
  cluster::peer_view peers_;
  cluster::delivery_order order_;
  std::deque<unsettled> unsettled_; ///< by ticket
  std::vector<asked_trace> traces_; ///< at most traces_max
  std::uint64_t last_trace_ = 0;
  ticker ticker_{*this};
  steady_time ticked_{};
  wall_time ticked_at_{};
  log_doubt doubt_;
};

} // namespace hongyan
