#include "actors/registry.hpp"

#include "core/time_format.hpp"
#include "core/v1/encode.hpp"
#include "core/ws_codec.hpp"

#include <algorithm>

namespace hongyan {

namespace {

/// Small messages of one conversation are told together, up to about this size: one write instead of many.
/// Not more, since a slow session holds what it could not send, and its outbox counts in these pieces.
constexpr std::size_t news_bytes = 65'536;

shared_frames text_frame(std::string_view text) {
  return std::make_shared<const std::string>(ws::frame(ws::opcode::text, text));
}

} // namespace

registry::registry(caf::actor_config& config, flow& admitted, metrics& figures)
    : pinned(config)
    , flow_(admitted)
    , figures_(figures) {}

registry::behavior_type registry::make_behavior() {
  return {
      [this](bind_atom, const user_id& user, const session_facts& facts, const session_actor& s) {
        bind(user, facts, s);
      },
      [this](unbind_atom, const user_id& user, const session_actor& s) { unbind(user, s); },
      [this](deliver_atom, const committed_ptr& batch) { deliver(*batch); },
      [this](read_atom, const read_note& note) { tell_read(note); },
      [this](notify_atom, const notice& n) { pass_on(n); },
      [this](watch_atom, const std::vector<user_id>& users, const session_actor& s) {
        for (const auto& user : users) watchers_[user].insert(s);
        return online_of(users);
      },
      [this](unwatch_atom, const std::vector<user_id>& users, const session_actor& s) {
        unwatch(users, s);
        return caf::ok_atom::value;
      },
      [this](kick_atom, const user_id& user) { return kick(user); },
      [this](online_atom) { return online(); },
      [this](online_atom, const std::vector<user_id>& users) { return online_of(users); },
      [this](sessions_atom, const user_id& user) { return sessions_of(user); },
      [this](drain_atom) { drain(); },
      [this](resync_atom) { resync(); },
  };
}

void registry::bind(const user_id& user, const session_facts& facts, const session_actor& s) {
  if (draining_) {
    send(s, close_atom::value, close_code::going_away);
    return;
  }
  auto& entry = users_[user];
  const bool came = entry.sessions.empty();
  if (!facts.device.empty())
    std::erase_if(entry.sessions, [&](const listed& other) {
      if (other.facts.device != facts.device) return false;
      send(other.session, close_atom::value, close_code::replaced);
      v1_sessions_ -= 1;
      return true;
    });
  if (flow_.sessions_a_user > 0 && entry.sessions.size() >= flow_.sessions_a_user) {
    send(s, close_atom::value, close_code::flooding);
    return;
  }
  if (came) entry.since = wall_now();
  entry.sessions.push_back({s, facts});
  v1_sessions_ += facts.is_v1;
  count_users();
  send(s, bound_atom::value);
  if (came) tell_watchers(user, true);
}

void registry::unbind(const user_id& user, const session_actor& s) {
  const auto entry = users_.find(user);
  if (entry == users_.end()) return;
  auto& sessions = entry->second.sessions;
  const auto gone = std::ranges::find(sessions, s, &listed::session);
  if (gone == sessions.end()) return;
  v1_sessions_ -= gone->facts.is_v1;
  sessions.erase(gone);
  if (!sessions.empty()) return;
  users_.erase(entry);
  count_users();
  tell_watchers(user, false);
}

void registry::deliver(const committed_batch& batch) {
  deliver_classic(batch);
  if (v1_sessions_ > 0) deliver_v1(batch);
}

/// Direct messages only, without the log's own entries. One delivery a user and batch, however many of the
/// batch's messages are theirs.
void registry::deliver_classic(const committed_batch& batch) {
  struct share {
    std::vector<classic::chat> chats;
    bool reload = false;
  };
  std::unordered_map<const presence*, share> shares;
  for (const auto& [m, audience] : batch.messages) {
    if (m->to.is_group() || m->kind == message_kind::group) continue;
    classic::chat encoded{m->id, nullptr};
    const auto add = [&](const user_id& user) {
      const auto entry = users_.find(user);
      if (entry == users_.end() ||
          std::ranges::all_of(entry->second.sessions, [](const listed& l) { return l.facts.is_v1; }))
        return;
      auto& share = shares[&entry->second];
      if (m->kind == message_kind::recall) {
        share.reload = true;
        return;
      }
      // Encoded once, whoever receives it, and only when somebody does.
      if (!encoded.json) encoded.json = std::make_shared<const std::string>(classic::encode_chat(*m));
      share.chats.push_back(encoded);
    };
    add(m->from);
    if (m->to.id != m->from) add(m->to.id);
  }
  for (auto& [present, share] : shares) {
    const auto count = static_cast<std::size_t>(
        std::ranges::count_if(present->sessions, [](const listed& l) { return !l.facts.is_v1; }));
    flow_.deliveries.take(count);
    const delivery_ptr shared = std::make_shared<const delivery>(
        delivery{std::move(share.chats), share.reload, batch.at, lease(flow_.deliveries, count)});
    for (const auto& l : present->sessions)
      if (!l.facts.is_v1) send(l.session, deliver_atom::value, shared);
  }
}

/// One piece of news a conversation, shared by all who hear it. A batch is in commit order, so each
/// conversation's messages are in the order of seq.
void registry::deliver_v1(const committed_batch& batch) {
  auto messages = batch.messages;
  std::ranges::stable_sort(messages, {},
                           [](const committed_message& m) { return m.stored->conversation_id; });
  for (auto begin = messages.begin(); begin != messages.end();) {
    const auto end = std::find_if(begin, messages.end(), [&](const committed_message& m) {
      return m.stored->conversation_id != begin->stored->conversation_id || m.audience != begin->audience;
    });
    tell_news({begin, end}, batch.at);
    begin = end;
  }
}

void registry::tell_news(std::span<const committed_message> messages, steady_time committed) {
  std::vector<const session_actor*> hearers;
  const auto add = [&](const user_id& user) {
    const auto entry = users_.find(user);
    if (entry == users_.end()) return;
    for (const auto& l : entry->second.sessions)
      if (l.facts.is_v1) hearers.push_back(&l.session);
  };
  const auto& first = *messages.front().stored;
  if (messages.front().audience) {
    for (const auto& user : *messages.front().audience) add(user);
  } else {
    add(first.from);
    if (first.to.id != first.from) add(first.to.id);
  }
  if (hearers.empty()) return;

  std::string frames;
  std::size_t joined = 0;
  while (joined < messages.size() && frames.size() < news_bytes)
    frames += ws::frame(ws::opcode::text, v1::message_notification(*messages[joined++].stored));
  flow_.deliveries.take(hearers.size());
  const news_ptr shared =
      std::make_shared<const news>(news{.conversation_id = first.conversation_id,
                                        .last_seq = messages[joined - 1].stored->seq,
                                        .frames = std::make_shared<const std::string>(std::move(frames)),
                                        .committed = committed,
                                        .counted = lease(flow_.deliveries, hearers.size())});
  for (const auto* s : hearers) send(*s, deliver_atom::value, shared);
  if (joined < messages.size()) tell_news(messages.subspan(joined), committed);
}

void registry::tell_read(const read_note& note) {
  if (v1_sessions_ == 0) return;
  notice n{
      {note.user}, text_frame(v1::read_notification(note.conversation_id, note.user, note.seq)), note.origin};
  if (note.peer) n.users.push_back(*note.peer);
  pass_on(n);
}

void registry::pass_on(const notice& n) {
  for (const auto& user : n.users) {
    const auto entry = users_.find(user);
    if (entry == users_.end()) continue;
    for (const auto& l : entry->second.sessions)
      if (l.facts.is_v1 && l.session.address() != n.origin) send(l.session, notify_atom::value, n.frame);
  }
}

void registry::unwatch(const std::vector<user_id>& users, const session_actor& s) {
  for (const auto& user : users) {
    const auto watching = watchers_.find(user);
    if (watching == watchers_.end()) continue;
    watching->second.erase(s);
    if (watching->second.empty()) watchers_.erase(watching);
  }
}

void registry::tell_watchers(const user_id& user, bool is_online) {
  const auto watching = watchers_.find(user);
  if (watching == watchers_.end()) return;
  const auto frame = text_frame(v1::presence_notification(user, is_online));
  for (const auto& s : watching->second) send(s, notify_atom::value, frame);
}

std::vector<user_id> registry::online_of(const std::vector<user_id>& users) const {
  std::vector<user_id> found;
  std::ranges::copy_if(users, std::back_inserter(found),
                       [this](const user_id& user) { return users_.contains(user); });
  return found;
}

std::size_t registry::kick(const user_id& user) {
  const auto entry = users_.find(user);
  if (entry == users_.end()) return 0;
  const auto sessions = std::move(entry->second.sessions);
  users_.erase(entry);
  count_users();
  for (const auto& l : sessions) {
    v1_sessions_ -= l.facts.is_v1;
    send(l.session, close_atom::value, close_code::kicked);
  }
  tell_watchers(user, false);
  return sessions.size();
}

online_ptr registry::online() const {
  auto all = std::make_shared<std::vector<classic::online_user>>();
  all->reserve(users_.size());
  for (const auto& [user, entry] : users_) all->push_back({user, entry.sessions.size(), entry.since});
  std::ranges::sort(*all, {}, &classic::online_user::user);
  return all;
}

session_list registry::sessions_of(const user_id& user) const {
  auto all = std::make_shared<std::vector<session_facts>>();
  if (const auto entry = users_.find(user); entry != users_.end())
    for (const auto& l : entry->second.sessions) all->push_back(l.facts);
  return all;
}

void registry::drain() {
  draining_ = true;
  for (const auto& [user, entry] : users_)
    for (const auto& l : entry.sessions) send(l.session, close_atom::value, close_code::going_away);
}

void registry::resync() {
  for (const auto& [user, entry] : users_)
    for (const auto& l : entry.sessions)
      if (l.facts.is_v1) send(l.session, close_atom::value, close_code::going_away);
}

void registry::count_users() { figures_.users_online.Set(static_cast<double>(users_.size())); }

} // namespace hongyan
