/// Figures that the server itself tells at GET /metrics, in Prometheus' text format.
#pragma once

#include "bench/options.hpp"
#include "bench/runtime.hpp"

#include <optional>
#include <string>
#include <string_view>

namespace hongyan::bench {

/// Sends a whole request, which asks for the connection's end behind it. Answers the whole answer; empty:
/// there was none.
asio::awaitable<std::string> exchange(io_shard& shard, const server_address& server,
                                      const std::string& request);

/// The page; empty when it cannot be had.
asio::awaitable<std::string> fetch_metrics(io_shard& shard, const server_address& server);

/// The sum of a metric's samples over all its labels; nothing when the page has none.
std::optional<double> metric_value(std::string_view page, std::string_view name);

} // namespace hongyan::bench
