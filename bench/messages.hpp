/// What a stream costs beside as many messages, and what reactions cost: those who react, and those who sync.
#pragma once

#include "bench/options.hpp"
#include "bench/report.hpp"
#include "bench/runtime.hpp"

namespace hongyan::bench {

/// On the shard's thread.
asio::awaitable<report> run_messages(runtime& where, const options& asked);

} // namespace hongyan::bench
