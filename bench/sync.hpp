/// The scenario sync: users who were away come back and get what they missed.
#pragma once

#include "bench/options.hpp"
#include "bench/runtime.hpp"

namespace hongyan::bench {

/// Runs on the runtime's shard.
asio::awaitable<report> run_sync(runtime& where, const options& asked);

} // namespace hongyan::bench
