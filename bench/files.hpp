/// Files at once: what they cost the server, and what they cost those who only write messages.
#pragma once

#include "bench/options.hpp"
#include "bench/report.hpp"
#include "bench/runtime.hpp"

namespace hongyan::bench {

/// On the shard's thread.
asio::awaitable<report> run_files(runtime& where, const options& asked);

} // namespace hongyan::bench
