/// After a fault nobody knows which entries have come over no link. So the log is looked at for all who are
/// online here, round by round, until a while after the fault. Pure: this says what to ask and when; time and
/// answers are given.
///
///   raise -> next: who of these users has new entries? -> looked_at -> next: these entries -> answered ->
///   ...
#pragma once

#include "actors/messages.hpp"
#include "core/cluster/delivery_order.hpp"
#include "core/cluster/limits.hpp"

#include <functional>
#include <optional>
#include <vector>

namespace hongyan {

class log_doubt {
public:
  /// What was committed so long before a doubt may have been missed: a link is found dead after some seconds,
  /// a commit may take five, and the clocks of two nodes differ a little.
  static constexpr std::chrono::seconds reach{15};
  /// So long after the last doubt the log is looked at: a commit whose seq was taken before may take so long.
  static constexpr std::chrono::seconds lasts{10};
  static constexpr std::chrono::seconds between_rounds{1};
  /// Users a question: some fifty milliseconds of one of the database's connections, with 50 conversations
  /// each.
  static constexpr std::size_t users_a_question = 1000;
  /// Of a conversation in which nothing was said for a minute.
  static constexpr std::size_t entries_of_unknown = 20;

  /// Of users, or of ranges, what there is since then.
  struct question {
    std::vector<user_id> users{};
    std::vector<log_range> ranges{};
    wall_time since{};
  };

  /// Entries may have been missed from about then on.
  void raise(wall_time from, steady_time now);

  /// What is to be asked now. There is nothing more until that is answered, by looked_at() or answered().
  /// `online` is called when a round begins.
  std::optional<question> next(steady_time now, wall_time at,
                               const std::function<std::vector<user_id>()>& online);

  /// Of a question about users: what of it is not known to `order` is asked for next.
  void looked_at(const activity_answer& answer, const cluster::delivery_order& order, steady_time now);
  /// Of a question about ranges, or without an answer: false.
  void answered(bool found, steady_time now);

private:
  std::optional<wall_time> since_; ///< nothing: there is no doubt
  steady_time until_{};
  std::vector<user_id> users_;    ///< of this round, still to be asked about
  std::vector<log_range> ranges_; ///< of those who were
  wall_time round_began_{};
  bool asking_ = false;
  bool round_failed_ = false; ///< or has not looked at all that is in doubt
  bool last_round_ = false;   ///< began after the doubt had ended
  steady_time not_before_{};
};

} // namespace hongyan
