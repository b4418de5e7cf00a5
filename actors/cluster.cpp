#include "actors/cluster.hpp"

#include <algorithm>
#include <spdlog/spdlog.h>
#include <utility>

namespace hongyan {

namespace {

/// For a peer's answer to hello: it takes a round trip.
constexpr std::chrono::seconds hello_deadline{3};

} // namespace

cluster_actor::cluster_actor(caf::actor_config& config, const shard& home, cluster_settings settings,
                             registry_actor registry, peer_links& links, flow& admitted, metrics& figures)
    : pinned(config)
    , home_(home)
    , settings_(std::move(settings))
    , registry_(std::move(registry))
    , links_(links)
    , flow_(admitted)
    , figures_(figures) {
  // CAF's defaults would print what they do not know, and end the actor for another node's error.
  set_default_handler([this](caf::scheduled_actor*, caf::message_view&) -> caf::result<caf::message> {
    figures_.cluster_refused.Add({{"reason", "unknown"}}).Increment();
    return caf::sec::unexpected_message;
  });
  set_error_handler([](caf::error&) {});
  set_down_handler([this](const caf::down_msg& down) { lost(down.source); });
}

/// Only the server ends it: from a thread of its own, with the actor itself as the source
/// (caf::anon_send_exit). What another node sends comes from CAF's network thread, an execution unit; what
/// comes of a link that it made has its own actor as the source. An exit handler would not be asked about
/// `kill`.
void cluster_actor::enqueue(caf::mailbox_element_ptr element, caf::execution_unit* from) {
  const auto& content = element->content();
  if (content.match_elements<caf::exit_msg>() &&
      (from != nullptr || content.get_as<caf::exit_msg>(0).source != address()))
    figures_.cluster_refused.Add({{"reason", "exit"}}).Increment();
  else
    pinned::enqueue(std::move(element), from);
}

void cluster_actor::on_exit() {
  peers_.clear();
  registry_ = nullptr;
}

caf::behavior cluster_actor::make_behavior() {
  return {
      [this](nodes_atom, node_list& known) { meet(std::move(known)); },
      [this](dialed_atom, const dialed& attempt) { reached(attempt); },
      [this](hello_atom, const hello& other, const caf::actor& there) { return greeted(other, there); },
      [this](envelope_atom, const envelope& e) { take(e); },
      [this](tell_atom, const telling& what) { tell(what); },
      [this](handled_atom, node_number from, std::uint64_t number) { confirm(from, number); },
      [this](flush_atom) { flush(); },
  };
}

// ---- links ----

/// The directory's list, once a second.
void cluster_actor::meet(node_list known) {
  links_.admit(known);
  auto& nodes = known.nodes;
  const auto is_gone = [&](const std::string& address) {
    return std::ranges::find(settings_.join, address) == settings_.join.end() &&
           std::ranges::find(nodes, address, &node_row::address) == nodes.end();
  };
  std::erase_if(silent_, is_gone);
  std::erase_if(nodes, [&](const node_row& n) { return n.name == settings_.node; });
  figures_.cluster_nodes.Set(static_cast<double>(nodes.size()));
  bool apart = false;
  for (const auto& node : nodes) {
    const auto linked = find(node.name);
    if (linked != peers_.end() && linked->second.row.incarnation == node.incarnation) continue;
    apart = true;
    if (settings_.node < node.name) reach(node);
  }
  for (const auto& address : settings_.join) {
    const auto found = joined_.find(address);
    if (found == joined_.end())
      reach({{}, address, 0});
    else if (found->second != settings_.node && find(found->second) == peers_.end())
      reach({found->second, address, 0});
  }
  cut_slow();
  // What is committed there meanwhile comes over no link.
  if (apart) send(registry_, doubt_atom::value);
}

/// A link that is slow holds up what the store would bring sooner.
void cluster_actor::cut_slow() {
  for (const auto& [number, p] : peers_)
    if (!p.sent_off.empty() && home_.now() - p.sent_off.front().at > settings_.silence) {
      spdlog::warn("event=cluster_link_slow node={}", p.row.name);
      links_.cut(p.row.name);
    }
}

void cluster_actor::reach(const node_row& node) {
  if (reaching_.emplace(node.address, node.name).second) links_.reach(node, caf::actor(this));
}

void cluster_actor::reached(const dialed& attempt) {
  const auto address = attempt.node.address;
  const auto failed = [this, address](const std::string& why) {
    reaching_.erase(address);
    joined_.erase(address); // another node may have it by now
    if (silent_.insert(address).second)
      spdlog::warn("event=cluster_peer_unreachable address={} reason=\"{}\"", address, why);
  };
  if (!attempt.there) return failed(attempt.fault);
  request(attempt.there, hello_deadline, hello_atom::value, introduction(attempt.node.name), caf::actor(this))
      .then(
          [this, failed, attempt](const hello& answer) {
            auto why = answer.refusal;
            if (why.empty() && !attempt.node.name.empty()) why = refusal_of(answer);
            if (!why.empty()) return failed(why);
            met(attempt, answer);
          },
          [failed](const caf::error&) { failed("it did not answer hello"); });
}

/// Who was reached has answered. Who is at an address of settings_.join is asked before it is linked: it may
/// be this node, or one that has a link.
void cluster_actor::met(const dialed& attempt, const hello& answer) {
  const auto& address = attempt.node.address;
  reaching_.erase(address);
  silent_.erase(address);
  if (!attempt.node.name.empty()) return link(answer, attempt.there, address);
  joined_[address] = answer.node;
  links_.name(address, answer.node);
  if (answer.incarnation == settings_.incarnation || find(answer.node) != peers_.end()) return;
  reach({answer.node, address, answer.incarnation});
}

hello cluster_actor::introduction(const std::string& to) const {
  return {.version = cluster::version,
          .version_min = cluster::version_min,
          .node = settings_.node,
          .incarnation = settings_.incarnation,
          .epoch = flow_.epoch(),
          .heartbeat_ms = static_cast<std::uint32_t>(settings_.heartbeat.count()),
          .to = to,
          .refusal = {}};
}

/// Why a node cannot be a peer; for a person. Empty: it can.
std::string cluster_actor::refusal_of(const hello& other) const {
  if (other.version < cluster::version_min || other.version_min > cluster::version)
    return "it speaks versions " + std::to_string(other.version_min) + " to " +
           std::to_string(other.version) + " of the cluster's language, this one " +
           std::to_string(cluster::version_min) + " to " + std::to_string(cluster::version);
  if (other.node == settings_.node) return "both are called \"" + settings_.node + "\"; give --node";
  if (const auto epoch = flow_.epoch(); !other.epoch.empty() && !epoch.empty() && other.epoch != epoch)
    return "it uses another database";
  if (other.heartbeat_ms != settings_.heartbeat.count())
    return "it does not send the heartbeats that tell the living from the dead";
  return {};
}

/// Another node has reached us.
hello cluster_actor::greeted(const hello& other, const caf::actor& there) {
  auto answer = introduction(other.node);
  if (other.to.empty()) return answer;
  answer.refusal = refusal_of(other);
  if (other.to != settings_.node) answer.refusal = "here is " + settings_.node + ", not " + other.to;
  // Two links between two nodes would mix up their numbers: this one is on its way there, unless it could not
  // get there before.
  if (settings_.node < other.node && std::ranges::any_of(reaching_, [&](const auto& r) {
        return r.second == other.node && !silent_.contains(r.first);
      }))
    answer.refusal = "it is being reached from here";
  if (answer.refusal.empty()) {
    link(other, there, {});
  } else {
    figures_.cluster_refused.Add({{"reason", "hello"}}).Increment();
    spdlog::warn("event=cluster_peer_refused node={} reason=\"{}\"", other.node, answer.refusal);
  }
  return answer;
}

void cluster_actor::link(const hello& other, const caf::actor& there, const std::string& address) {
  if (const auto known = find(other.node); known != peers_.end()) unlink(known->first, "it came again");
  const auto number = ++last_node_;
  peers_.emplace(number, peer{.row = {other.node, address, other.incarnation}, .there = there});
  monitor(there);
  tell_peers();
  spdlog::info("event=cluster_peer_joined node={}", other.node);
  send(registry_, peer_atom::value,
       peer_change{number, other.node, other.incarnation, peer_change::what::joined, {}});
}

void cluster_actor::tell_peers() {
  figures_.cluster_peers.Set(static_cast<double>(peers_.size()));
  std::vector<std::string> names;
  for (const auto& [number, one] : peers_) names.push_back(one.row.name);
  flow_.set_peers(std::move(names));
}

void cluster_actor::lost(const caf::actor_addr& there) {
  const auto gone =
      std::ranges::find_if(peers_, [&](const auto& p) { return p.second.there.address() == there; });
  if (gone != peers_.end()) unlink(gone->first, "the link is broken");
}

void cluster_actor::unlink(node_number node, const std::string& why) {
  const auto gone = peers_.find(node);
  demonitor(gone->second.there);
  spdlog::warn("event=cluster_peer_left node={} reason=\"{}\"", gone->second.row.name, why);
  peers_.erase(gone);
  tell_peers();
  send(registry_, peer_atom::value, peer_change{node, {}, 0, peer_change::what::left, {}});
  settle();
}

/// The peer of that name, or the end.
std::map<node_number, cluster_actor::peer>::const_iterator
cluster_actor::find(const std::string& name) const {
  return std::ranges::find_if(peers_, [&](const auto& p) { return p.second.row.name == name; });
}

// ---- what is told ----

void cluster_actor::tell(const telling& what) {
  last_ticket_ = std::max(last_ticket_, what.ticket);
  for (auto& [number, to] : peers_) {
    if (what.to != 0 && what.to != number) continue;
    if (what.ticket != 0) to.tickets.push_back({what.ticket, 0});
    if (to.fell_behind) continue;
    if (to.waiting.size() + what.item->size() > cluster::waiting_bytes) {
      // It will be told everything anew when it has handled what is on its way.
      to.fell_behind = wall_now();
      to.waiting.clear();
      figures_.cluster_fell_behind.Increment();
      spdlog::warn("event=cluster_peer_slow node={}", to.row.name);
    } else {
      to.waiting += *what.item;
    }
  }
  settle();
  arm();
}

void cluster_actor::arm() {
  if (!std::exchange(armed_, true)) send(this, flush_atom::value);
}

/// Behind all that came in this turn: it goes in one envelope.
void cluster_actor::flush() {
  armed_ = false;
  for (auto& [number, to] : peers_) {
    if (to.fell_behind && to.sent_off.empty()) {
      send(registry_, peer_atom::value,
           peer_change{number, to.row.name, to.row.incarnation, peer_change::what::fell_behind,
                       *to.fell_behind});
      to.fell_behind.reset();
    }
    const bool has_room = to.sent_bytes < cluster::window_bytes;
    if ((!to.waiting.empty() && has_room) || to.ack_due) send_off(to);
  }
}

void cluster_actor::send_off(peer& to) {
  envelope e{.incarnation = settings_.incarnation, .handled = to.handled};
  to.ack_due = false;
  if (!to.waiting.empty() && to.sent_bytes < cluster::window_bytes) {
    e.number = ++to.last_number;
    e.items = std::exchange(to.waiting, {});
    to.sent_off.push_back({e.number, e.items.size(), home_.now()});
    to.sent_bytes += e.items.size();
    for (auto t = to.tickets.rbegin(); t != to.tickets.rend() && t->number == 0; ++t) t->number = e.number;
    figures_.cluster_bytes_sent.Increment(static_cast<double>(e.items.size()));
  }
  figures_.cluster_envelopes_sent.Increment();
  send(to.there, envelope_atom::value, std::move(e));
}

/// A ticket is settled when no peer has it any more.
void cluster_actor::settle() {
  auto settled = last_ticket_;
  for (const auto& [number, p] : peers_)
    if (!p.tickets.empty()) settled = std::min(settled, p.tickets.front().value - 1);
  if (settled > settled_) send(registry_, settled_atom::value, settled_ = settled);
}

// ---- what is heard ----

void cluster_actor::take(const envelope& e) {
  const auto from =
      std::ranges::find_if(peers_, [&](const auto& p) { return p.second.row.incarnation == e.incarnation; });
  if (from == peers_.end()) {
    figures_.cluster_refused.Add({{"reason", "stranger"}}).Increment();
    return;
  }
  auto& p = from->second;
  // What the peer has handled opens its window, and settles the tickets that it alone still held up.
  while (!p.sent_off.empty() && p.sent_off.front().number <= e.handled) {
    p.sent_bytes -= p.sent_off.front().bytes;
    p.sent_off.pop_front();
  }
  while (!p.tickets.empty() && p.tickets.front().number != 0 && p.tickets.front().number <= e.handled)
    p.tickets.pop_front();
  settle();
  if (!p.waiting.empty() || p.fell_behind) arm();
  if (e.number == 0) return; // an acknowledgement alone
  figures_.cluster_bytes_heard.Increment(static_cast<double>(e.items.size()));
  // What cannot be read may have been anything: as if entries had been missed, and the link is made anew.
  auto items = cluster::decode(e.items);
  if (!items) {
    figures_.cluster_refused.Add({{"reason", "malformed"}}).Increment();
    spdlog::error("event=cluster_malformed node={} reason=\"{}\"", p.row.name, items.error().detail);
    items = std::vector<cluster::item>{cluster::entries_missed{}};
    links_.cut(p.row.name); // who came and left is told anew over the next link
  }
  send(registry_, heard_atom::value,
       peer_items_ptr(
           std::make_shared<const peer_items>(peer_items{from->first, e.number, *std::move(items)})));
}

void cluster_actor::confirm(node_number node, std::uint64_t number) {
  const auto found = peers_.find(node);
  if (found == peers_.end()) return;
  found->second.handled = number;
  found->second.ack_due = true;
  arm();
}

} // namespace hongyan
