/// The scenario `verify`: does this server keep what docs/protocol.md promises? Users who come and go write
/// down all that they do and see, whatever happens to the server meanwhile; then the checker judges.
#pragma once

#include "bench/options.hpp"
#include "bench/report.hpp"
#include "bench/runtime.hpp"

namespace hongyan::bench {

asio::awaitable<report> run_verify(runtime& where, const options& asked);

/// Judges what was recorded before, in `asked.check_files`. Errors: errc::malformed: one cannot be read.
result<report> check_recorded(const options& asked);

} // namespace hongyan::bench
