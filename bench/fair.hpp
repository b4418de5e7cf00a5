/// The scenario fair: do those who want all of the server take it from the others?
#pragma once

#include "bench/options.hpp"
#include "bench/runtime.hpp"

namespace hongyan::bench {

asio::awaitable<report> run_fair(runtime& where, const options& asked);

} // namespace hongyan::bench
