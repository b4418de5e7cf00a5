/// What is told of some requests and messages to a collector (trace.otlp_url), until it is sent: spans, in
/// the terms of OpenTelemetry. Off unless it is asked for. Thread-safe; never blocks for long.
///
/// Followed is what a caller's sampled `traceparent` asks for, and now and then what has none. A message is
/// followed on each node that may deliver it: the node that stored it tells the others.
#pragma once

#include "core/tools/trace_context.hpp"
#include "core/tools/trace_event.hpp"

#include <atomic>
#include <chrono>
#include <cstdint>
#include <deque>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>
#include <utility>
#include <variant>
#include <vector>

namespace hongyan {

using span_time = std::chrono::sys_time<std::chrono::microseconds>;
span_time span_now();

/// A span that is not over: what is done for it is under `own`.
struct span_begun {
  trace_context own;
  std::optional<span_id> parent{};
  span_time at{};
};

/// Of what is done for `under`, from now on.
span_begun begun_under(const span_begun& under);

struct trace_span {
  /// As OTLP numbers them.
  enum class kind : std::uint8_t { internal = 1, server = 2, client = 3, producer = 4 };
  using attribute = std::pair<std::string_view, std::variant<std::string, std::int64_t>>;

  span_begun begun;
  span_time end{};
  std::string name;
  kind is = kind::internal;
  bool has_failed = false;
  std::vector<attribute> attributes{}; ///< names that live for ever
};

class span_log {
public:
  /// Of those who bring a traceparent, and of those who bring none: begun a second.
  static constexpr std::size_t asked_max = 200, first_max = 20;
  static constexpr std::size_t followed_max = 1024; ///< messages, the newest
  static constexpr std::size_t spans_max = 4096;    ///< that were not taken; what is more is dropped
  static constexpr std::size_t of_each_max = 20;    ///< deliveries of a message, and readers, on this node

  /// Before any other call.
  void switch_on() { is_on_ = true; }
  bool is_on() const { return is_on_; }

  /// Begins what is done for somebody who asks. Null: it is not followed.
  std::shared_ptr<const span_begun> begin(const std::optional<trace_context>& parent);
  void end(const span_begun& begun, std::string name, trace_span::kind is,
           std::vector<trace_span::attribute> attributes = {}, bool has_failed = false);

  /// A message was stored, as a part of `under`. What is noted of it from now on is told.
  void follow(std::int64_t conversation, std::int64_t seq, std::int64_t id, const span_begun& under);
  /// Null: it is not followed here.
  std::shared_ptr<const span_begun> followed(std::int64_t id) const;
  /// As trace_log::note() is told.
  void saw(trace_event::what of, std::int64_t conversation, std::int64_t first, std::int64_t last,
           std::string_view user, std::string_view session);

  /// The oldest, so many at most.
  std::vector<trace_span> take(std::size_t count);
  /// How many spans found no room, from the start.
  std::uint64_t dropped() const;

private:
  struct message {
    std::int64_t conversation, seq, id;
    std::shared_ptr<const span_begun> under;
    std::size_t told = 0; ///< deliveries and readers
  };

  /// Of one second.
  struct allowance {
    std::chrono::sys_seconds second{};
    std::size_t taken = 0;
  };

  bool take(allowance& of, std::size_t most);
  void tell(message& of, trace_event::what what, std::string_view user, std::string_view session);
  void add(trace_span one);

  bool is_on_ = false;
  std::atomic<std::size_t> count_ = 0; ///< followed; most often there is nothing to look for
  mutable std::mutex mutex_;
  allowance asked_, first_;
  std::deque<message> followed_; ///< the oldest first
  std::deque<trace_span> spans_;
  std::uint64_t dropped_ = 0;
};

} // namespace hongyan
