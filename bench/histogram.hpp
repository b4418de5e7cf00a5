/// Counts of values in buckets whose width grows with the value (as HdrHistogram does): any percentile of any
/// number of latencies, from one nanosecond to centuries, off by less than 1 %.
#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

namespace hongyan::bench {

class histogram {
public:
  histogram();

  void record(std::uint64_t value);
  /// Adds all that `other` counted.
  void add(const histogram& other);
  void clear();

  std::uint64_t count() const { return count_; }
  std::uint64_t max() const { return max_; }
  /// The value that `percent` of all do not exceed (0 < percent <= 100); 0 when nothing was counted.
  std::uint64_t percentile(double percent) const;

private:
  static std::size_t bucket_of(std::uint64_t value);
  static std::uint64_t middle_of(std::size_t bucket);

  std::vector<std::uint64_t> counts_;
  std::uint64_t count_ = 0;
  std::uint64_t max_ = 0;
};

} // namespace hongyan::bench
