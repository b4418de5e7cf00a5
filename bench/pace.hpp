/// An open loop's clock: what is due when, whatever the answers.
#pragma once

#include "bench/runtime.hpp"

namespace hongyan::bench {

/// Calls `due` at even distances from `from` until before `until`, `rate` times a second, with the time that
/// it was due. Late calls are made up for at once.
asio::awaitable<void> at_even_distances(io_shard& shard, steady_time from, steady_time until, double rate,
                                        std::function<void(steady_time)> due);

} // namespace hongyan::bench
