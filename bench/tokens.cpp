#include "bench/tokens.hpp"

#include "bench/server_figures.hpp"
#include "core/wire/json.hpp"

namespace hongyan::bench {

namespace {

/// Seconds; the most that a server takes.
constexpr const char* longest_ttl = "2592000";

} // namespace

asio::awaitable<result<std::vector<std::string>>> fetch_tokens(io_shard& shard, const options& asked,
                                                               const std::vector<std::string>& users) {
  std::vector<std::string> tokens(users.size());
  if (asked.api_key.empty()) co_return tokens;
  for (std::size_t i = 0; i < users.size(); ++i) {
    const auto body = R"({"userId":")" + users[i] + R"(","ttlSeconds":)" + longest_ttl + "}";
    const auto request = "POST /v1/tokens HTTP/1.1\r\nHost: " + asked.server().host +
                         "\r\nAuthorization: Bearer " + asked.api_key +
                         "\r\nConnection: close\r\nContent-Length: " + std::to_string(body.size()) +
                         "\r\n\r\n" + body;
    const auto answer = co_await exchange(shard, asked.server(), request);
    const auto begin = answer.find("\r\n\r\n");
    const auto parsed = parse_json(begin == std::string::npos ? "" : answer.substr(begin));
    const auto* object = parsed ? parsed->if_object() : nullptr;
    const auto* token = object == nullptr ? nullptr : text_of(*object, "token");
    if (token == nullptr)
      co_return error{errc::unavailable,
                      "no tokens: POST /v1/tokens was answered " +
                          (answer.empty() ? "nothing" : answer.substr(0, answer.find("\r\n")))};
    tokens[i] = *token;
  }
  co_return tokens;
}

} // namespace hongyan::bench
