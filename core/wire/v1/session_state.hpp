/// What a v1 session keeps between messages, in small parts. Pure: time is given. All of it together takes
/// little while the session is idle, for there are many: what is empty has allocated nothing.
#pragma once

#include "core/bounds/limits.hpp"
#include "core/chat/peer_or_group.hpp"
#include "core/chat/query.hpp"

#include <chrono>
#include <cstdint>
#include <map>
#include <memory>
#include <string>
#include <utility>
#include <vector>

namespace hongyan::v1 {

using steady_time = std::chrono::steady_clock::time_point;

/// Counts what a session has in flight: at most sends_in_flight_max sends, requests_in_flight_max of all.
class in_flight {
public:
  /// Errors: rate_limited; then nothing was counted.
  result<void> begin(bool is_send);
  /// For each that began, once it is answered.
  void end(bool is_send);

private:
  std::uint8_t sends_ = 0;
  std::uint8_t requests_ = 0; ///< sends among them
};

/// When the client was last heard.
class silence {
public:
  explicit silence(steady_time now) : since_(now) {}
  void heard(steady_time now) { since_ = now; }
  steady_time silent_since() const { return since_; }

private:
  steady_time since_;
};

/// The conversations that moved since the last ping, with their highest seq.
class moved_positions {
public:
  static constexpr std::size_t conversations_max = 1024;

  /// Beyond conversations_max the one noted longest ago is forgotten.
  void note(std::int64_t conversation, std::int64_t seq);
  /// Gives them away, in the order in which they first moved.
  std::vector<std::pair<std::int64_t, std::int64_t>> take_positions() { return std::exchange(moved_, {}); }

private:
  std::vector<std::pair<std::int64_t, std::int64_t>> moved_; ///< first moved first
};

/// How far a `sync` in several pages has come, for conversations that the client does not name: a request has
/// room for the positions of some thousands, and a user may have more.
class resume_progress {
public:
  using positions = std::map<std::int64_t, std::int64_t>;
  static constexpr std::size_t conversations_max = 16'384;

  /// Adds what earlier pages gave to the positions of the next request, and what the last one left over. A
  /// request without any position begins anew.
  void add_to(sync_query& query);
  /// After a page: what it gave, by conversation, and what it left over (sync_page::left); nothing after the
  /// last. Beyond conversations_max no more is noted, and the client must name them itself.
  void note(const positions& given, std::vector<std::int64_t> left);

private:
  positions given_;
  std::vector<std::int64_t> left_;
};

/// Lets `typing` through once every typing_interval in each conversation.
class typing_throttle {
public:
  static constexpr std::size_t conversations_max = 16;

  /// False: not again yet; or too many at once, more than anyone types in.
  bool let_through(const peer_or_group& in, steady_time now);

private:
  struct shown {
    peer_or_group in;
    steady_time at;
  };
  std::vector<shown> shown_; ///< within the last typing_interval
};

/// The users whose presence a session is told: at most watched_users_max.
class watch_list {
public:
  /// Watches all of them or none. Answers who was not watched before. Errors: malformed, when they would be
  /// too many.
  result<std::vector<user_id>> add(const std::vector<user_id>& users);
  /// Answers who was watched before.
  std::vector<user_id> remove(const std::vector<user_id>& users);

  /// Sorted.
  const std::vector<user_id>& users() const { return users_; }

private:
  std::vector<user_id> users_;
};

/// What one session sends, shared with all others that send the same.
using frame = std::shared_ptr<const std::string>;

/// Frames that wait for a socket, in order, within a limit of bytes.
class outbox {
public:
  explicit outbox(std::size_t bytes_max) : bytes_max_(bytes_max) {}

  /// False: over the limit, and not taken. When nothing waits, any frame is taken: the answer to a `sync` may
  /// be larger than what may wait behind it.
  bool push(frame f);
  /// The oldest; null when nothing waits. It counts no longer.
  frame pop();
  /// Forgets all that wait.
  void clear();

  bool empty() const { return head_ == frames_.size(); }
  std::size_t bytes() const { return bytes_; }

private:
  std::vector<frame> frames_; ///< those before head_ are gone
  std::size_t head_ = 0;
  std::size_t bytes_ = 0;
  std::size_t bytes_max_;
};

} // namespace hongyan::v1
