/// The scenario fanout: messages to one group whose members are all connected, and what a delivery costs.
#pragma once

#include "bench/options.hpp"
#include "bench/runtime.hpp"

namespace hongyan::bench {

/// Runs on the runtime's shard.
asio::awaitable<report> run_fanout(runtime& where, const options& asked);

} // namespace hongyan::bench
