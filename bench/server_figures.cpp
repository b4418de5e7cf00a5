#include "bench/server_figures.hpp"

#include <algorithm>
#include <boost/asio/read.hpp>
#include <boost/asio/redirect_error.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <boost/asio/write.hpp>
#include <cstdlib>

namespace hongyan::bench {

asio::awaitable<std::string> fetch_metrics(io_shard& shard, const server_address& server) {
  const auto request = "GET /metrics HTTP/1.1\r\nHost: " + server.host + "\r\nConnection: close\r\n\r\n";
  auto answer = co_await exchange(shard, server, request);
  co_return answer.starts_with("HTTP/1.1 200") ? answer : std::string();
}

asio::awaitable<std::string> exchange(io_shard& shard, const server_address& server,
                                      const std::string& request) {
  asio::ip::tcp::socket socket(shard.io());
  std::string answer;
  try {
    co_await socket.async_connect(server.endpoint, asio::use_awaitable);
    co_await asio::async_write(socket, asio::buffer(request), asio::use_awaitable);
    boost::system::error_code ended; // "end of file" is how it should end
    co_await asio::async_read(socket, asio::dynamic_buffer(answer),
                              asio::redirect_error(asio::use_awaitable, ended));
  } catch (const boost::system::system_error&) {
    co_return std::string();
  }
  co_return answer;
}

std::optional<double> metric_value(std::string_view page, std::string_view name) {
  std::optional<double> sum;
  while (!page.empty()) {
    const auto line = page.substr(0, page.find('\n'));
    page.remove_prefix(std::min(page.size(), line.size() + 1));
    if (!line.starts_with(name)) continue;
    const auto rest = line.substr(name.size());
    if (!rest.starts_with(' ') && !rest.starts_with('{')) continue; // a longer name
    const std::string value(line.substr(line.rfind(' ') + 1));
    sum = sum.value_or(0) + std::strtod(value.c_str(), nullptr);
  }
  return sum;
}

} // namespace hongyan::bench
