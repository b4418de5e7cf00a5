/// The registry of one node of several: what it tells its peers and hears from them, and how it finds in the
/// store what a link has lost.
#include "actors/registry.hpp"

#include "core/tools/wall_time.hpp"

#include <algorithm>

namespace hongyan {

namespace {

/// Events of each kind that a node tells of a message (contract, section 9).
constexpr std::size_t traced_of_each = 20;
/// Questions that wait for peers; another is answered with what is known here.
constexpr std::size_t traces_max = 16;
constexpr std::chrono::seconds trace_patience{1};

constexpr std::chrono::milliseconds cluster_tick_interval{100};
/// A session need not wait longer for peers that are slow to learn of it: then the log is looked at instead.
constexpr std::chrono::milliseconds settle_patience{500};
/// Without a turn for so long the process was stopped, or the machine: nobody knows what it has missed.
constexpr std::chrono::seconds freeze{2};
constexpr std::chrono::seconds log_deadline{10};

/// When something was missed, at most so long ago that the order of delivery still knows what was shown
/// since: or it would be shown again. Older entries are found by `sync`, and by ping's answer.
wall_time remembered(wall_time missed) {
  const auto now = wall_now();
  return std::clamp<wall_time>(missed, now - cluster::delivery_order::memory / 2, now);
}

} // namespace

void registry::on_exit() {
  for (auto& u : unsettled_)
    if (u.answer) u.answer->deliver(caf::make_error(caf::sec::request_receiver_down));
  unsettled_.clear();
  ticker_.clear();
  cluster_.reset();
  streams_ = nullptr;
  persistence_ = nullptr;
}

void registry::join(clustering with) {
  cluster_ = std::move(with);
  ticked_ = home_.now();
  ticked_at_ = wall_now();
  ticker_.set(home_.timers(), ticked_ + cluster_tick_interval);
}

void registry::tick(steady_time now) {
  ticker_.set(home_.timers(), now + cluster_tick_interval);
  // While the machine sleeps only the wall clock goes on.
  const auto at = wall_now();
  if (now - ticked_ > freeze || at - ticked_at_ > freeze) doubt(std::min(at, ticked_at_));
  ticked_ = now;
  ticked_at_ = at;
  // Who logs in waits for `bound` until all peers know of the session. After a while it is let in all the
  // same, and what a peer that is slow to learn of it commits meanwhile is found in the log.
  for (auto& u : unsettled_) {
    if (u.answer || now - u.since <= settle_patience) continue;
    if (u.bound) send(std::exchange(u.bound, nullptr), bound_atom::value);
    doubt(at); // a peer that does not know of the session tells nothing for it
  }
  // Between two nodes that do not know each other's sessions nothing is told for them.
  if (peers_.is_mid_snapshot()) doubt(at);
  fetch_gaps(now);
  continue_log_audit(now);
  for (auto& asked : traces_)
    if (asked.until <= now) end_trace(asked);
  std::erase_if(traces_, [](const asked_trace& asked) { return !asked.answer.pending(); });
}

// ---- telling ----

/// `to` 0: to all. The cluster actor sends in the order of the tellings, each node its own, and answers with
/// the ticket, if there is one, when all who were told have handled it.
void registry::tell_peers(const cluster::item& what, node_number to, std::uint64_t ticket) {
  if (peers_.empty()) return;
  caf::anon_send(cluster_->cluster, tell_atom::value,
                 telling{to, std::make_shared<const std::string>(cluster::encode(what)), ticket});
}

std::uint64_t registry::tell_peers_and_wait(const cluster::item& what) {
  const auto ticket = peers_.next_ticket();
  tell_peers(what, 0, ticket);
  return ticket;
}

/// All peers have handled what was told with this ticket, and so what was told before it.
void registry::settle(std::uint64_t ticket) {
  while (!unsettled_.empty() && unsettled_.front().ticket <= ticket) {
    auto& u = unsettled_.front();
    // Either a session that wanted to be known everywhere, or a kick that wanted to be done everywhere.
    if (u.bound) send(u.bound, bound_atom::value);
    if (u.answer) u.answer->deliver(u.count);
    unsettled_.pop_front();
  }
  // Or a portion of a snapshot: the next one goes when this one is handled, so that it never fills the link.
  for (const auto node : peers_.settled(ticket)) continue_snapshot(node);
}

std::vector<user_id> registry::users_here() const {
  std::vector<user_id> users;
  for (const auto& [user, entry] : users_) users.push_back(user);
  return users;
}

/// All sessions of this node, between a begin and an end: at the end the peer drops what it knew of this node
/// before and was not told again.
void registry::send_snapshot(node_number to) {
  tell_peers(cluster::snapshot_begin{}, to);
  peers_.begin_snapshot(to, users_here());
  continue_snapshot(to);
}

/// The next portion; none, when all have been told, and handled.
void registry::continue_snapshot(node_number to) {
  // The users are those of the begin. Whoever has come since was told by the way, and who has left has no
  // session here any more.
  const auto next = peers_.next_portion(to, [this](const user_id& user) {
    const auto* present = users_.find(user);
    return present != nullptr ? present->sessions.size() : 0;
  });
  if (!next) return;
  for (const auto& user : next->users)
    for (const auto& l : users_.find(user)->sessions)
      tell_peers(cluster::session_came{user, l.number, l.stamp, l.facts}, to, next->ticket);
  if (next->is_last) tell_peers(cluster::snapshot_end{}, to, next->ticket);
}

/// Above all that are known of that user and device, whatever the clocks say: the newest login wins.
std::int64_t registry::next_stamp(const user_id& user, const std::string& device) const {
  std::int64_t stamp = wall_now().time_since_epoch().count();
  if (device.empty()) return stamp;
  if (const auto* present = users_.find(user); present != nullptr)
    for (const auto& l : present->sessions)
      if (l.facts.device == device) stamp = std::max(stamp, l.stamp + 1);
  for (const auto& s : peers_.sessions().of(user))
    if (s.facts.device == device) stamp = std::max(stamp, s.stamp + 1);
  return stamp;
}

/// To each node once, and only where a member is online.
void registry::forward(const std::vector<committed_message>& messages) {
  if (peers_.sessions().users() == 0) return;
  // Entries of one conversation in a row, for the same people, are one item, and keep their order.
  by_audience(messages, [this](std::span<const committed_message> some) {
    const auto& first = *some.front().stored;
    const auto& audience = some.front().audience;
    for (auto& [node, users] :
         peers_.whereabouts(audience ? *audience : std::vector{first.from, first.to.id})) {
      cluster::log_entries log;
      // Who is not known yet of a node that has just come may be there as well.
      if (audience) log.audience = peers_.is_incoming(node) ? *audience : users;
      for (const auto& m : some) log.entries.push_back(m.stored);
      tell_peers(log, node);
    }
  });
}

void registry::forward(const read_note& note) {
  for (const auto& [node, known] : peers_.whereabouts(note.hearers()))
    tell_peers(cluster::position_read{note.conversation_id, note.user, note.seq, note.peer}, node);
}

void registry::forward(const typing_note& note) {
  for (auto& [node, users] : peers_.whereabouts(note.users))
    tell_peers(cluster::typing{note.conversation_id, note.user, users}, node);
}

/// To all: one may not know yet of somebody who is there and watches.
void registry::forward(const block_note& note) {
  tell_peers(cluster::users_blocked{note.user, note.blocked});
}

void registry::forward(const own_note& note) {
  for (const auto& [node, known] : peers_.whereabouts({note.user}))
    tell_peers(cluster::own_changed{note.user, note.what}, node);
}

void registry::forward(const reaction_note& note) {
  for (auto& [node, users] : peers_.whereabouts(*note.users))
    tell_peers(cluster::reacted{note.what, users}, node);
}

void registry::forward(const stream_note& note) {
  for (auto& [node, users] : peers_.whereabouts(*note.users))
    tell_peers(cluster::stream_grown{note.at.conversation_id, note.at.seq,
                                     static_cast<std::uint32_t>(note.offset), note.delta, users},
               node);
}

// ---- hearing ----

void registry::change_peer(const peer_change& change) {
  using enum peer_change::what;
  auto since = wall_now();
  if (change.happened == left) {
    // Its users are offline, unless they are here or on a third node as well. What it committed and did not
    // get to tell is in the log: the doubt below finds it.
    forget(peers_.left(change.node, since));
  } else {
    const auto left_at =
        peers_.joined(change.node, {change.name, change.incarnation}, change.happened == fell_behind);
    // It came back. What it was about to commit when it froze has the time of then, and not of now.
    if (left_at) since = remembered(*left_at);
    // First who is here: from when the peer has handled this, it sends here what it commits for them.
    send_snapshot(change.node);
    // It may have missed what we told, as we what it told.
    tell_peers(cluster::entries_missed{change.since}, change.node);
    if (timeline_ != nullptr) tell_peers(cluster::timeline_met{timeline_->get()}, change.node);
    // A kick that it did not handle is told again to the same run of it; another run has none of those
    // sessions.
    for (const auto& kick : peers_.kicks_of(change.incarnation)) tell_peers(kick, change.node);
  }
  doubt(since);
}

// ---- what became of a message ----

caf::typed_response_promise<trace_answer> registry::trace(const trace_question& about) {
  auto answer = make_response_promise<trace_answer>();
  const auto& [conversation, seq, id] = about;
  asked_trace asked{.ticket = ++last_trace_,
                    .until = home_.now() + trace_patience,
                    .missing = peers_.nodes(),
                    .known = {.nodes = {{node_, figures_.trace.find(conversation, seq, id, traced_of_each)}}},
                    .answer = answer};
  if (asked.missing.empty() || traces_.size() >= traces_max) {
    end_trace(asked);
    return answer;
  }
  tell_peers(cluster::trace_wanted{asked.ticket, conversation, seq, id});
  traces_.push_back(std::move(asked));
  return answer;
}

void registry::end_trace(asked_trace& asked) {
  for (const auto node : asked.missing)
    asked.known.silent.push_back(peers_.contains(node) ? peers_.at(node).name : "a node that has left");
  asked.answer.deliver(std::move(asked.known));
}

void registry::on_peer_item(node_number from, const cluster::trace_wanted& wanted) {
  tell_peers(cluster::trace_told{wanted.ticket, figures_.trace.find(wanted.conversation_id, wanted.seq,
                                                                    wanted.message_id, traced_of_each)},
             from);
}

void registry::on_peer_item(node_number from, const cluster::trace_told& told) {
  const auto asked = std::ranges::find(traces_, told.ticket, &asked_trace::ticket);
  if (asked == traces_.end() || std::erase(asked->missing, from) == 0) return;
  asked->known.nodes.push_back({peers_.at(from).name, told.known});
  if (!asked->missing.empty()) return;
  end_trace(*asked);
  traces_.erase(asked);
}

void registry::follow_on_peers(const std::vector<committed_message>& messages) {
  for (const auto& one : messages)
    if (const auto under = figures_.spans.followed(one.stored->id))
      tell_peers(cluster::message_followed{one.stored->conversation_id, one.stored->seq, one.stored->id,
                                           traceparent(under->own)});
}

void registry::on_peer_item(node_number, const cluster::message_followed& told) {
  if (const auto under = parse_traceparent(told.under))
    figures_.spans.follow(told.conversation_id, told.seq, told.message_id, {.own = *under, .at = span_now()});
}

/// Each node that is left tells webhooks; the database knows them once.
void registry::forget(const std::vector<user_id>& left) {
  for (const auto& user : left)
    if (!is_online(user)) tell_presence(user, false);
}

/// One envelope of a peer. The cluster actor hears that it is handled in any case: that opens the peer's
/// window again, and an envelope of a peer that has left meanwhile is as good as handled.
void registry::on_peer_items(const peer_items& told) {
  if (peers_.contains(told.from))
    for (const auto& item : told.items)
      std::visit([&](const auto& what) { on_peer_item(told.from, what); }, item);
  if (cluster_) caf::anon_send(cluster_->cluster, handled_atom::value, told.from, told.number);
}

void registry::on_peer_item(node_number from, const cluster::snapshot_begin&) { peers_.snapshot_began(from); }

void registry::on_peer_item(node_number from, const cluster::snapshot_end&) {
  forget(peers_.snapshot_ended(from));
}

void registry::on_peer_item(node_number from, const cluster::session_came& came) {
  // Watchers hear of the first session of a user anywhere, and not of the second.
  const bool was_online = is_online(came.user);
  peers_.session_came(from, came);
  if (!was_online) tell_watchers(came.user, true);
  // One session a device, also over nodes. Both nodes compare the same two stamps, and of equal stamps the
  // nodes' names, so exactly one of the two ends its own.
  if (came.facts.device.empty()) return;
  end_sessions(came.user, close_code::replaced, [&](const listed& l) {
    return l.facts.device == came.facts.device &&
           std::pair(l.stamp, node_) < std::pair(came.stamp, peers_.at(from).name);
  });
}

void registry::on_peer_item(node_number from, const cluster::session_left& left) {
  if (!peers_.sessions().contains(left.user)) return;
  peers_.session_left(from, left);
  if (!is_online(left.user)) tell_watchers(left.user, false);
}

void registry::on_peer_item(node_number, const cluster::log_entries& log) {
  // Without an audience it is a direct conversation, whose two users are in the entry.
  audience_ptr audience;
  if (!log.audience.empty()) audience = std::make_shared<const std::vector<user_id>>(log.audience);
  std::vector<committed_message> messages;
  for (const auto& entry : log.entries) {
    messages.push_back({entry, audience});
    // What a peer has committed this node's writer must find in the store: or the store was set back.
    flow_.note_heard({entry->conversation_id, entry->seq, entry->id, entry->created_at});
  }
  reorder(messages, home_.now());
}

void registry::on_peer_item(node_number, const cluster::position_read& read) {
  tell_read({read.conversation_id, read.user, read.seq, read.peer, {}});
}

void registry::on_peer_item(node_number, const cluster::typing& typing) {
  tell_typing({typing.conversation_id, typing.user, typing.users, {}});
}

void registry::on_peer_item(node_number, const cluster::users_blocked& told) {
  block({told.user, told.blocked});
}
void registry::on_peer_item(node_number, const cluster::own_changed& own) {
  tell_own({own.user, own.what, {}});
}

void registry::on_peer_item(node_number, const cluster::reacted& told) {
  tell_reaction({told.what, std::make_shared<const std::vector<user_id>>(told.users)});
}

void registry::on_peer_item(node_number, const cluster::stream_grown& grown) {
  tell_stream({{grown.conversation_id, grown.seq},
               grown.offset,
               grown.delta,
               std::make_shared<const std::vector<user_id>>(grown.users)});
}

void registry::on_peer_item(node_number, const cluster::stream_wanted& wanted) {
  drop_stream({wanted.conversation_id, wanted.seq});
}

void registry::on_peer_item(node_number, const cluster::tokens_revoked& revoked) {
  if (revoked_ != nullptr) revoked_->note(revoked.user, revoked.at_us);
  tell_revoked({revoked.user, revoked.at_us});
}

void registry::on_peer_item(node_number, const cluster::timeline_met& met) {
  if (timeline_ != nullptr) timeline_->hear(met.at);
}

/// Before this node's writer has seen it, so that nothing of the new epoch is shown to who knows the old one.
void registry::on_peer_item(node_number, const cluster::epoch_changed& changed) {
  const auto before = flow_.epoch();
  if (before.empty() || changed.now.empty() || changed.now == before) return;
  flow_.set_epoch(changed.now);
  resync();
}

void registry::on_peer_item(node_number from, const cluster::user_kicked& told) {
  const bool was_online = is_online(told.user);
  // A kick names the sessions that were there when it was asked for: a user who has logged in again since,
  // while the news was on its way, stays.
  const auto is_meant = [&](const listed& l) {
    return !told.only_these || std::ranges::any_of(told.sessions, [&](const auto& session) {
      return session.node == node_ && session.number == l.number;
    });
  };
  end_sessions(told.user, close_code::kicked, is_meant);
  // A third node, which had not been introduced to the one that kicks, hears of it from here.
  for (const auto& [node, kick] : peers_.kicked(from, told)) tell_peers(kick, node);
  if (was_online && !is_online(told.user)) tell_watchers(told.user, false);
}

void registry::on_peer_item(node_number, const cluster::entries_missed& missed) {
  doubt(missed.since == wall_time() ? wall_now() : remembered(missed.since));
}

// ---- order ----

/// What comes from this node's persistence, from peers and out of the log goes through here: each entry once,
/// each conversation in the order of seq.
void registry::reorder(const std::vector<committed_message>& messages, steady_time committed) {
  std::vector<committed_message> ready;
  for (const auto& m : messages) order_.offer(m, home_.now(), ready);
  if (!ready.empty()) fan_out(ready, committed);
}

void registry::fetch_gaps(steady_time now) {
  // A question takes so many conversations; the store answers it in one statement.
  const auto gaps = order_.overdue(now);
  for (std::span<const gap> left = gaps; !left.empty();) {
    const auto some = left.first(std::min(left.size(), cluster::conversations_a_question));
    left = left.subspan(some.size());
    fetch_gap({some.begin(), some.end()});
  }
}

/// Those that are not found, or cannot be read, stay gaps, which clients close by `sync`; not those that
/// have opened meanwhile.
void registry::fetch_gap(std::vector<gap> gaps) {
  std::vector<log_range> ranges;
  for (const auto& g : gaps)
    ranges.push_back({g.conversation_id, g.after_seq, g.before_seq, cluster::entries_a_conversation});
  read_log(std::move(ranges), wall_now() - log_doubt::reach, [this, gaps = std::move(gaps)](bool) {
    std::vector<committed_message> ready;
    for (const auto& g : gaps) order_.give_up(g.conversation_id, g.before_seq, ready);
    if (!ready.empty()) fan_out(ready, home_.now());
  });
}

/// Reads entries and hands them out; of conversations without a position here only those since then. Then
/// calls `afterwards`: could they be read?
void registry::read_log(std::vector<log_range> ranges, wall_time since,
                        std::function<void(bool)> afterwards) {
  // The credit is given back by the history actor, as after the reads of clients; those who ask for the
  // registry are few and do not wait for admission.
  flow_.history.take(1);
  request(cluster_->log, log_deadline, query_atom::value,
          log_question{std::move(ranges), home_.now() + log_deadline})
      .then(
          [this, afterwards, since](log_answer& answer) {
            std::erase_if(answer.entries, [&](const committed_message& m) {
              return m.stored->created_at < since && !order_.position(m.stored->conversation_id);
            });
            figures_.cluster_looked_up.Increment(static_cast<double>(answer.entries.size()));
            reorder(answer.entries, home_.now());
            afterwards(!answer.failure);
          },
          [afterwards](const caf::error&) { afterwards(false); });
}

// ---- doubt ----

/// Something may have been missed since then: the log is audited until it is certain that nothing was.
void registry::doubt(wall_time from) { doubt_.raise(from, home_.now()); }

void registry::continue_log_audit(steady_time now) {
  auto asked = doubt_.next(now, wall_now(), [this] { return users_here(); });
  if (!asked) return;
  // First: in which conversations of those who are online here was anything said since? Then what is beyond
  // the position that was given out here. log_doubt knows which of the two is next, and when it is enough.
  if (!asked->ranges.empty())
    return read_log(std::move(asked->ranges), asked->since,
                    [this](bool found) { doubt_.answered(found, home_.now()); });
  flow_.history.take(1);
  request(cluster_->log, log_deadline, query_atom::value,
          activity_question{std::move(asked->users), asked->since, now + log_deadline})
      .then([this](const activity_answer& answer) { doubt_.looked_at(answer, order_, home_.now()); },
            [this](const caf::error&) { doubt_.answered(false, home_.now()); });
}

} // namespace hongyan
