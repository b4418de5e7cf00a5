#include "actors/registry.hpp"

#include "core/tools/wall_time.hpp"
#include "core/wire/json.hpp"
#include "core/wire/v1/encode.hpp"
#include "core/wire/ws_codec.hpp"

#include <algorithm>
#include <boost/json/object.hpp>

namespace hongyan {

namespace {

/// Small messages of one conversation are told together, up to about this size: one write instead of many.
/// Not more, since a slow session holds what it could not send, and its outbox counts in these pieces.
constexpr std::size_t news_bytes = 65'536;
/// Of the messages in one `messages`, which is 64 KiB at most (contract, section 3).
constexpr std::size_t many_bytes_max = 65'536 - 1'024;

shared_frames text_frame(std::string_view text) {
  return std::make_shared<const std::string>(ws::frame(ws::opcode::text, text));
}

} // namespace

registry::registry(caf::actor_config& config, shard& home, std::string node, flow& admitted, metrics& figures,
                   auth::revocations* revoked, newest_timeline* timeline)
    : pinned(config)
    , home_(home)
    , node_(std::move(node))
    , flow_(admitted)
    , figures_(figures)
    , revoked_(revoked)
    , timeline_(timeline) {}

registry::behavior_type registry::make_behavior() {
  return {
      [this](bind_atom, const user_id& user, const session_facts& facts, const session_actor& s) {
        bind(user, facts, s);
      },
      [this](unbind_atom, const user_id& user, const session_actor& s) { unbind(user, s); },
      [this](deliver_atom, const committed_ptr& batch) { deliver(*batch); },
      [this](read_atom, const read_note& note) {
        forward(note);
        tell_read(note);
      },
      [this](notify_atom, const typing_note& note) {
        forward(note);
        tell_typing(note);
      },
      [this](open_atom, const streams_actor& s, const persistence_actor& p) {
        streams_ = s;
        persistence_ = p;
      },
      [this](notify_atom, const stream_note& note) {
        forward(note);
        tell_stream(note);
      },
      [this](drop_atom, const stream_place& at) {
        tell_peers(cluster::stream_wanted{at.conversation_id, at.seq});
        drop_stream(at);
      },
      [this](notify_atom, const reaction_note& note) {
        if (reactions_.take(std::to_string(note.what.conversation_id), home_.now())) return;
        forward(note);
        tell_reaction(note);
      },
      [this](watch_soon_atom, const session_actor& s) {
        watches_.intend(s);
        return caf::ok_atom::value;
      },
      [this](block_atom, const block_note& note) {
        forward(note);
        block(note);
      },
      [this](notify_atom, const own_note& note) {
        forward(note);
        tell_own(note);
      },
      [this](watch_atom, const std::vector<user_id>& users, const session_actor& s) {
        return watch(users, s);
      },
      [this](unwatch_atom, const std::vector<user_id>& users, const session_actor& s) {
        watches_.unwatch(users, s);
        return caf::ok_atom::value;
      },
      [this](kick_atom, const user_id& user) { return kick(user); },
      [this](revoke_atom, const revocation& what) { return revoke(what); },
      [this](revoke_atom, const revocation_list& all) {
        for (const auto& what : *all) tell_revoked(what);
      },
      [this](trace_atom, const trace_question& q) { return trace(q); },
      [this](online_atom) { return online(); },
      [this](online_atom, const std::vector<user_id>& users) { return online_of(users); },
      [this](sessions_atom, const user_id& user) { return sessions_of(user); },
      [this](drain_atom) { drain(); },
      [this](resync_atom) { resync(); },
      [this](join_atom, clustering& with) { join(std::move(with)); },
      [this](peer_atom, const peer_change& change) { change_peer(change); },
      [this](heard_atom, const peer_items_ptr& told) { on_peer_items(*told); },
      [this](timeline_atom, const database_timeline& met) { tell_peers(cluster::timeline_met{met}); },
      [this](settled_atom, std::uint64_t ticket) { settle(ticket); },
      [this](doubt_atom) { doubt(wall_now()); },
  };
}

void registry::bind(const user_id& user, const session_facts& facts, const session_actor& s) {
  if (draining_) {
    send(s, close_atom::value, close_code::going_away);
    return;
  }
  const bool was_online = is_online(user);
  // Before the older session of the device goes: the stamp is to be above that one's.
  const auto stamp = next_stamp(user, facts.device);
  if (!facts.device.empty())
    end_sessions(user, close_code::replaced,
                 [&](const listed& other) { return other.facts.device == facts.device; });
  const auto& elsewhere = peers_.sessions().of(user);
  // Another of the same device is ended by its node when that hears of this one.
  const auto stays = [&](const cluster::remote_session& other) {
    return facts.device.empty() || other.facts.device != facts.device;
  };
  const auto* here = users_.find(user);
  const auto sessions = (here != nullptr ? here->sessions.size() : 0) +
                        static_cast<std::size_t>(std::ranges::count_if(elsewhere, stays));
  // Counted behind the replacing, so that a phone that comes back never finds its own old session in its way.
  if (flow_.sessions_a_user > 0 && sessions >= flow_.sessions_a_user) {
    send(s, close_atom::value, close_code::flooding);
    return;
  }
  const auto& l = users_.add(user, s, facts, stamp, wall_now());
  count_users();
  // The client hears of its session once whoever commits a message would send it here: then what it has not
  // seen is behind its `sync`, and the rest comes live.
  if (peers_.empty()) {
    send(s, bound_atom::value);
  } else {
    const auto ticket = tell_peers_and_wait(cluster::session_came{user, l.number, l.stamp, l.facts});
    unsettled_.push_back({.ticket = ticket, .since = home_.now(), .bound = s});
  }
  if (!was_online) tell_presence(user, true);
}

void registry::unbind(const user_id& user, const session_actor& s) {
  watches_.forget_intentions(s);
  const auto gone = users_.take_if(user, [&](const listed& l) { return l.session == s; });
  if (gone.empty()) return; // replaced or kicked before: told already
  tell_peers(cluster::session_left{user, gone.front().number});
  count_users();
  if (!is_online(user)) tell_presence(user, false);
}

std::size_t registry::end_sessions(const user_id& user, close_code code,
                                   const std::function<bool(const listed&)>& which) {
  const auto ended = users_.take_if(user, which);
  for (const auto& l : ended) {
    tell_peers(cluster::session_left{user, l.number});
    send(l.session, close_atom::value, code);
  }
  count_users();
  return ended.size();
}

void registry::deliver(const committed_batch& batch) {
  // Of one node all commits come through one writer, in order. Of several, peers' messages of the same
  // conversation come over links of their own.
  if (!cluster_) return fan_out(batch.messages, batch.at);
  follow_on_peers(batch.messages);
  forward(batch.messages);
  reorder(batch.messages, batch.at);
}

void registry::fan_out(const std::vector<committed_message>& messages, steady_time committed) {
  deliver_classic(messages, committed);
  if (users_.v1_sessions() > 0) deliver_v1(messages, committed);
}

/// Direct messages only, without the log's own entries. One delivery a user and batch, however many of the
/// batch's messages are theirs.
void registry::deliver_classic(const std::vector<committed_message>& messages, steady_time committed) {
  struct share {
    std::vector<classic::chat> chats;
    bool reload = false;
  };
  std::unordered_map<const online_users::presence*, share> shares;
  for (const auto& [m, audience] : messages) {
    // A window holds chats as they were sent: what changes one of them has it loaded anew.
    const bool reload = m->kind == message_kind::recall || m->kind == message_kind::edit;
    if (m->to.is_group() || (is_own_entry(m->kind) && !reload)) continue;
    classic::chat encoded{m->id, nullptr};
    const auto add = [&](const user_id& user) {
      const auto* present = users_.find(user);
      if (present == nullptr ||
          std::ranges::all_of(present->sessions, [](const listed& l) { return l.facts.is_v1; }))
        return;
      auto& share = shares[present];
      if (reload) {
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
        delivery{std::move(share.chats), share.reload, committed, lease(flow_.deliveries, count)});
    for (const auto& l : present->sessions)
      if (!l.facts.is_v1) send(l.session, deliver_atom::value, shared);
  }
}

/// One piece of news a conversation, shared by all who hear it. A batch is in commit order, so each
/// conversation's messages are in the order of seq.
void registry::deliver_v1(const std::vector<committed_message>& messages, steady_time committed) {
  by_audience(messages, [&](std::span<const committed_message> some) { tell_news(some, committed); });
}

void registry::by_audience(std::vector<committed_message> messages,
                           const std::function<void(std::span<const committed_message>)>& use) {
  std::ranges::stable_sort(messages, {},
                           [](const committed_message& m) { return m.stored->conversation_id; });
  for (auto begin = messages.begin(); begin != messages.end();) {
    const auto end = std::find_if(begin, messages.end(), [&](const committed_message& m) {
      return m.stored->conversation_id != begin->stored->conversation_id || m.audience != begin->audience;
    });
    use({begin, end});
    begin = end;
  }
}

/// An edit of a message that not all of them may read: those are told without its text.
void registry::tell_edit(const committed_message& edit, steady_time committed) {
  const auto& m = *edit.stored;
  const auto& hidden = *m.hidden_from;
  const auto everyone = edit.audience ? *edit.audience : std::vector{m.from, m.to.id};
  std::vector<user_id> readers, others;
  for (const auto& user : everyone)
    (std::ranges::find(hidden, user) == hidden.end() ? readers : others).push_back(user);
  auto seen = m;
  seen.hidden_from = nullptr;
  auto unseen = seen;
  if (auto content = parse_json(unseen.content); content && content->is_object()) {
    content->get_object()["content"] = nullptr;
    unseen.content.clear();
    append_json(unseen.content, *content);
  }
  for (auto& [told, users] : {std::pair(&seen, &readers), std::pair(&unseen, &others)}) {
    const committed_message one{std::make_shared<const message>(*told),
                                std::make_shared<const std::vector<user_id>>(std::move(*users))};
    tell_news(std::span(&one, 1), committed);
  }
}

void registry::tell_news(std::span<const committed_message> messages, steady_time committed) {
  const auto partly =
      std::ranges::find_if(messages, [](const auto& m) { return m.stored->hidden_from != nullptr; });
  if (partly != messages.end()) {
    const auto before = static_cast<std::size_t>(partly - messages.begin());
    if (before > 0) tell_news(messages.first(before), committed);
    tell_edit(*partly, committed);
    if (before + 1 < messages.size()) tell_news(messages.subspan(before + 1), committed);
    return;
  }
  std::vector<const session_actor*> hearers;
  std::size_t take_many = 0;
  const auto add = [&](const user_id& user) {
    const auto* present = users_.find(user);
    if (present == nullptr) return;
    for (const auto& l : present->sessions) {
      if (!l.facts.is_v1) continue;
      hearers.push_back(&l.session);
      take_many += l.facts.takes_many;
    }
  };
  const auto& first = *messages.front().stored;
  if (messages.front().audience) {
    for (const auto& user : *messages.front().audience) add(user);
  } else {
    add(first.from);
    if (first.to.id != first.from) add(first.to.id);
  }
  if (hearers.empty()) return;

  // All frames of the conversation in one text, written to each socket in one go; in portions, since an
  // outbox counts a portion as a whole. Each form only where somebody takes it; the terse one is shorter.
  std::string frames;
  std::vector<std::string> texts;
  std::size_t told = 0;
  std::size_t bytes = 0;
  for (; told < messages.size() && bytes < news_bytes; ++told) {
    const auto& m = *messages[told].stored;
    if (take_many > 0) {
      auto text = v1::terse_message(m);
      if (told > 0 && bytes + text.size() > many_bytes_max) break;
      bytes += text.size();
      texts.push_back(std::move(text));
    }
    if (take_many == hearers.size()) continue;
    frames += ws::frame(ws::opcode::text, v1::message_notification(m));
    bytes = std::max(bytes, frames.size());
  }
  flow_.deliveries.take(hearers.size());
  news n{.conversation_id = first.conversation_id,
         .first_seq = first.seq,
         .last_seq = messages[told - 1].stored->seq,
         .frames = std::make_shared<const std::string>(std::move(frames)),
         .joined = take_many > 0 ? text_frame(v1::messages_notification(texts)) : shared_frames(),
         .committed = committed,
         .counted = lease(flow_.deliveries, hearers.size())};
  figures_.trace.note(trace_event::what::announced, n.conversation_id, n.first_seq, n.last_seq, {}, {},
                      static_cast<std::uint32_t>(hearers.size()));
  const auto shared = std::make_shared<const news>(std::move(n));
  for (const auto* s : hearers) send(*s, deliver_atom::value, news_ptr(shared));
  if (told < messages.size()) tell_news(messages.subspan(told), committed);
}

void registry::tell_read(const read_note& note) {
  figures_.trace.note(trace_event::what::read, note.conversation_id, 0, note.seq, note.user.text());
  notify(note.hearers(), v1::read_notification(note.conversation_id, note.user, note.seq), note.origin);
}

void registry::tell_typing(const typing_note& note) {
  notify(note.users, v1::typing_notification(note.conversation_id, note.user), note.origin);
}

void registry::tell_own(const own_note& note) {
  notify({note.user}, std::visit([](const auto& what) { return v1::own_notification(what); }, note.what),
         note.origin);
}

void registry::tell_reaction(const reaction_note& note) {
  notify(*note.users, v1::reaction_notification(note.what), {});
}

void registry::tell_stream(const stream_note& note) {
  notify(*note.users, v1::stream_notification(note.at.conversation_id, note.at.seq, note.offset, note.delta),
         {});
}

void registry::drop_stream(const stream_place& at) {
  if (streams_) send(streams_, drop_atom::value, at);
}

/// Tells the v1 sessions of these users, but not `origin`.
void registry::notify(const std::vector<user_id>& users, std::string_view text,
                      const caf::actor_addr& origin) {
  if (users_.v1_sessions() == 0) return;
  const auto frame = text_frame(text);
  for (const auto& user : users) {
    const auto* present = users_.find(user);
    if (present == nullptr) continue;
    for (const auto& l : present->sessions)
      if (l.facts.is_v1 && l.session.address() != origin) send(l.session, notify_atom::value, frame);
  }
}

std::vector<user_id> registry::watch(std::vector<user_id> users, const session_actor& s) {
  return online_of(watches_.watch(std::move(users), s));
}

void registry::block(const block_note& note) {
  const auto offline =
      is_online(note.user) ? text_frame(v1::presence_notification(note.user, false)) : shared_frames();
  for (const auto& user : note.blocked) {
    const auto* present = users_.find(user);
    if (present == nullptr) continue;
    for (const auto& l : present->sessions)
      if (watches_.block(note.user, l.session) && offline) send(l.session, notify_atom::value, offline);
  }
}

void registry::tell_watchers(const user_id& user, bool is_online) {
  const auto* watching = watches_.watchers_of(user);
  if (watching == nullptr) return;
  const auto frame = text_frame(v1::presence_notification(user, is_online));
  for (const auto& s : *watching) send(s, notify_atom::value, frame);
}

/// As the node that sees a user's own session come or go: webhooks are told by it. What finds no room is left
/// out, since nobody waits for it.
void registry::tell_presence(const user_id& user, bool is_online) {
  tell_watchers(user, is_online);
  const bool is_back = is_online && flow_.notice_after;
  if (!persistence_ || !(flow_.tells_presence || is_back) || !flow_.database_up()) return;
  if (!flow_.appends.try_take()) {
    figures_.refused.Add({{"reason", "presence"}}).Increment();
    return;
  }
  caf::anon_send(persistence_, change_atom::value,
                 change{.by = user,
                        .action = hongyan::tell_presence{user, is_online, node_, is_back},
                        .by_back_end = true});
}

std::vector<user_id> registry::online_of(const std::vector<user_id>& users) const {
  std::vector<user_id> found;
  std::ranges::copy_if(users, std::back_inserter(found),
                       [this](const user_id& user) { return is_online(user); });
  return found;
}

std::size_t registry::kick_here(const user_id& user) {
  return end_sessions(user, close_code::kicked, [](const listed&) { return true; });
}

registry::kicked registry::kick(const user_id& user) {
  const bool was_online = is_online(user);
  auto [told, elsewhere] = peers_.kick(user);
  const auto count = kick_here(user) + elsewhere;
  if (was_online) tell_presence(user, false);
  auto answer = make_response_promise<std::size_t>();
  if (peers_.empty()) {
    answer.deliver(count);
  } else {
    // Also to those where nobody is known to be: somebody may be coming there.
    const auto ticket = tell_peers_and_wait(told);
    unsettled_.push_back({.ticket = ticket, .since = home_.now(), .answer = answer, .count = count});
  }
  return answer;
}

/// Peers handle what they are told in order: when the kick is settled, they know of the revocation too.
registry::kicked registry::revoke(const revocation& what) {
  if (revoked_ != nullptr) revoked_->note(what.user, what.at_us);
  tell_peers(cluster::tokens_revoked{what.user, what.at_us});
  return kick(what.user);
}

void registry::tell_revoked(const revocation& what) {
  const auto* present = users_.find(what.user);
  if (present == nullptr) return;
  for (const auto& l : present->sessions) send(l.session, revoke_atom::value, what.at_us);
}

online_ptr registry::online() const {
  std::unordered_map<user_id, classic::online_user> found;
  const auto add = [&](const user_id& user, const std::string& node, std::size_t sessions, wall_time since) {
    auto& of = found.try_emplace(user, classic::online_user{user, 0, since}).first->second;
    of.sessions += sessions;
    of.since = std::min(of.since, since);
    if (std::ranges::find(of.nodes, node) == of.nodes.end()) of.nodes.push_back(node);
  };
  for (const auto& [user, entry] : users_) add(user, node_, entry.sessions.size(), entry.since);
  for (const auto& [user, sessions] : peers_.sessions())
    for (const auto& s : sessions) add(user, peers_.at(s.node).name, 1, s.facts.since);
  auto all = std::make_shared<std::vector<classic::online_user>>();
  all->reserve(found.size());
  for (auto& [user, of] : found) all->push_back(std::move(of));
  std::ranges::sort(*all, {}, &classic::online_user::user);
  return all;
}

session_list registry::sessions_of(const user_id& user) const {
  auto all = std::make_shared<std::vector<session_facts>>();
  if (const auto* present = users_.find(user); present != nullptr)
    for (const auto& l : present->sessions) all->emplace_back(l.facts).node = node_;
  for (const auto& s : peers_.sessions().of(user)) all->emplace_back(s.facts).node = peers_.at(s.node).name;
  return all;
}

void registry::drain() {
  draining_ = true;
  for (const auto& [user, entry] : users_)
    for (const auto& l : entry.sessions) send(l.session, close_atom::value, close_code::going_away);
}

void registry::resync() {
  tell_peers(cluster::epoch_changed{flow_.epoch()});
  tell_peers(cluster::entries_missed{});
  for (const auto& [user, entry] : users_)
    for (const auto& l : entry.sessions)
      if (l.facts.is_v1) send(l.session, close_atom::value, close_code::going_away);
}

void registry::count_users() { figures_.users_online.Set(static_cast<double>(users_.users())); }

} // namespace hongyan
