#include "net/cluster_links.hpp"

#include <caf/io/all.hpp>

namespace hongyan {

namespace {

/// For CAF's own handshake, over a connection that is there.
constexpr std::chrono::seconds connect_deadline{3};

/// Asks CAF for the actor at the other end, and ends.
caf::behavior connect(caf::event_based_actor* self, unsigned short port, const node_row& node,
                      const caf::actor& cluster) {
  const auto tell = [self, node, cluster](caf::actor there, std::string fault) {
    self->send(cluster, dialed_atom::value, dialed{node, std::move(there), std::move(fault)});
    self->quit();
  };
  self->request(self->system().middleman().actor_handle(), connect_deadline, caf::connect_atom::value,
                std::string("127.0.0.1"), std::uint16_t{port})
      .then(
          [tell](const caf::node_id&, const caf::strong_actor_ptr& there, const std::set<std::string>&) {
            if (there)
              tell(caf::actor_cast<caf::actor>(there), {});
            else
              tell(nullptr, "it is no node of a cluster");
          },
          [tell, self](const caf::error& e) { tell(nullptr, self->system().render(e)); });
  return {};
}

/// What a node's certificate may be made out to: its name, or the host at which it is reached.
std::vector<std::string> names_of(const node_row& node) {
  std::vector<std::string> names;
  if (!node.name.empty()) names.push_back(node.name);
  if (const auto at = listen_address::parse(node.address)) names.push_back(at->host);
  return names;
}

} // namespace

void load_distribution(caf::actor_system_config& config) {
  config.load<caf::io::middleman>();
  config.set("middleman.heartbeat-interval", caf::timespan{cluster_fence::heartbeat});
  // What comes is taken apart on CAF's network thread: its workers would keep the scheduler polling.
  config.set("middleman.workers", std::size_t{0});
}

result<void> cluster_links::open(const caf::actor& cluster, const std::string& node) {
  const auto port = system_.middleman().publish(cluster, 0, "127.0.0.1");
  if (!port) return error{errc::unavailable, "--cluster-listen: " + system_.render(port.error())};
  fence_.start(*port, node);
  return {};
}

void cluster_links::reach(const node_row& node, const caf::actor& cluster) {
  const auto at = listen_address::parse(node.address);
  if (!at || at->port == 0)
    return caf::anon_send(cluster, dialed_atom::value, dialed{node, nullptr, "it is no HOST:PORT"});
  fence_.dial(*at, names_of(node), node.name.empty(),
              [this, node, cluster](const result<unsigned short>& port) {
                if (port)
                  system_.spawn(connect, *port, node, cluster);
                else
                  caf::anon_send(cluster, dialed_atom::value, dialed{node, nullptr, port.error().detail});
              });
}

void cluster_links::name(const std::string& address, const std::string& node) {
  if (const auto at = listen_address::parse(address)) fence_.name(*at, node);
}

void cluster_links::admit(const node_list& known) {
  std::vector<std::string> names;
  for (const auto& node : known.nodes)
    for (auto& name : names_of(node)) names.push_back(std::move(name));
  fence_.admit(std::move(names), known.secret);
}

} // namespace hongyan
