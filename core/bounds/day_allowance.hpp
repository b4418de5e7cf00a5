/// How much somebody may hand in within a day: a sum for each key over the last 24 hours, in hours.
/// Thread-safe.
#pragma once

#include <array>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <mutex>
#include <optional>
#include <string>
#include <unordered_map>

namespace hongyan {

class day_allowance {
public:
  using time = std::chrono::steady_clock::time_point;
  /// Keys that have handed in anything within a day. Beyond it a new one is let in uncounted: so many users
  /// cost more than what they could hand in.
  static constexpr std::size_t keys_max = 250'000;

  /// 0: there is no limit. Counts from when it is made: a restart begins anew.
  explicit day_allowance(std::size_t a_day) : a_day_(a_day) {}

  /// Nothing: it fits, and is counted. Else how long until it would.
  std::optional<std::chrono::milliseconds> take(const std::string& key, std::size_t amount, time now);

private:
  static constexpr std::int64_t hours = 24;
  struct sums {
    std::array<std::uint32_t, hours> of_hour{}; ///< by the hour's number modulo 24
    std::int64_t newest = 0;                    ///< the hour of the last amount
  };

  std::size_t a_day_;
  std::mutex mutex_;
  std::unordered_map<std::string, sums> keys_;
};

} // namespace hongyan
