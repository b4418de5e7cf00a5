/// The scenario storm: everybody connects at once, as after a restart; then all leave, and come again.
#pragma once

#include "bench/options.hpp"
#include "bench/runtime.hpp"

namespace hongyan::bench {

/// Runs on the runtime's shard.
asio::awaitable<report> run_storm(runtime& where, const options& asked);

} // namespace hongyan::bench
