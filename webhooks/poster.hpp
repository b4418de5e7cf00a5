/// Posts to whatever URL the operator named: many at once, over connections that are kept. What an answer
/// means, and when to try again, is the caller's.
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

namespace hongyan::webhooks {

struct poster_settings {
  /// Else no address of this machine or of private networks is connected to, whatever a name resolves to.
  bool allow_private = false;
  std::chrono::milliseconds deadline{15'000};        ///< of a post, from the name's lookup to the last byte
  std::chrono::milliseconds connect_deadline{5'000}; ///< of that, until the connection is there (with TLS)
  std::size_t answer_bytes_max = 64 * 1024; ///< of an answer's body, and of its header, that are read
  bool keeps_answers = false;               ///< posted::body is wanted
};

/// A POST of JSON.
struct post {
  std::string url; ///< http or https
  /// Besides Content-Type: application/json, which is there always; no value is empty.
  std::vector<std::pair<std::string, std::string>> headers{};
  std::string body{};
};

/// What became of a post.
struct posted {
  std::uint64_t ticket = 0;
  /// As soon as it is there it counts, whatever becomes of the rest of the answer; nothing: there is none.
  std::optional<int> status{};
  std::string body{}; ///< of the answer, where it is kept and came whole
  /// Why it is no success, for people: one line with the host and the reason, and nothing else of the URL.
  /// Empty with a status of 2xx.
  std::string trouble{};
  /// As Retry-After says, by seconds or by a date; at most a day. Nothing: it does not say, or not later than
  /// now.
  std::optional<std::chrono::seconds> retry_after{};
};

/// One thread at a time, but for wake(). Follows no redirect, uses no proxy, and trusts the certificates that
/// the system trusts. No exception comes out of it, but for want of memory out of its constructor. The
/// process ignores SIGPIPE, as TLS needs.
class poster {
public:
  explicit poster(poster_settings settings = {});
  poster(const poster&) = delete;
  poster& operator=(const poster&) = delete;
  /// Cancels what is in flight.
  ~poster();

  /// Begins a post; poll() tells what became of it, under this ticket. How many are in flight at once is the
  /// caller's to bound.
  void start(std::uint64_t ticket, post what) noexcept;
  /// How many posts were started that poll() has not told of.
  std::size_t in_flight() const noexcept;
  /// Goes on with what is in flight, until one or more are done or `max_wait` is over, and tells what is
  /// done; at once when nothing is in flight. Posts go on only within it.
  std::vector<posted> poll(std::chrono::milliseconds max_wait) noexcept;
  /// Ends a poll() that waits, or the next one. Any thread.
  void wake() noexcept;

private:
  class transfers;
  std::unique_ptr<transfers> transfers_;
};

} // namespace hongyan::webhooks
