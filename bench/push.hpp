/// The scenario push: messages between random users who are online, each of which must be seen by both.
#pragma once

#include "bench/options.hpp"
#include "bench/runtime.hpp"

namespace hongyan::bench {

/// Runs on the runtime's shard.
asio::awaitable<report> run_push(runtime& where, const options& asked);

} // namespace hongyan::bench
