#include "core/wire/v1/session_state.hpp"

#include <algorithm>

namespace hongyan::v1 {

result<void> in_flight::begin(bool is_send) {
  if (is_send && sends_ == sends_in_flight_max)
    return error{errc::rate_limited,
                 std::to_string(sends_in_flight_max) + " sends are in flight already; wait for an answer"};
  if (requests_ == requests_in_flight_max)
    return error{errc::rate_limited, std::to_string(requests_in_flight_max) +
                                         " requests are in flight already; wait for an answer"};
  if (is_send) ++sends_;
  ++requests_;
  return {};
}

void in_flight::end(bool is_send) {
  if (is_send) --sends_;
  --requests_;
}

void moved_positions::note(std::int64_t conversation, std::int64_t seq) {
  // The busiest were noted last, more often than not.
  const auto found = std::find_if(moved_.rbegin(), moved_.rend(),
                                  [&](const auto& moved) { return moved.first == conversation; });
  if (found != moved_.rend()) {
    found->second = std::max(found->second, seq);
    return;
  }
  if (moved_.size() == conversations_max) moved_.erase(moved_.begin());
  moved_.emplace_back(conversation, seq);
}

void resume_progress::add_to(sync_query& query) {
  if (query.positions.empty()) *this = {};
  query.positions.insert(given_.begin(), given_.end());
  query.left = std::exchange(left_, {});
}

void resume_progress::note(const positions& given, std::vector<std::int64_t> left) {
  left_ = std::move(left);
  if (given.empty()) given_.clear();
  for (const auto& [conversation, seq] : given)
    if (given_.size() < conversations_max || given_.contains(conversation)) given_[conversation] = seq;
}

bool typing_throttle::let_through(const peer_or_group& in, steady_time now) {
  std::erase_if(shown_, [&](const shown& s) { return now - s.at >= typing_interval; });
  if (shown_.size() == conversations_max || std::ranges::find(shown_, in, &shown::in) != shown_.end())
    return false;
  shown_.push_back({in, now});
  return true;
}

result<std::vector<user_id>> watch_list::add(const std::vector<user_id>& users) {
  std::vector<user_id> given = users;
  std::ranges::sort(given);
  const auto repeated = std::ranges::unique(given);
  given.erase(repeated.begin(), repeated.end());

  std::vector<user_id> added;
  std::ranges::set_difference(given, users_, std::back_inserter(added));
  if (users_.size() + added.size() > watched_users_max)
    return error{errc::malformed,
                 "userIds are too many: a session watches at most " + std::to_string(watched_users_max) +
                     " users, and watches " + std::to_string(users_.size()) + " already",
                 "userIds"};
  const auto middle = static_cast<std::ptrdiff_t>(users_.size());
  users_.insert(users_.end(), added.begin(), added.end());
  std::ranges::inplace_merge(users_, users_.begin() + middle);
  return added;
}

std::vector<user_id> watch_list::remove(const std::vector<user_id>& users) {
  std::vector<user_id> removed;
  for (const auto& user : users) {
    const auto found = std::ranges::lower_bound(users_, user);
    if (found == users_.end() || *found != user) continue;
    users_.erase(found);
    removed.push_back(user);
  }
  return removed;
}

bool outbox::push(frame f) {
  if (!empty() && bytes_ + f->size() > bytes_max_) return false;
  bytes_ += f->size();
  frames_.push_back(std::move(f));
  return true;
}

frame outbox::pop() {
  if (empty()) return nullptr;
  auto oldest = std::move(frames_[head_++]);
  bytes_ -= oldest->size();
  if (empty()) {
    // A burst's memory is not kept by a session that may be idle from now on.
    if (frames_.capacity() > 16) frames_ = {};
    frames_.clear();
    head_ = 0;
  } else if (head_ == frames_.size() / 2 + 16) {
    // Under a steady stream it is never empty: what is gone must not pile up.
    frames_.erase(frames_.begin(), frames_.begin() + static_cast<std::ptrdiff_t>(head_));
    head_ = 0;
  }
  return oldest;
}

void outbox::clear() {
  frames_ = {};
  head_ = 0;
  bytes_ = 0;
}

} // namespace hongyan::v1
