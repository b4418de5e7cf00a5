#include "actors/log_doubt.hpp"

#include <algorithm>
#include <map>

namespace hongyan {

namespace {

/// The last of them, at most `count`.
template <class T>
std::vector<T> take_last(std::vector<T>& from, std::size_t count) {
  const auto begin = from.end() - static_cast<std::ptrdiff_t>(std::min(from.size(), count));
  std::vector<T> taken(std::make_move_iterator(begin), std::make_move_iterator(from.end()));
  from.erase(begin, from.end());
  return taken;
}

} // namespace

void log_doubt::raise(wall_time from, steady_time now) {
  from -= reach;
  if (!since_) {
    round_began_ = {};
    since_ = from;
  } else if (from < *since_) {
    since_ = from;
    round_failed_ = true;
  }
  until_ = now + lasts;
  last_round_ = false;
}

/// Each round begins where the one before it has looked already: what is read again is not older than what
/// the order of delivery remembers.
std::optional<log_doubt::question> log_doubt::next(steady_time now, wall_time at,
                                                   const std::function<std::vector<user_id>()>& online) {
  if (!since_ || asking_ || now < not_before_) return {};
  if (ranges_.empty() && users_.empty()) {
    if (last_round_ && !round_failed_) {
      since_.reset();
      return {};
    }
    if (!round_failed_) since_ = std::max(*since_, round_began_ - reach);
    last_round_ = now >= until_;
    round_failed_ = false;
    round_began_ = at;
    users_ = online();
  }
  asking_ = true;
  question asked{.since = *since_};
  if (!ranges_.empty())
    asked.ranges = take_last(ranges_, cluster::conversations_a_question);
  else
    asked.users = take_last(users_, users_a_question);
  return asked;
}

void log_doubt::looked_at(const activity_answer& answer, const cluster::delivery_order& order,
                          steady_time now) {
  // Of each conversation; its members' rows were read one after the other, and may differ.
  std::map<std::int64_t, std::int64_t> last;
  for (const auto& row : answer.rows) {
    auto& seq = last[row.conversation_id];
    seq = std::max(seq, row.last_seq);
  }
  for (const auto& [conversation, seq] : last) {
    const auto position = order.position(conversation);
    if (position && *position >= seq) continue;
    ranges_.push_back({.conversation_id = conversation,
                       .after_seq = position.value_or(seq - static_cast<std::int64_t>(entries_of_unknown)),
                       .before_seq = seq + 1,
                       .limit = cluster::entries_a_conversation,
                       .newest = true});
  }
  answered(!answer.failure, now);
}

void log_doubt::answered(bool found, steady_time now) {
  asking_ = false;
  if (!found) round_failed_ = true;
  if (!found || (users_.empty() && ranges_.empty())) not_before_ = now + between_rounds;
}

} // namespace hongyan
