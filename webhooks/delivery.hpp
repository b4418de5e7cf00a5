/// What a webhook's sender does next: which event, when again, and what it remembers. Pure: time is given to
/// it, events are loaded into it, and what became of each attempt is told to it.
///
/// Events of one conversation go one after the other, those of several at once. One that fails parks its
/// conversation: what follows there waits behind it, the others go on. When events of three conversations on
/// end are not answered, or by 5xx or 429, the receiver is at fault, and is tried by one event at a time
/// until it answers.
#pragma once

#include "core/chat/event.hpp"

#include <chrono>
#include <cstdint>
#include <deque>
#include <functional>
#include <map>
#include <optional>
#include <set>
#include <span>
#include <string>
#include <utility>
#include <vector>

namespace hongyan::webhooks {

/// How long after an attempt that failed the next one is (Standard Webhooks, and the contract, section 8).
std::chrono::seconds delay_after(std::size_t attempts);

struct delivery_settings {
  std::set<std::string, std::less<>> types{}; ///< that it is told of; empty: all
  std::size_t concurrency = 8;
  std::chrono::hours keep{24 * 7}; ///< older events are dropped
  /// Multiplied with each delay, so that receivers are not called in step: 0.9 to 1.1.
  std::function<double()> jitter = [] { return 1.0; };
};

/// What became of an attempt.
struct attempt {
  enum class outcome : std::uint8_t { delivered, failed, gone };
  outcome what = outcome::failed; ///< gone: nobody is there any more, 410
  std::string why{};              ///< for people
  /// No answer, 5xx, 429: it may be at fault as a whole. Else it refuses this event.
  bool is_of_receiver = true;
  std::optional<std::chrono::seconds> retry_after{};
};

/// What others want of a webhook.
struct wish {
  bool enable = false;
  std::optional<std::int64_t> replay_after{};
  std::vector<std::int64_t> replay_ids{};
};
/// A line of webhook_row::wish; nothing: none that we know.
std::optional<wish> parse_wish(std::string_view line);
std::string write_wish(const wish& wanted);

class delivery {
public:
  /// Goes on where the row's last holder was, and tries all that has failed at once.
  delivery(delivery_settings settings, const webhook_row& row, wall_time now);

  /// Where to read on; nothing: what is loaded comes first.
  std::optional<std::int64_t> wants() const;
  void load(event_page page, wall_time now);

  /// An event to send; in flight until answered().
  struct parcel {
    std::int64_t id = 0;
    std::optional<event> what{}; ///< nothing: find it by its id
  };
  std::optional<parcel> next(wall_time now);
  void answered(std::int64_t id, const attempt& how, wall_time now);
  /// Whether `what`, which next() gave, got too old while it waited: it is done with then. What is sent again
  /// may be old.
  bool is_too_old(std::int64_t id, const event& what, wall_time now);
  /// It is no more.
  void lost(std::int64_t id, wall_time now) { settle(id, now); }
  /// It could not be sent now, for a reason of ours.
  void put_off(std::int64_t id);
  /// When next() may have another answer, if nothing else happens; nothing: it will not.
  std::optional<wall_time> due(wall_time now) const;

  void want(const wish& wanted, wall_time now);
  /// Where to read events that are sent again, which are at most up to that; nothing: none are wanted.
  std::optional<std::pair<std::int64_t, std::int64_t>> wants_again() const;
  void load_again(event_page page);

  // What is to be stored.

  /// All up to it are done with or in the notes.
  std::int64_t position() const;
  std::string notes(wall_time now) const;
  /// Given up, or sent again, since the last call.
  std::vector<failed_event> take_failed();
  std::vector<std::int64_t> take_retried() { return std::exchange(retried_, {}); }
  /// They could not be stored.
  void put_back(std::span<const failed_event> failed, std::span<const std::int64_t> retried) {
    for (const auto& one : failed) failed_.emplace(one.id, one);
    retried_.insert(retried_.begin(), retried.begin(), retried.end());
  }

  std::size_t in_flight() const { return flying_.size(); }
  bool is_disabled() const { return disabled_; }
  bool is_failing() const { return failing_.has_value(); }
  /// Of the oldest event that it was not told yet; 0 with none.
  std::chrono::seconds lag(wall_time now) const;
  std::uint64_t dropped() const { return dropped_; } ///< too old, since it began

private:
  /// A conversation that does not go on before its first event here does.
  struct parked {
    std::deque<std::int64_t> ids;
    wall_time at{};    ///< of the first event
    wall_time since{}; ///< its first failure
    wall_time next{};  ///< attempt
    wall_time last{};  ///< attempt
    std::size_t attempts = 0;
    bool helped = false;  ///< something has gone elsewhere since it failed
    bool gave_up = false; ///< the event before it, and none has gone since: nobody waits long for the next
  };
  struct lane {
    std::deque<event> waiting;
    bool is_busy = false;
  };
  struct failing {
    std::size_t attempts = 0;
    wall_time next{};
  };
  enum class flight : std::uint8_t { first, parked, again };
  struct flown {
    flight how = flight::first;
    std::int64_t conversation = 0;
    wall_time at{};
    bool is_probe = false; ///< whether the receiver answers again
  };

  bool is_wanted(const event& one, wall_time now);
  void settle(std::int64_t id, wall_time now);
  bool is_yet_to_come(std::int64_t id) const;
  std::optional<parcel> next_fresh();
  void go_on(std::int64_t conversation);
  void park(std::int64_t id, const flown& of, const attempt& how, wall_time now);
  void failed_again(const flown& of, std::int64_t id, const attempt& how, wall_time now);
  void finish_first(std::int64_t conversation, wall_time now);
  void succeeded(wall_time now);
  void count_failure(const attempt& how, std::size_t attempts, const flown& of, wall_time now);
  wall_time after(std::size_t attempts, const attempt& how, wall_time now) const;
  std::optional<parcel> fly(std::int64_t id, flown how, std::optional<event> what = {});
  std::optional<parcel> next_parked(wall_time now, bool in_turn);
  std::size_t parked_ids() const;

  delivery_settings settings_;
  std::int64_t up_to_ = 0;                 ///< read
  std::map<std::int64_t, wall_time> open_; ///< events that are loaded and not done, with their times
  std::map<std::int64_t, lane> lanes_;     ///< by conversation
  /// Conversations that may send, each behind the id of its next event.
  std::set<std::pair<std::int64_t, std::int64_t>> ready_;
  std::map<std::int64_t, parked> parked_; ///< by conversation
  std::map<std::int64_t, flown> flying_;  ///< by event
  std::optional<failing> failing_;
  std::size_t failures_ = 0;       ///< on end
  std::size_t first_failures_ = 0; ///< of them, first attempts: each of another conversation
  bool tries_fresh_ = false;       ///< the last that a failing receiver was tried by had failed before
  wall_time succeeded_at_{};
  bool disabled_ = false;
  std::string last_error_;
  wall_time last_error_at_{};
  // Sent again:
  std::int64_t again_after_ = 0, again_until_ = 0;
  std::deque<std::int64_t> again_;
  std::map<std::int64_t, event> again_loaded_;
  std::map<std::int64_t, failed_event> failed_; ///< by event
  std::vector<std::int64_t> retried_;
  std::uint64_t dropped_ = 0;
};

} // namespace hongyan::webhooks
