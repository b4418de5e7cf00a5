#include "bench/pace.hpp"

namespace hongyan::bench {

asio::awaitable<void> at_even_distances(io_shard& shard, steady_time from, steady_time until, double rate,
                                        std::function<void(steady_time)> due) {
  const std::chrono::duration<double> distance(1 / rate);
  for (std::uint64_t made = 0;;) {
    const auto next =
        from + std::chrono::duration_cast<steady_time::duration>(distance * static_cast<double>(made));
    if (next >= until) break;
    if (next > shard.now()) {
      co_await pause_until(shard, next);
      continue;
    }
    ++made;
    due(next);
  }
}

} // namespace hongyan::bench
