/// Files at once, and what they cost the server. What they cost those who only write messages `push` beside
/// it tells, in a process of its own: here the uploads would be in its way.
#pragma once

#include "bench/options.hpp"
#include "bench/report.hpp"
#include "bench/runtime.hpp"

namespace hongyan::bench {

/// On the shard's thread.
asio::awaitable<report> run_files(runtime& where, const options& asked);

} // namespace hongyan::bench
