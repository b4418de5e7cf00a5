#include "bench/histogram.hpp"

#include <algorithm>
#include <bit>
#include <cmath>

namespace hongyan::bench {

namespace {

/// Values below 256 have a bucket each. Above, every power of two is cut into 128: a bucket is at most 1/128
/// of its values wide, so its middle is off by at most 0.4 %.
constexpr std::size_t exact = 256;
constexpr std::size_t cuts = exact / 2;
constexpr std::size_t exact_bits = 8;
constexpr std::size_t bucket_count = exact + (64 - exact_bits) * cuts;

} // namespace

histogram::histogram() : counts_(bucket_count) {}

std::size_t histogram::bucket_of(std::uint64_t value) {
  if (value < exact) return value;
  const auto shift = static_cast<std::size_t>(std::bit_width(value)) - exact_bits;
  return exact + (shift - 1) * cuts + ((value >> shift) - cuts);
}

std::uint64_t histogram::middle_of(std::size_t bucket) {
  if (bucket < exact) return bucket;
  const auto shift = (bucket - exact) / cuts + 1;
  const auto low = std::uint64_t{(bucket - exact) % cuts + cuts} << shift;
  return low + (std::uint64_t{1} << shift) / 2;
}

void histogram::record(std::uint64_t value) {
  ++counts_[bucket_of(value)];
  ++count_;
  max_ = std::max(max_, value);
}

void histogram::add(const histogram& other) {
  for (std::size_t i = 0; i < bucket_count; ++i) counts_[i] += other.counts_[i];
  count_ += other.count_;
  max_ = std::max(max_, other.max_);
}

void histogram::clear() {
  std::ranges::fill(counts_, 0);
  count_ = max_ = 0;
}

std::uint64_t histogram::percentile(double percent) const {
  if (count_ == 0) return 0;
  const auto rank = std::max<std::uint64_t>(
      1, static_cast<std::uint64_t>(std::ceil(percent / 100 * static_cast<double>(count_))));
  std::uint64_t below = 0;
  for (std::size_t i = 0; i < bucket_count; ++i) {
    below += counts_[i];
    if (below >= rank) return std::min(middle_of(i), max_);
  }
  return max_;
}

} // namespace hongyan::bench
