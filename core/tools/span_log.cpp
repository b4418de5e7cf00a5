#include "core/tools/span_log.hpp"

#include <algorithm>

namespace hongyan {

span_time span_now() {
  return std::chrono::floor<std::chrono::microseconds>(std::chrono::system_clock::now());
}

span_begun begun_under(const span_begun& under) {
  return {.own = {under.own.trace, new_span_id()}, .parent = under.own.span, .at = span_now()};
}

std::shared_ptr<const span_begun> span_log::begin(const std::optional<trace_context>& parent) {
  if (!is_on_ || (parent && !parent->is_sampled)) return {};
  if (!(parent ? take(asked_, asked_max) : take(first_, first_max))) return {};
  span_begun begun{.own = {parent ? parent->trace : new_trace_id(), new_span_id()}, .at = span_now()};
  if (parent) begun.parent = parent->span;
  return std::make_shared<const span_begun>(begun);
}

bool span_log::take(allowance& of, std::size_t most) {
  const auto second = std::chrono::floor<std::chrono::seconds>(std::chrono::system_clock::now());
  const std::lock_guard lock(mutex_);
  if (of.second != second) of = {second};
  return of.taken++ < most;
}

void span_log::end(const span_begun& begun, std::string name, trace_span::kind is,
                   std::vector<trace_span::attribute> attributes, bool has_failed) {
  const std::lock_guard lock(mutex_);
  add({begun, span_now(), std::move(name), is, has_failed, std::move(attributes)});
}

void span_log::add(trace_span one) {
  if (spans_.size() < spans_max)
    spans_.push_back(std::move(one));
  else
    ++dropped_;
}

void span_log::follow(std::int64_t conversation, std::int64_t seq, std::int64_t id, const span_begun& under) {
  if (!is_on_) return;
  const std::lock_guard lock(mutex_);
  followed_.push_back({conversation, seq, id, std::make_shared<const span_begun>(under)});
  if (followed_.size() > followed_max) followed_.pop_front();
  count_ = followed_.size();
}

std::shared_ptr<const span_begun> span_log::followed(std::int64_t id) const {
  if (count_ == 0) return {};
  const std::lock_guard lock(mutex_);
  const auto found = std::ranges::find(followed_, id, &message::id);
  return found == followed_.end() ? nullptr : found->under;
}

void span_log::saw(trace_event::what of, std::int64_t conversation, std::int64_t first, std::int64_t last,
                   std::string_view user, std::string_view session) {
  if (count_ == 0 || of == trace_event::what::announced) return;
  const std::lock_guard lock(mutex_);
  for (auto& one : followed_) {
    const bool is_it = conversation == 0
                           ? first <= one.id && one.id <= last
                           : one.conversation == conversation && first <= one.seq && one.seq <= last;
    if (is_it) tell(one, of, user, session);
  }
}

void span_log::tell(message& of, trace_event::what what, std::string_view user, std::string_view session) {
  using enum trace_event::what;
  const bool is_delivery = what == taken || what == queued;
  if ((is_delivery || what == read) && ++of.told > of_each_max) return;
  // What happens at once has no length; what takes time began when the message was met here.
  trace_span one{.begun = begun_under(*of.under),
                 .end = span_now(),
                 .name = what == committed ? "commit"
                         : is_delivery     ? "deliver"
                         : what == read    ? "read"
                                           : "notice",
                 .is = is_delivery ? trace_span::kind::producer : trace_span::kind::internal};
  if (what == committed || is_delivery) one.begun.at = of.under->at;
  one.attributes.emplace_back("hongyan.message.id", of.id);
  if (!user.empty()) one.attributes.emplace_back("user.id", std::string(user));
  if (!session.empty()) one.attributes.emplace_back("session.id", std::string(session));
  if (what == queued) one.attributes.emplace_back("hongyan.queued", std::int64_t{1});
  add(std::move(one));
}

std::vector<trace_span> span_log::take(std::size_t count) {
  const std::lock_guard lock(mutex_);
  const auto end = spans_.begin() + static_cast<std::ptrdiff_t>(std::min(count, spans_.size()));
  std::vector<trace_span> some(std::move_iterator(spans_.begin()), std::move_iterator(end));
  spans_.erase(spans_.begin(), end);
  return some;
}

std::uint64_t span_log::dropped() const {
  const std::lock_guard lock(mutex_);
  return dropped_;
}

} // namespace hongyan
