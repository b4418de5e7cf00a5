/// CPU time of all that take part in a run, and how a report tells it.
#pragma once

#include "bench/options.hpp"
#include "bench/report.hpp"

#include <chrono>
#include <optional>

namespace hongyan::bench {

/// CPU seconds so far, at one moment.
struct cpu_reading {
  double bench = 0;
  double machine = 0;
  std::optional<double> server{};
  std::optional<double> database{};
};
cpu_reading read_cpu(const options& asked);

/// Adds what `count` things of the kind `what` ("push") cost each between two readings.
void tell_cpu(report& r, const cpu_reading& before, const cpu_reading& after,
              std::chrono::duration<double> between, std::uint64_t count, const std::string& what);

} // namespace hongyan::bench
