/// The CLUSTER actor: the one of a node that speaks with other nodes, each of which has one. It makes links,
/// numbers and joins what the registry tells peers, and keeps within a window of what they have not handled
/// yet. A link may lose what is on its way; the store is the truth, and the registry looks there.
///
///   directory: a node is there -> reach it -> hello -> linked -> ... -> down
///
/// Of two nodes the one with the lower name reaches for the other; hello carries the way back.
#pragma once

#include "actors/interfaces.hpp"
#include "actors/shard.hpp"
#include "core/cluster/limits.hpp"
#include "core/metrics.hpp"
#include "persistence/store.hpp"

#include <deque>
#include <map>
#include <unordered_map>
#include <unordered_set>

namespace hongyan {

/// An attempt to reach a node has ended.
struct dialed {
  node_row node;    ///< its name is empty when only the address is known
  caf::actor there; ///< its cluster actor; or null:
  std::string fault{};
};

/// How nodes are reached. Outlives the cluster actor.
class peer_links {
public:
  virtual ~peer_links() = default;
  /// Tries to reach a node, or whoever is at an address; the cluster actor is sent `dialed`, in bounded time.
  virtual void reach(const node_row& node, const caf::actor& cluster) = 0;
  /// These may reach us, if they know the secret; which we show them.
  virtual void admit(const node_list& known) = 0;
  /// The connection that was made to that address is with this node.
  virtual void name(const std::string& address, const std::string& node) = 0;
  /// Ends the link with a node, on both sides, whatever is on its way.
  virtual void cut(const std::string& node) = 0;
};

struct cluster_settings {
  std::string node;
  std::uint64_t incarnation = 0;
  std::vector<std::string> join; ///< HOST:PORT of nodes that the directory may not know
  std::chrono::milliseconds heartbeat{};
  /// A peer that has not handled what it was sent so long ago is cut off.
  std::chrono::milliseconds silence{};
};

/// Pinned to the registry's shard. Untyped: what comes from other nodes is not known to be what it says, and
/// what it does not know it drops.
class cluster_actor final : public pinned<caf::event_based_actor> {
public:
  cluster_actor(caf::actor_config& config, const shard& home, cluster_settings settings,
                registry_actor registry, peer_links& links, flow& admitted, metrics& figures);

  void on_exit() override;

  using pinned::enqueue;
  void enqueue(caf::mailbox_element_ptr element, caf::execution_unit* from) override;

protected:
  caf::behavior make_behavior() override;

private:
  struct sent {
    std::uint64_t number;
    std::size_t bytes;
    steady_time at;
  };
  struct ticket {
    std::uint64_t value;
    std::uint64_t number; ///< of the envelope that took it; 0: not yet
  };
  struct peer {
    node_row row;
    caf::actor there;
    std::string waiting{};       ///< items to be sent
    std::deque<sent> sent_off{}; ///< and not handled
    std::size_t sent_bytes = 0;
    std::deque<ticket> tickets{}; ///< not settled
    std::uint64_t last_number = 0;
    std::uint64_t handled = 0;              ///< of the peer's
    bool ack_due = false;                   ///< that more was handled
    std::optional<wall_time> fell_behind{}; ///< since then something was left out
  };

  hello introduction(const std::string& to) const;
  std::string refusal_of(const hello& other) const;
  void meet(node_list known);
  void reach(const node_row& node);
  void reached(const dialed& attempt);
  void met(const dialed& attempt, const hello& answer);
  void cut_slow();
  hello greeted(const hello& other, const caf::actor& there);
  void link(const hello& other, const caf::actor& there, const std::string& address);
  void unlink(node_number node, const std::string& why);
  /// For operators: who is linked.
  void tell_peers();
  void lost(const caf::actor_addr& there);
  void tell(const telling& what);
  void take(const envelope& e);
  void confirm(node_number node, std::uint64_t number);
  void arm();
  void flush();
  void send_off(peer& to);
  void settle();
  std::map<node_number, peer>::const_iterator find(const std::string& name) const;

  const shard& home_;
  const cluster_settings settings_;
  registry_actor registry_;
  peer_links& links_;
  flow& flow_;
  metrics& figures_;
  std::map<node_number, peer> peers_;
  std::unordered_map<std::string, std::string> reaching_; ///< addresses, and the nodes if known
  std::unordered_set<std::string> silent_; ///< addresses that could not be reached, as the log has said
  std::unordered_map<std::string, std::string> joined_; ///< of settings_.join, who was found there
  node_number last_node_ = 0;
  std::uint64_t last_ticket_ = 0;
  std::uint64_t settled_ = 0;
  bool armed_ = false;
};

} // namespace hongyan

CAF_ALLOW_UNSAFE_MESSAGE_TYPE(hongyan::dialed)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(hongyan::node_list)
