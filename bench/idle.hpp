/// The scenario idle: many silent connections, and what each costs the server in memory.
#pragma once

#include "bench/options.hpp"
#include "bench/runtime.hpp"

namespace hongyan::bench {

/// Runs on the runtime's shard.
asio::awaitable<report> run_idle(runtime& where, const options& asked);

} // namespace hongyan::bench
