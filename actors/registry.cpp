#include "actors/registry.hpp"

#include "core/time_format.hpp"

#include <algorithm>

namespace hongyan {

registry::registry(caf::actor_config& config, flow& admitted, metrics& figures)
    : pinned(config)
    , flow_(admitted)
    , figures_(figures) {}

registry::behavior_type registry::make_behavior() {
  return {
      [this](bind_atom, const user_id& user, const session_actor& s) { bind(user, s); },
      [this](unbind_atom, const user_id& user, const session_actor& s) { unbind(user, s); },
      [this](deliver_atom, const committed_ptr& batch) { deliver(*batch); },
      [this](kick_atom, const user_id& user) { return kick(user); },
      [this](online_atom) { return online(); },
      [this](drain_atom) { drain(); },
  };
}

void registry::bind(const user_id& user, const session_actor& s) {
  if (draining_) {
    send(s, close_atom::value, close_code::going_away);
    return;
  }
  auto& entry = users_[user];
  if (entry.sessions.empty()) entry.since = wall_now();
  entry.sessions.push_back(s);
  count_users();
  send(s, bound_atom::value);
}

void registry::unbind(const user_id& user, const session_actor& s) {
  const auto entry = users_.find(user);
  if (entry == users_.end()) return;
  std::erase(entry->second.sessions, s);
  if (entry->second.sessions.empty()) users_.erase(entry);
  count_users();
}

void registry::deliver(const committed_batch& batch) {
  // One delivery a user and batch, however many of the batch's messages are theirs.
  std::unordered_map<const presence*, std::vector<classic::chat>> news;
  for (const auto& m : batch.messages) {
    classic::chat encoded{m.id, nullptr};
    const auto add = [&](const user_id& user) {
      const auto entry = users_.find(user);
      if (entry == users_.end()) return;
      // Encoded once, whoever receives it, and only when somebody does.
      if (!encoded.json) encoded.json = std::make_shared<const std::string>(classic::encode_chat(m));
      news[&entry->second].push_back(encoded);
    };
    add(m.from);
    if (m.to != m.from) add(m.to);
  }
  for (auto& [present, chats] : news) {
    const auto count = present->sessions.size();
    flow_.deliveries.take(count);
    const delivery_ptr shared = std::make_shared<const delivery>(
        delivery{std::move(chats), batch.at, lease(flow_.deliveries, count)});
    for (const auto& s : present->sessions) send(s, deliver_atom::value, shared);
  }
}

std::size_t registry::kick(const user_id& user) {
  const auto entry = users_.find(user);
  if (entry == users_.end()) return 0;
  const auto sessions = std::move(entry->second.sessions);
  users_.erase(entry);
  count_users();
  for (const auto& s : sessions) send(s, close_atom::value, close_code::kicked);
  return sessions.size();
}

online_ptr registry::online() const {
  auto all = std::make_shared<std::vector<classic::online_user>>();
  all->reserve(users_.size());
  for (const auto& [user, entry] : users_) all->push_back({user, entry.sessions.size(), entry.since});
  std::ranges::sort(*all, {}, &classic::online_user::user);
  return all;
}

void registry::drain() {
  draining_ = true;
  for (const auto& [user, entry] : users_)
    for (const auto& s : entry.sessions) send(s, close_atom::value, close_code::going_away);
}

void registry::count_users() { figures_.users_online.Set(static_cast<double>(users_.size())); }

} // namespace hongyan
