#include "bench/ledger.hpp"

#include <algorithm>

namespace hongyan::bench {

namespace {

std::uint64_t pair_key(std::uint32_t a, std::uint32_t b) {
  return std::uint64_t{std::min(a, b)} << 32 | std::max(a, b);
}

std::string described(std::uint64_t number, std::uint32_t from, std::uint32_t to) {
  return "push " + std::to_string(number) + " from user #" + std::to_string(from) + " to #" +
         std::to_string(to);
}

} // namespace

std::uint64_t ledger::sent(std::uint32_t from, std::uint32_t to, steady_time due, steady_time at) {
  const auto number = ++pushes_;
  auto& between = conversations_[pair_key(from, to)];
  between.open.push_back(number);
  live_.emplace(number, entry{.from = from, .to = to, .due = due, .sent_at = at, .in = &between});
  return number;
}

steady_time ledger::acknowledged(std::uint64_t number, steady_time at) {
  auto& e = live_.at(number);
  e.answered = answer::yes;
  e.acknowledged_at = at;
  ++answers_;
  ++acknowledged_;
  const auto due = e.due;
  settle(number, e);
  return due;
}

void ledger::refused(std::uint64_t number) {
  const auto& e = live_.at(number);
  ++answers_;
  if (e.sender_saw || e.receiver_saw)
    fault("answered with an error, but delivered", described(number, e.from, e.to));
  refused_.insert(number);
  forget(number, e);
}

void ledger::unanswered(std::uint64_t number) {
  ++answers_;
  live_.at(number).answered = answer::none;
}

std::optional<ledger::sighting> ledger::seen(std::uint32_t at, std::uint64_t number) {
  const auto found = live_.find(number);
  const auto where = [at] { return " at user #" + std::to_string(at); };
  if (found == live_.end()) {
    const auto what = refused_.contains(number) ? "answered with an error, but delivered"
                      : number <= pushes_       ? "seen twice at one socket"
                                                : "never pushed, but seen";
    fault(what, "push " + std::to_string(number) + where());
    return {};
  }
  auto& e = found->second;
  if (at != e.from && at != e.to) {
    fault("seen by a user it is none of", described(number, e.from, e.to) + where());
    return {};
  }
  auto& saw = at == e.to ? e.receiver_saw : e.sender_saw;
  if (saw) {
    fault("seen twice at one socket", described(number, e.from, e.to) + where());
    return {};
  }
  check_order(at, number, e);
  saw = true;
  const sighting result{.due = e.due, .by_receiver = at == e.to};
  settle(number, e);
  return result;
}

/// What was acknowledged before this push was even sent has a lower id, so it must have been seen before.
void ledger::check_order(std::uint32_t at, std::uint64_t number, const entry& e) {
  if (e.in->open.size() == 1) return;
  for (const auto other : e.in->open) {
    if (other == number) continue;
    const auto& o = live_.at(other);
    if (o.answered == answer::yes && o.acknowledged_at < e.sent_at && !o.seen_at(at))
      fault("seen out of order", described(number, e.from, e.to) + " came to #" + std::to_string(at) +
                                     " before push " + std::to_string(other) +
                                     ", which was acknowledged before it was sent");
  }
}

void ledger::settle(std::uint64_t number, const entry& e) {
  if (e.answered != answer::yes || !e.sender_saw || !e.receiver_saw) return;
  ++complete_;
  forget(number, e);
}

void ledger::forget(std::uint64_t number, const entry& e) {
  std::erase(e.in->open, number);
  live_.erase(number);
}

std::vector<std::string> ledger::faults() {
  for (const auto& [number, e] : live_) {
    if (e.answered != answer::yes) continue;
    const std::string blind = !e.sender_saw && !e.receiver_saw ? "both ends"
                              : e.sender_saw                   ? "the receiver"
                                                               : "the sender";
    fault("acknowledged, but not seen by " + blind, described(number, e.from, e.to));
  }
  return faults_.lines();
}

} // namespace hongyan::bench
