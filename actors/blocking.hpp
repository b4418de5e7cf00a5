/// What detached actors that block have in common.
#pragma once

#include "core/errors.hpp"
#include "core/tools/timer_wheel.hpp"

#include <exception>
#include <spdlog/spdlog.h>
#include <sys/resource.h>

namespace hongyan {

/// The answer of `work`, for who still waits for it: what nobody waits for any more would only delay those
/// who do. Whatever is thrown all the same is a fault of ours, logged with `where`, and answered with the
/// code `fault`.
template <class Answer, class Work>
Answer answer_in_time(steady_time until, const char* where, const char* too_late, errc fault, Work work) {
  if (std::chrono::steady_clock::now() > until) return {.failure = error{errc::unavailable, too_late}};
  try {
    return work();
  } catch (const std::exception& e) {
    spdlog::critical("event=uncaught_exception where={} what=\"{}\"", where, e.what());
    return {.failure = error{fault, "a fault of the server; its log says more"}};
  }
}

/// Who writes a message goes first where processors are few. Of this thread alone, as Linux has it; where it
/// may not be set, this one is as quick as all else.
inline void go_behind_senders() {
  constexpr int niceness = 10;
  static_cast<void>(::setpriority(PRIO_PROCESS, 0, niceness));
}

} // namespace hongyan
