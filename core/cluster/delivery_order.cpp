#include "core/cluster/delivery_order.hpp"

#include <algorithm>
#include <utility>

namespace hongyan::cluster {

/// Finds a conversation, and makes it young.
delivery_order::conversation* delivery_order::find(std::int64_t id) {
  if (const auto found = young_.find(id); found != young_.end()) return &found->second;
  if (auto node = old_.extract(id)) return &young_.insert(std::move(node)).position->second;
  return nullptr;
}

bool delivery_order::is_close_behind(const message& m) {
  return m.seq > 1 && m.previous_at != wall_time() && m.created_at - m.previous_at < close_behind;
}

/// Two generations: who is not heard of for a whole turn is forgotten.
void delivery_order::make_room(steady_time now) {
  if (now - turned_ < memory && young_.size() < conversations_max) return;
  turned_ = now;
  auto forgotten = std::exchange(old_, std::exchange(young_, {}));
  for (const auto id : open_)
    if (auto node = forgotten.extract(id)) young_.insert(std::move(node)); // it waits: not yet
}

void delivery_order::offer(committed_message entry, steady_time now, std::vector<committed_message>& out) {
  const auto id = entry.stored->conversation_id;
  const auto seq = entry.stored->seq;
  make_room(now);
  auto* known = find(id);
  if (known == nullptr) known = &young_[id];
  if (!known->begun && (known->waiting.empty() || seq <= known->last_seq + 1))
    known->last_seq = is_close_behind(*entry.stored) ? seq - 2 : seq - 1;
  if (seq <= known->last_seq) return;
  if (seq == known->last_seq + 1) {
    known->last_seq = seq;
    known->begun = true;
    out.push_back(std::move(entry));
    release(*known, out);
    close_gap(id, *known, now);
    return;
  }
  const bool too_much = seq - known->last_seq > gap_max || held_ >= held_max;
  if (known->waiting.empty()) {
    known->since = now;
    known->asked = false;
    open_.push_back(id);
  }
  held_ += known->waiting.try_emplace(seq, std::move(entry)).second;
  if (too_much) give_up(id, seq, out);
}

/// Gives out what follows last_seq without a gap.
void delivery_order::release(conversation& from, std::vector<committed_message>& out) {
  while (!from.waiting.empty() && from.waiting.begin()->first <= from.last_seq + 1) {
    auto next = from.waiting.extract(from.waiting.begin());
    --held_;
    if (next.key() <= from.last_seq) continue;
    from.last_seq = next.key();
    from.begun = true;
    out.push_back(std::move(next.mapped()));
  }
}

void delivery_order::close_gap(std::int64_t id, conversation& c, steady_time now) {
  if (!c.waiting.empty()) {
    c.since = now; // the next gap
    c.asked = false;
  } else if (const auto at = std::ranges::find(open_, id); at != open_.end()) {
    *at = open_.back();
    open_.pop_back();
  }
}

std::vector<delivery_order::gap> delivery_order::overdue(steady_time now) {
  std::vector<gap> found;
  for (const auto id : open_) {
    auto* c = find(id);
    if (c == nullptr || c->asked || c->waiting.empty() || now - c->since < hold_limit) continue;
    c->asked = true;
    const auto after = c->begun ? c->last_seq : c->last_seq - std::min(c->last_seq, looked_back);
    found.push_back({id, after, c->waiting.begin()->first});
  }
  return found;
}

void delivery_order::give_up(std::int64_t in, std::int64_t before_seq, std::vector<committed_message>& out) {
  auto* c = find(in);
  if (c == nullptr || c->waiting.empty() || c->last_seq + 1 >= before_seq) return;
  while (!c->waiting.empty() && c->last_seq + 1 < before_seq) {
    c->last_seq = std::min(c->waiting.begin()->first, before_seq) - 1;
    release(*c, out);
  }
  close_gap(in, *c, {});
}

std::optional<std::int64_t> delivery_order::position(std::int64_t in) const {
  for (const auto* generation : {&young_, &old_})
    if (const auto found = generation->find(in); found != generation->end() && found->second.begun)
      return found->second.last_seq;
  return {};
}

} // namespace hongyan::cluster
