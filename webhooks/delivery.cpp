#include "webhooks/delivery.hpp"

#include "core/wire/json.hpp"

#include <algorithm>
#include <array>
#include <boost/json/array.hpp>
#include <boost/json/object.hpp>

namespace hongyan::webhooks {

namespace {

using namespace std::chrono_literals;

constexpr std::array<std::chrono::seconds, 9> delays{5s, 5min, 30min, 2h, 5h, 10h, 14h, 20h, 24h};
constexpr std::chrono::seconds retry_after_max = 1h;
/// After which an event that fails while others succeed is given up.
constexpr std::chrono::seconds patience = 30min;
/// First attempts on end, and no other reason is likely than the receiver.
constexpr std::size_t failures_of_receiver = 3;
/// Events that are loaded at most, a page more; and ids of those that wait behind one that fails.
constexpr std::size_t open_max = 1000;
constexpr std::size_t parked_max = 10'000;
constexpr std::size_t again_max = 1000;

std::chrono::milliseconds spread(std::chrono::seconds span, double by) {
  return std::chrono::milliseconds(
      static_cast<std::int64_t>(by * static_cast<double>(std::chrono::milliseconds(span).count())));
}

std::int64_t number(const boost::json::object& of, std::string_view name) {
  const auto* value = of.if_contains(name);
  return value != nullptr && value->is_int64() ? value->get_int64() : 0;
}

std::vector<std::int64_t> numbers(const boost::json::object& of, std::string_view name) {
  std::vector<std::int64_t> all;
  if (const auto* value = of.if_contains(name); value != nullptr && value->is_array())
    for (const auto& one : value->get_array())
      if (one.is_int64()) all.push_back(one.get_int64());
  return all;
}

template <class Numbers>
boost::json::array array_of(const Numbers& all) {
  boost::json::array array;
  for (const std::int64_t one : all) array.emplace_back(one);
  return array;
}

std::string json_of(const boost::json::object& object) {
  std::string json;
  append_json(json, object);
  return json;
}

} // namespace

std::chrono::seconds delay_after(std::size_t attempts) {
  return delays[std::min(std::max<std::size_t>(attempts, 1), delays.size()) - 1];
}

std::optional<wish> parse_wish(std::string_view line) {
  const auto value = parse_json(line);
  const auto* object = value ? value->if_object() : nullptr;
  if (object == nullptr) return {};
  wish wanted{.enable = object->contains("enable"), .replay_ids = numbers(*object, "ids")};
  if (object->contains("after")) wanted.replay_after = number(*object, "after");
  return wanted;
}

std::string write_wish(const wish& wanted) {
  boost::json::object object;
  if (wanted.enable) object["enable"] = true;
  if (wanted.replay_after) object["after"] = *wanted.replay_after;
  if (!wanted.replay_ids.empty()) object["ids"] = array_of(wanted.replay_ids);
  return json_of(object);
}

// What the notes say is for a person (GET /v1/webhooks) and for the next holder: `parked` and `again`.

delivery::delivery(delivery_settings settings, const webhook_row& row, wall_time now)
    : settings_(std::move(settings))
    , up_to_(row.position) {
  const auto value = parse_json(row.notes);
  const auto* object = value ? value->if_object() : nullptr;
  if (object == nullptr) return;
  disabled_ = object->contains("disabled");
  again_after_ = number(*object, "againAfter");
  again_until_ = number(*object, "againUntil");
  for (const auto id : numbers(*object, "again")) again_.push_back(id);
  if (const auto* error = text_of(*object, "lastError")) last_error_ = *error;
  last_error_at_ = from_ms(number(*object, "lastErrorAt"));
  const auto* all = object->if_contains("parked");
  if (all == nullptr || !all->is_array()) return;
  for (const auto& one : all->get_array()) {
    const auto* of = one.if_object();
    if (of == nullptr) continue;
    const auto ids = numbers(*of, "ids");
    if (ids.empty()) continue;
    parked_[number(*of, "in")] = {.ids = {ids.begin(), ids.end()},
                                  .at = from_ms(number(*of, "at")),
                                  .since = from_ms(number(*of, "since")),
                                  .next = now,
                                  .attempts = static_cast<std::size_t>(number(*of, "attempts"))};
  }
}

std::string delivery::notes(wall_time now) const {
  boost::json::object object;
  object["state"] = disabled_ ? "disabled" : failures_ > 0 ? "failing" : "delivering";
  object["lag"] = lag(now).count();
  if (disabled_) object["disabled"] = true;
  if (!last_error_.empty()) {
    object["lastError"] = last_error_;
    object["lastErrorAt"] = to_ms(last_error_at_);
  }
  if (failures_ > 0)
    if (const auto at = due(now)) object["next"] = to_ms(*at);
  if (!parked_.empty()) {
    boost::json::array all;
    for (const auto& [in, of] : parked_)
      all.push_back(boost::json::object{{"in", in},
                                        {"ids", array_of(of.ids)},
                                        {"at", to_ms(of.at)},
                                        {"since", to_ms(of.since)},
                                        {"attempts", static_cast<std::int64_t>(of.attempts)}});
    object["parked"] = std::move(all);
  }
  if (again_until_ > again_after_) {
    object["againAfter"] = again_after_;
    object["againUntil"] = again_until_;
  }
  // Those in flight as well: they are done when they are answered.
  std::vector<std::int64_t> again(again_.begin(), again_.end());
  for (const auto& [id, of] : flying_)
    if (of.how == flight::again) again.push_back(id);
  if (!again.empty()) object["again"] = array_of(again);
  return json_of(object);
}

std::int64_t delivery::position() const { return open_.empty() ? up_to_ : open_.begin()->first - 1; }

std::chrono::seconds delivery::lag(wall_time now) const {
  std::optional<wall_time> oldest;
  if (!open_.empty()) oldest = open_.begin()->second;
  for (const auto& [in, of] : parked_)
    if (!oldest || of.at < *oldest) oldest = of.at;
  if (!oldest) return 0s;
  return std::max(0s, std::chrono::duration_cast<std::chrono::seconds>(now - *oldest));
}

std::size_t delivery::parked_ids() const {
  std::size_t count = 0;
  for (const auto& [in, of] : parked_) count += of.ids.size();
  return count;
}

std::optional<std::int64_t> delivery::wants() const {
  // Of a failing receiver one event is enough to try it by.
  if (disabled_ || open_.size() >= (failing_ ? 1 : open_max) || parked_ids() >= parked_max) return {};
  return up_to_;
}

bool delivery::is_wanted(const event& one, wall_time now) {
  if (!settings_.types.empty() && !settings_.types.contains(name_of(one.type))) return false;
  if (now - one.at <= settings_.keep) return true;
  ++dropped_;
  return false;
}

void delivery::load(event_page page, wall_time now) {
  up_to_ = std::max(up_to_, page.up_to);
  for (auto& one : page.events) {
    if (!is_wanted(one, now)) continue;
    if (const auto behind = parked_.find(one.conversation_id); behind != parked_.end()) {
      behind->second.ids.push_back(one.id);
      continue;
    }
    open_.emplace(one.id, one.at);
    lane& in = lanes_[one.conversation_id];
    if (!in.is_busy && in.waiting.empty()) ready_.emplace(one.id, one.conversation_id);
    in.waiting.push_back(std::move(one));
  }
}

std::optional<delivery::parcel> delivery::fly(std::int64_t id, flown how, std::optional<event> what) {
  how.is_probe = failing_.has_value();
  flying_.emplace(id, how);
  return parcel{id, std::move(what)};
}

/// The one that is due; `in_turn`: whichever was tried longest ago.
std::optional<delivery::parcel> delivery::next_parked(wall_time now, bool in_turn) {
  const parked* first = nullptr;
  std::int64_t conversation = 0;
  for (const auto& [in, of] : parked_) {
    if (flying_.contains(of.ids.front()) || (!in_turn && of.next > now)) continue;
    if (first != nullptr && first->last <= of.last) continue;
    first = &of;
    conversation = in;
  }
  if (first == nullptr) return {};
  return fly(first->ids.front(), {.how = flight::parked, .conversation = conversation, .at = first->at});
}

std::optional<delivery::parcel> delivery::next(wall_time now) {
  if (disabled_ || flying_.size() >= settings_.concurrency) return {};
  if (failing_) {
    if (!flying_.empty() || failing_->next > now) return {};
    // By turns one that has failed and one that has not: what is refused alone must not stand for all.
    tries_fresh_ = !tries_fresh_;
    if (tries_fresh_)
      if (auto one = next_fresh()) return one;
    if (auto one = next_parked(now, true)) return one;
    if (auto one = next_fresh()) return one;
    failing_.reset(); // nothing is left to try it by
  }
  if (auto one = next_parked(now, false)) return one;
  if (auto one = next_fresh()) return one;
  while (!again_.empty()) {
    const auto id = again_.front();
    again_.pop_front();
    auto node = again_loaded_.extract(id);
    if (flying_.contains(id) || is_yet_to_come(id)) continue;
    return fly(id, {.how = flight::again}, node ? std::optional(std::move(node.mapped())) : std::nullopt);
  }
  return {};
}

std::optional<delivery::parcel> delivery::next_fresh() {
  if (ready_.empty()) return {};
  const auto conversation = ready_.begin()->second;
  ready_.erase(ready_.begin());
  lane& in = lanes_.at(conversation);
  in.is_busy = true;
  event one = std::move(in.waiting.front());
  in.waiting.pop_front();
  const auto id = one.id;
  const flown how{.how = flight::first, .conversation = conversation, .at = one.at};
  return fly(id, how, std::move(one));
}

/// It is told anyway, in its turn.
bool delivery::is_yet_to_come(std::int64_t id) const {
  return id > up_to_ || open_.contains(id) || std::ranges::any_of(parked_, [id](const auto& one) {
           return std::ranges::find(one.second.ids, id) != one.second.ids.end();
         });
}

std::vector<failed_event> delivery::take_failed() {
  std::vector<failed_event> all;
  for (auto& [id, one] : std::exchange(failed_, {})) all.push_back(std::move(one));
  return all;
}

std::optional<wall_time> delivery::due(wall_time now) const {
  if (disabled_) return {};
  if (failing_) return std::max(failing_->next, now);
  std::optional<wall_time> first;
  for (const auto& [in, of] : parked_)
    if (!flying_.contains(of.ids.front()) && (!first || of.next < *first)) first = of.next;
  return first;
}

/// The conversation's next event of those that are loaded.
void delivery::go_on(std::int64_t conversation) {
  const auto at = lanes_.find(conversation);
  if (at == lanes_.end()) return;
  at->second.is_busy = false;
  if (at->second.waiting.empty())
    lanes_.erase(at);
  else
    ready_.emplace(at->second.waiting.front().id, conversation);
}

void delivery::succeeded(wall_time now) {
  const bool was_failing = failing_.has_value();
  failing_.reset();
  failures_ = first_failures_ = 0;
  succeeded_at_ = now;
  for (auto& [in, of] : parked_) {
    if (was_failing) of.helped = false; // none of them was at fault
    // One that waits for minutes since nothing went is tried now; one that has just failed is soon anyway.
    if (std::exchange(of.helped, true) || (!was_failing && of.attempts < 2)) continue;
    // Until now nothing has told its failure from the receiver's.
    of.attempts = was_failing ? 0 : of.attempts;
    of.since = of.next = now;
  }
}

wall_time delivery::after(std::size_t attempts, const attempt& how, wall_time now) const {
  const auto delay = how.retry_after ? std::min(*how.retry_after, retry_after_max) : delay_after(attempts);
  return now + spread(delay, how.retry_after ? 1.0 : settings_.jitter());
}

void delivery::count_failure(const attempt& how, std::size_t attempts, const flown& of, wall_time now) {
  last_error_ = how.why;
  last_error_at_ = now;
  ++failures_;
  if (how.is_of_receiver && of.how == flight::first) ++first_failures_;
  if (failing_ && of.is_probe) // what was in flight when it began to fail says nothing more
    failing_->next = after(++failing_->attempts, how, now);
  else if (!failing_ && first_failures_ >= failures_of_receiver)
    failing_ = failing{.attempts = attempts, .next = after(attempts, how, now)};
}

/// Its first attempt has failed: all that is loaded of its conversation waits behind it.
void delivery::park(std::int64_t id, const flown& of, const attempt& how, wall_time now) {
  parked behind{.ids = {id}, .at = of.at, .since = now, .last = now, .attempts = 1};
  open_.erase(id);
  if (const auto at = lanes_.find(of.conversation); at != lanes_.end()) {
    for (const event& one : at->second.waiting) {
      behind.ids.push_back(one.id);
      open_.erase(one.id);
    }
    lanes_.erase(at);
  }
  behind.next = after(1, how, now);
  parked_.insert_or_assign(of.conversation, std::move(behind));
  count_failure(how, 1, of, now);
}

void delivery::failed_again(const flown& flown_of, std::int64_t id, const attempt& how, wall_time now) {
  const auto conversation = flown_of.conversation;
  parked& of = parked_.at(conversation);
  ++of.attempts;
  of.last = now;
  const bool others_succeed = succeeded_at_ > of.since;
  if (others_succeed && !flown_of.is_probe && (of.gave_up || now - of.since >= patience)) {
    failed_.insert_or_assign(
        id, failed_event{
                .id = id, .at = now, .attempts = static_cast<std::int32_t>(of.attempts), .why = how.why});
    last_error_ = how.why;
    last_error_at_ = now;
    of.gave_up = true;
    finish_first(conversation, now);
    return;
  }
  of.next = after(of.attempts, how, now);
  if (others_succeed) of.next = std::min(of.next, of.since + patience);
  count_failure(how, of.attempts, flown_of, now);
}

/// The first of a parked conversation is done with: the next one's turn.
void delivery::finish_first(std::int64_t conversation, wall_time now) {
  const auto at = parked_.find(conversation);
  if (at == parked_.end()) return;
  parked& of = at->second;
  of.ids.pop_front();
  if (of.ids.empty()) {
    parked_.erase(at);
    return;
  }
  of.attempts = 0;
  of.since = of.next = now;
  of.helped = false;
}

void delivery::answered(std::int64_t id, const attempt& how, wall_time now) {
  const auto at = flying_.find(id);
  if (at == flying_.end()) return;
  const flown of = at->second;
  if (how.what == attempt::outcome::delivered) {
    settle(id, now);
    succeeded(now);
    return;
  }
  flying_.erase(at);
  if (how.what == attempt::outcome::gone) disabled_ = true;
  switch (of.how) {
  case flight::first: park(id, of, how, now); break;
  case flight::parked: failed_again(of, id, how, now); break;
  case flight::again:
    // Not its turn to be patient with: whoever wanted it again looks at the failed ones.
    failed_.insert_or_assign(id, failed_event{.id = id, .at = now, .attempts = 1, .why = how.why});
    count_failure(how, 1, of, now);
    break;
  }
}

/// It is done with.
void delivery::settle(std::int64_t id, wall_time now) {
  const auto at = flying_.find(id);
  if (at == flying_.end()) return;
  const flown of = at->second;
  flying_.erase(at);
  if (of.how == flight::first) {
    open_.erase(id);
    go_on(of.conversation);
  } else if (of.how == flight::parked) {
    if (const auto behind = parked_.find(of.conversation); behind != parked_.end())
      behind->second.gave_up = false;
    finish_first(of.conversation, now);
  }
}

bool delivery::is_too_old(std::int64_t id, const event& what, wall_time now) {
  const auto at = flying_.find(id);
  if (at == flying_.end() || at->second.how == flight::again || now - what.at <= settings_.keep) return false;
  ++dropped_;
  settle(id, now);
  return true;
}

void delivery::put_off(std::int64_t id) {
  const auto at = flying_.find(id);
  if (at == flying_.end()) return;
  if (at->second.how == flight::again) again_.push_front(id);
  flying_.erase(at); // a parked one is where it was
}

void delivery::want(const wish& wanted, wall_time now) {
  if (wanted.enable) {
    disabled_ = false;
    failing_.reset();
    failures_ = first_failures_ = 0;
    for (auto& [in, of] : parked_) of.next = now;
  }
  if (wanted.replay_after) {
    again_after_ = *wanted.replay_after;
    again_until_ = position();
  }
  for (const auto id : wanted.replay_ids) {
    if (again_.size() >= parked_max) break;
    again_.push_back(id);
    retried_.push_back(id);
  }
}

std::optional<std::pair<std::int64_t, std::int64_t>> delivery::wants_again() const {
  if (disabled_ || failing_ || again_after_ >= again_until_ || again_.size() >= again_max) return {};
  return std::pair(again_after_, again_until_);
}

void delivery::load_again(event_page page) {
  if (page.up_to <= again_after_) return; // nothing can be read yet
  again_after_ = page.up_to;
  for (auto& one : page.events) {
    if (one.id > again_until_) break;
    if (!settings_.types.empty() && !settings_.types.contains(name_of(one.type))) continue;
    again_.push_back(one.id);
    again_loaded_.insert_or_assign(one.id, std::move(one));
  }
}

} // namespace hongyan::webhooks
