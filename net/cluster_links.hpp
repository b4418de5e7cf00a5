/// Reaches other nodes: through the fence, then with CAF's distribution.
#pragma once

#include "actors/cluster.hpp"
#include "net/cluster_fence.hpp"

namespace hongyan {

/// What CAF's distribution needs, before the actor system is made.
void load_distribution(caf::actor_system_config& config);

class cluster_links final : public peer_links {
public:
  cluster_links(caf::actor_system& system, cluster_fence& fence) : system_(system), fence_(fence) {}

  /// Lets peers reach `cluster`, of the node of this name. Errors: unavailable, with the reason.
  result<void> open(const caf::actor& cluster, const std::string& node);

  void reach(const node_row& node, const caf::actor& cluster) override;
  void admit(const node_list& known) override;
  void name(const std::string& address, const std::string& node) override;
  void cut(const std::string& node) override { fence_.cut(node); }

private:
  caf::actor_system& system_;
  cluster_fence& fence_;
};

} // namespace hongyan
