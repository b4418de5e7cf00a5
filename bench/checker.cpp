#include "bench/checker.hpp"

#include <algorithm>
#include <array>
#include <cstdio>
#include <limits>
#include <optional>
#include <set>
#include <unordered_map>
#include <utility>

namespace hongyan::bench {

namespace {

constexpr std::array<std::pair<anomaly, std::string_view>, 15> names{
    {{anomaly::lost, "lost"},
     {anomaly::lost_on_one_node, "lost-on-one-node"},
     {anomaly::duplicate_append, "duplicate-append"},
     {anomaly::aborted_read, "aborted-read"},
     {anomaly::phantom, "phantom"},
     {anomaly::divergence, "divergence"},
     {anomaly::hole, "hole"},
     {anomaly::real_time_inversion, "real-time-inversion"},
     {anomaly::sender_inversion, "sender-inversion"},
     {anomaly::skip, "skip"},
     {anomaly::non_monotonic, "non-monotonic"},
     {anomaly::ack_lie, "ack-lie"},
     {anomaly::stale_read, "stale-read"},
     {anomaly::cross_user_leak, "cross-user-leak"},
     {anomaly::liveness, "liveness"}}};

constexpr std::size_t examples_max = 3;
/// Ours, as for a node that comes back (contract, promise 8): after the faults every client can send within
/// this.
constexpr std::int64_t liveness_nanoseconds = 10'000'000'000;

/// Nobody sent it: a change of the group, say.
bool is_own(const event& entry) { return !entry.text.empty(); }

/// What is known of one clientMsgId of one sender.
struct message {
  const event* sent = nullptr;  ///< the first time
  const event* ok = nullptr;    ///< the first answer
  const event* entry = nullptr; ///< shown for the first time
  std::vector<const event*> oks{};
  std::vector<std::pair<std::string, std::int64_t>> places{}; ///< epoch and seq, each once
  std::size_t sends = 0;
  std::size_t fails = 0;

  bool failed() const { return ok == nullptr && fails == sends; }
  /// The lowest seq at which it was shown.
  std::optional<std::int64_t> seq() const {
    const auto lowest = std::ranges::min_element(places, {}, &std::pair<std::string, std::int64_t>::second);
    return lowest == places.end() ? std::nullopt : std::optional(lowest->second);
  }
};

/// One asking for the history of a conversation, with its answer.
struct reading {
  const event* begin = nullptr;
  std::int64_t low = 0; ///< complete from here on
  std::set<std::int64_t> seqs{};
  std::set<const message*> messages{};
};

/// The log of a conversation in one epoch, as it was shown: different contents by seq (one, if all is well).
struct shown_log {
  std::map<std::int64_t, std::vector<const event*>> entries{};
  std::set<std::int64_t> final_seqs{}; ///< in any final history
};

/// What one client was shown of a conversation, over all of its sessions, live and by sync.
struct device {
  std::string epoch{};
  std::map<std::int64_t, const event*> got{};
};

struct conversation {
  std::set<std::string> members{};
  std::map<std::string, shown_log> logs{}; ///< by epoch
  std::map<std::string, device> devices{}; ///< by client
  std::vector<message*> messages{};        ///< in the order sent first
  std::vector<reading> readings{};         ///< that came to their end, by members
};

class judge {
public:
  explicit judge(std::span<const event> history) : history_(history) {}

  verdict run();

private:
  void take(const event& e);
  void take_reset(const event& e);
  void take_send(const event& e);
  void take_ok(const event& e);
  void take_entry(const event& e);
  void take_read_end(const event& e);

  void judge_contents(const std::string& name, const conversation& c);
  void judge_acknowledgements(const conversation& c);
  void judge_presence(const std::string& name, const conversation& c);
  void judge_stale(const conversation& c);
  void judge_holes(const std::string& name, const conversation& c);
  void judge_order(const conversation& c);
  void judge_skips(const std::string& name, const conversation& c);
  void judge_liveness();

  bool is_final(const reading& r) const {
    return healed_ != nullptr && r.begin->at >= healed_->at && r.low <= 1;
  }
  message* find(const std::string& client, const std::string& client_msg_id);
  const message* sent_as(const event& entry, const std::string& conversation);
  void found(anomaly kind, const std::string& example);

  /// Seconds since the first event.
  std::string when(const event& e) const;
  std::string where(const event& e) const;
  std::string described(const message& m) const;
  std::string described_entry(const event& e) const;

  std::span<const event> history_;
  verdict out_;
  std::map<std::string, conversation> conversations_;
  std::unordered_map<std::string, message> messages_;                       ///< by sender and clientMsgId
  std::map<std::pair<std::uint64_t, std::string>, std::int64_t> last_live_; ///< by session and conversation
  std::map<std::pair<std::uint64_t, std::string>, reading> open_readings_;  ///< the same
  std::map<std::string, const event*> sync_begun_;                          ///< by client
  std::map<std::string, const event*> synced_; ///< the last sync that came to its end; its begin
  const event* healed_ = nullptr;
};

verdict judge::run() {
  for (const auto& e : history_) take(e);
  for (const auto& [name, c] : conversations_) {
    judge_contents(name, c);
    judge_acknowledgements(c);
    judge_presence(name, c);
    judge_stale(c);
    judge_holes(name, c);
    judge_order(c);
    judge_skips(name, c);
  }
  judge_liveness();
  return std::move(out_);
}

void judge::take(const event& e) {
  switch (e.kind) {
  case event_kind::members:
    conversations_[e.conversation].members.insert(e.users.begin(), e.users.end());
    break;
  case event_kind::send: take_send(e); break;
  case event_kind::ok: take_ok(e); break;
  case event_kind::fail:
    if (auto* m = find(e.client, e.client_msg_id)) ++m->fails;
    break;
  case event_kind::entry: take_entry(e); break;
  case event_kind::sync_begin: sync_begun_[e.client] = &e; break;
  case event_kind::reset: take_reset(e); break;
  case event_kind::sync_end: synced_[e.client] = sync_begun_[e.client]; break;
  case event_kind::read_begin: open_readings_[{e.session, e.conversation}] = {.begin = &e}; break;
  case event_kind::read_end: take_read_end(e); break;
  case event_kind::read_fail: open_readings_.erase({e.session, e.conversation}); break;
  case event_kind::healed: healed_ = &e; break;
  case event_kind::connect:
  case event_kind::session:
  case event_kind::unknown:
  case event_kind::closed:
  case event_kind::mark: break;
  }
}

/// What the client had is void, but for what came live while it asked: that is the store's as it is now.
void judge::take_reset(const event& e) {
  const auto* begun = sync_begun_[e.client];
  for (auto& [name, c] : conversations_) {
    const auto known = c.devices.find(e.client);
    if (known == c.devices.end()) continue;
    std::erase_if(known->second.got, [&](const auto& entry) {
      return begun == nullptr || entry.second->how != shown::live || entry.second->at < begun->at;
    });
    if (known->second.got.empty()) c.devices.erase(known);
  }
}

void judge::take_send(const event& e) {
  auto& m = messages_[e.client + '\n' + e.client_msg_id];
  if (++m.sends > 1) return;
  m.sent = &e;
  conversations_[e.conversation].messages.push_back(&m);
}

void judge::take_ok(const event& e) {
  auto* m = find(e.client, e.client_msg_id);
  if (m == nullptr) return;
  m->oks.push_back(&e);
  if (m->ok == nullptr) m->ok = &e;
  if (!conversations_[e.conversation].members.contains(e.client))
    found(anomaly::cross_user_leak, e.client + ", who is no member, could send " + described(*m));
}

void judge::take_entry(const event& e) {
  auto& c = conversations_[e.conversation];
  if (!c.members.contains(e.client))
    found(anomaly::cross_user_leak, e.client + ", who is no member, was shown " + described_entry(e));
  const auto same = [&](const event* other) {
    return other->from == e.from && other->client_msg_id == e.client_msg_id && other->body == e.body;
  };
  auto& contents = c.logs[e.epoch].entries[e.seq];
  if (std::ranges::none_of(contents, same)) contents.push_back(&e);

  auto* m = find(e.from, e.client_msg_id);
  if (m != nullptr && m->sent->conversation == e.conversation && m->sent->body == e.body) {
    if (m->entry == nullptr) m->entry = &e;
    const std::pair place(e.epoch, e.seq);
    if (std::ranges::find(m->places, place) == m->places.end()) m->places.push_back(place);
  } else {
    m = nullptr;
  }

  if (e.how == shown::by_read) {
    const auto open = open_readings_.find({e.session, e.conversation});
    if (open == open_readings_.end()) return;
    open->second.seqs.insert(e.seq);
    if (m != nullptr) open->second.messages.insert(m);
    return;
  }
  if (e.how == shown::live) {
    auto [last, is_new] = last_live_.try_emplace({e.session, e.conversation}, e.seq);
    if (!is_new && e.seq <= last->second)
      found(anomaly::non_monotonic, described_entry(e) + " came behind seq " + std::to_string(last->second));
    last->second = std::max(last->second, e.seq);
  }
  auto& d = c.devices[e.client];
  if (d.epoch != e.epoch) d = {.epoch = e.epoch};
  // A log that begins with a sync's page begins there: what comes live from before it is not missed either.
  if (e.how == shown::live && !d.got.empty() && d.got.begin()->second->how == shown::by_sync &&
      e.seq < d.got.begin()->first)
    return;
  d.got.try_emplace(e.seq, &e);
}

void judge::take_read_end(const event& e) {
  const auto open = open_readings_.find({e.session, e.conversation});
  if (open == open_readings_.end()) return;
  auto& c = conversations_[e.conversation];
  if (c.members.contains(e.client)) {
    open->second.low = e.seq;
    c.readings.push_back(std::move(open->second));
    if (is_final(c.readings.back())) {
      auto& seqs = c.readings.back().seqs;
      c.logs[c.readings.back().begin->epoch].final_seqs.insert(seqs.begin(), seqs.end());
    }
  } else {
    found(anomaly::cross_user_leak,
          e.client + ", who is no member, could read the history of " + e.conversation + where(e));
  }
  open_readings_.erase(open);
}

/// Each entry was sent, and is the only one at its place; each message has only one.
void judge::judge_contents(const std::string& name, const conversation& c) {
  for (const auto& [epoch, log] : c.logs) {
    for (const auto& [seq, contents] : log.entries) {
      if (contents.size() > 1)
        found(anomaly::divergence, described_entry(*contents[0]) + ", but " + described_entry(*contents[1]));
      for (const auto* entry : contents) {
        if (is_own(*entry)) continue;
        const auto* m = sent_as(*entry, name);
        if (m == nullptr) {
          found(anomaly::phantom, described_entry(*entry));
        } else if (m->failed()) {
          found(anomaly::aborted_read, described_entry(*entry) + ", which was answered with an error");
        } else if (!c.members.contains(entry->from)) {
          found(anomaly::cross_user_leak, described_entry(*entry) + ", of somebody who is no member");
        }
      }
    }
  }
  for (const auto* m : c.messages) {
    for (std::size_t i = 1; i < m->places.size(); ++i)
      if (m->places[i].first == m->places[0].first)
        found(anomaly::duplicate_append, described(*m) + " is there as seq " +
                                             std::to_string(m->places[0].second) + " and as seq " +
                                             std::to_string(m->places[i].second));
  }
}

void judge::judge_acknowledgements(const conversation& c) {
  for (const auto* m : c.messages) {
    for (const auto* ok : m->oks) {
      const auto shown_in_epoch = [&](const auto& place) { return place.first == ok->epoch; };
      if (std::ranges::none_of(m->places, shown_in_epoch)) continue; // lost, if it should be there
      if (std::ranges::find(m->places, std::pair(ok->epoch, ok->seq)) != m->places.end()) continue;
      found(anomaly::ack_lie, described(*m) + " was acknowledged as seq " + std::to_string(ok->seq) +
                                  where(*ok) + ", but is seq " + std::to_string(*m->seq()));
    }
  }
}

/// What was acknowledged is in every final history.
void judge::judge_presence(const std::string& name, const conversation& c) {
  std::vector<const reading*> finals;
  std::set<std::string> readers;
  std::int64_t first = std::numeric_limits<std::int64_t>::max();
  std::int64_t last = 0;
  for (const auto& r : c.readings) {
    if (!is_final(r)) continue;
    finals.push_back(&r);
    readers.insert(r.begin->client);
    if (r.seqs.empty()) continue;
    first = std::min(first, *r.seqs.begin());
    last = std::max(last, *r.seqs.rbegin());
  }
  const bool is_used = std::ranges::any_of(c.messages, [](const auto* m) { return m->ok != nullptr; });
  for (const auto& member : c.members)
    if (is_used && healed_ != nullptr && !readers.contains(member))
      found(anomaly::liveness, member + " could not read the history of " + name + " after the faults");

  for (const auto* m : c.messages) {
    const auto* known = m->ok != nullptr ? m->ok : m->entry;
    if (known == nullptr || m->failed()) continue;
    const auto seq = m->ok != nullptr ? m->ok->seq : m->entry->seq;
    std::map<std::string, bool> on_node;
    const reading* without = nullptr;
    const bool anywhere = std::ranges::any_of(finals, [&](const auto* r) { return r->messages.contains(m); });
    for (const auto* r : finals) {
      const bool is_there = r->messages.contains(m);
      if (!is_there && r->begin->at <= known->at) continue;
      // There for others, and here something else in its place: that is a divergence.
      if (!is_there && anywhere && m->seq() && r->seqs.contains(*m->seq())) continue;
      auto& on_this = on_node[r->begin->node];
      on_this |= is_there;
      if (!is_there) without = r;
    }
    if (without == nullptr) continue;
    if (!anywhere) {
      const auto* part = seq > last ? "postfix" : seq < first ? "prefix" : "middle";
      found(anomaly::lost, described(*m) + (m->ok != nullptr ? ", acknowledged" : ", shown") + where(*known) +
                               " (" + part + ")");
      continue;
    }
    bool named = false;
    for (const auto& [node, is_there] : on_node) {
      if (is_there) continue;
      named = true;
      found(anomaly::lost_on_one_node, described(*m) + " is not on " + node);
    }
    if (!named)
      found(anomaly::stale_read, described(*m) + " is not in the history that " + without->begin->client +
                                     " read" + where(*without->begin));
  }
}

/// What was acknowledged before a history was asked for is in it.
void judge::judge_stale(const conversation& c) {
  std::vector<std::pair<std::int64_t, const message*>> stored; // by seq; those that are not lost
  for (const auto* m : c.messages)
    if (m->ok != nullptr && m->seq()) stored.emplace_back(*m->seq(), m);
  std::ranges::sort(stored);
  for (const auto& r : c.readings) {
    if (is_final(r)) continue;
    for (auto at =
             std::ranges::lower_bound(stored, r.low, {}, &std::pair<std::int64_t, const message*>::first);
         at != stored.end(); ++at) {
      const auto* m = at->second;
      if (m->ok->at >= r.begin->at || r.messages.contains(m) || r.seqs.contains(at->first)) continue;
      if (m->places[0].first != r.begin->epoch) continue;
      found(anomaly::stale_read, described(*m) + " was acknowledged at " + when(*m->ok) +
                                     ", but is not in the history that " + r.begin->client + " asked for" +
                                     where(*r.begin));
    }
  }
}

void judge::judge_holes(const std::string& name, const conversation& c) {
  for (const auto& [epoch, log] : c.logs) {
    std::set<std::int64_t> lost; // by their acknowledgements: named already
    for (const auto* m : c.messages)
      if (m->ok != nullptr && m->ok->epoch == epoch) lost.insert(m->ok->seq);
    std::int64_t expected = 1;
    for (const auto seq : log.final_seqs) {
      for (; expected < seq; ++expected)
        if (!lost.contains(expected))
          found(anomaly::hole, "seq " + std::to_string(expected) + " of " + name + " is in no history");
      expected = seq + 1;
    }
  }
}

/// Real time and the senders' own order, which seq must follow.
void judge::judge_order(const conversation& c) {
  std::map<std::string, std::vector<std::pair<std::int64_t, const message*>>> by_epoch;
  for (const auto* m : c.messages)
    for (const auto& [epoch, seq] : m->places) by_epoch[epoch].emplace_back(seq, m);
  for (auto& [epoch, stored] : by_epoch) {
    std::ranges::sort(stored);
    const message* behind = nullptr; // of all behind, that which was acknowledged first
    const event* acknowledged = nullptr;
    for (auto at = stored.rbegin(); at != stored.rend(); ++at) {
      const auto* m = at->second;
      if (acknowledged != nullptr && acknowledged->at < m->sent->at)
        found(anomaly::real_time_inversion, described(*behind) + " was acknowledged at " +
                                                when(*acknowledged) + ", before " + described(*m) +
                                                " was sent");
      // In this epoch: in another it had another place, and may have been lost and sent again.
      for (const auto* ok : m->oks)
        if (ok->epoch == epoch && (acknowledged == nullptr || ok->at < acknowledged->at)) {
          behind = m;
          acknowledged = ok;
        }
    }
  }
  std::map<std::uint64_t, const message*> last; // by session: that with the highest seq so far
  for (const auto* m : c.messages) {
    if (m->sends > 1 || m->ok == nullptr || m->ok->session != m->sent->session || !m->seq()) continue;
    auto& before = last[m->sent->session];
    if (before != nullptr && *m->seq() < *before->seq()) {
      if (before->ok->at >= m->sent->at) // else it is a real-time inversion
        found(anomaly::sender_inversion, described(*m) + " was sent behind " + described(*before));
    } else {
      before = m;
    }
  }
}

/// Each client got all entries behind its first, up to its last, and up to its last sync.
void judge::judge_skips(const std::string& name, const conversation& c) {
  for (const auto& member : c.members) {
    const auto known = c.devices.find(member);
    if (known == c.devices.end()) continue;
    const auto& d = known->second;
    const auto log = c.logs.find(d.epoch);
    const auto synced = synced_.find(member);
    for (auto at = log->second.entries.upper_bound(d.got.begin()->first); at != log->second.entries.end();
         ++at) {
      const auto& [seq, contents] = *at;
      if (d.got.contains(seq)) continue;
      const auto* entry = contents.front();
      const auto* m = sent_as(*entry, name);
      if (m == nullptr && !is_own(*entry)) continue; // a phantom: nobody misses it
      if (m != nullptr && m->failed()) continue;
      const auto next = d.got.upper_bound(seq);
      const bool later = next != d.got.end();
      const bool before_sync = m != nullptr && m->ok != nullptr && synced != synced_.end() &&
                               synced->second != nullptr && m->ok->at < synced->second->at;
      if (!later && !before_sync) continue;
      found(anomaly::skip, member + " was not shown " + described_entry(*entry) +
                               (later ? ", but then seq " + std::to_string(next->first) + where(*next->second)
                                      : ", not even by sync" + where(*synced->second)));
    }
  }
}

void judge::judge_liveness() {
  if (healed_ == nullptr) {
    found(anomaly::liveness, "the history ends before its last part, in which every client sends and reads");
    return;
  }
  struct last_words {
    const message* sent = nullptr;
    bool in_time = false;
  };
  std::map<std::string, last_words> clients;
  for (const auto& [name, c] : conversations_) {
    for (const auto& member : c.members) clients[member];
    for (const auto* m : c.messages) {
      if (m->sent->at < healed_->at || !c.members.contains(m->sent->client)) continue;
      auto& last = clients[m->sent->client];
      last.sent = m;
      last.in_time |= m->ok != nullptr && m->ok->at - m->sent->at <= liveness_nanoseconds;
    }
  }
  for (const auto& [client, last] : clients) {
    if (last.in_time) continue;
    if (last.sent == nullptr) {
      found(anomaly::liveness, client + " could not connect after the faults");
    } else {
      found(anomaly::liveness, described(*last.sent) + " was not acknowledged within 10 s");
    }
  }
}

message* judge::find(const std::string& client, const std::string& client_msg_id) {
  const auto known = messages_.find(client + '\n' + client_msg_id);
  return known == messages_.end() ? nullptr : &known->second;
}

/// The message that an entry is, if it was sent so.
const message* judge::sent_as(const event& entry, const std::string& conversation) {
  const auto* m = find(entry.from, entry.client_msg_id);
  return m != nullptr && m->sent->conversation == conversation && m->sent->body == entry.body ? m : nullptr;
}

void judge::found(anomaly kind, const std::string& example) {
  auto& f = out_.found[kind];
  if (++f.count <= examples_max) f.examples.push_back(example);
}

std::string judge::when(const event& e) const {
  constexpr double second = 1e9;
  char text[48];
  const auto length =
      std::snprintf(text, sizeof(text), "%.6f s", static_cast<double>(e.at - history_.front().at) / second);
  return {text, static_cast<std::size_t>(length)};
}

std::string judge::where(const event& e) const {
  return " at " + when(e) + " in session " + std::to_string(e.session) + " on " + e.node;
}

std::string judge::described(const message& m) const {
  const auto seq = m.seq();
  return m.sent->client_msg_id + " of " + m.sent->client + " in " + m.sent->conversation +
         (seq ? " (seq " + std::to_string(*seq) + ")" : "") + ", sent at " + when(*m.sent);
}

std::string judge::described_entry(const event& e) const {
  return "seq " + std::to_string(e.seq) + " of " + e.conversation + ", " +
         (is_own(e) ? "the log's own" : e.client_msg_id + " of " + e.from) + ", shown to " + e.client +
         where(e);
}

} // namespace

std::string_view name_of(anomaly kind) {
  return std::ranges::find(names, kind, &std::pair<anomaly, std::string_view>::first)->second;
}

std::span<const anomaly> all_anomalies() {
  static const auto all = [] {
    std::array<anomaly, names.size()> kinds{};
    std::ranges::transform(names, kinds.begin(), &std::pair<anomaly, std::string_view>::first);
    return kinds;
  }();
  return all;
}

std::vector<std::string> verdict::lines() const {
  std::vector<std::string> out;
  for (const auto& [kind, f] : found) {
    std::string line = std::to_string(f.count) + " × " + std::string(name_of(kind)) + ": ";
    for (std::size_t i = 0; i < f.examples.size(); ++i) line.append(i == 0 ? "" : "; ").append(f.examples[i]);
    if (f.count > f.examples.size()) line += "; …";
    out.push_back(std::move(line));
  }
  return out;
}

verdict check(std::span<const event> history) { return judge(history).run(); }

} // namespace hongyan::bench
