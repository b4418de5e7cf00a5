/// Tokens for a run's users, from a server with `--auth token`.
#pragma once

#include "bench/options.hpp"
#include "net/io_shard.hpp"

#include <boost/asio/awaitable.hpp>
#include <string>
#include <vector>

namespace hongyan::bench {

/// One for each user, good for as long as a server takes; all empty when `asked` has no API key. On the
/// shard's thread. Errors: errc::unavailable, with what POST /v1/tokens was answered.
asio::awaitable<result<std::vector<std::string>>> fetch_tokens(io_shard& shard, const options& asked,
                                                               const std::vector<std::string>& users);

} // namespace hongyan::bench
