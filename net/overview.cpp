// What the operator's page shows at first (contract, section 9): figures, without anybody's contents.

#include "core/wire/json.hpp"
#include "net/handlers.hpp"

#include <algorithm>
#include <charconv>
#include <cmath>

namespace hongyan {

namespace {

std::string number(double value) {
  if (!std::isfinite(value)) return "null";
  char text[32];
  const auto end = std::to_chars(text, text + sizeof text, value).ptr;
  return {text, end};
}

/// A quantile's bucket's upper bound, as Prometheus counts: it is at most that. Infinite: nothing was
/// counted, or it is above all of them.
double quantile(const prometheus::ClientMetric::Histogram& of, double share) {
  const auto wanted = share * static_cast<double>(of.sample_count);
  for (const auto& bucket : of.bucket)
    if (of.sample_count > 0 && static_cast<double>(bucket.cumulative_count) >= wanted)
      return bucket.upper_bound;
  return HUGE_VAL;
}

/// Of all webhooks.
double failed_events(const prometheus::Family<prometheus::Counter>& webhook_events) {
  double all = 0;
  for (const auto& family : webhook_events.Collect())
    for (const auto& one : family.metric)
      if (std::ranges::any_of(one.label,
                              [](const auto& l) { return l.name == "outcome" && l.value == "given_up"; }))
        all += one.counter.value;
  return all;
}

std::string list_of(const std::vector<std::string>& names) {
  std::string out = "[";
  for (const auto& name : names) out.append(out.size() > 1 ? "," : "").append(json_string(name));
  return out + ']';
}

std::string key_json(const auth::caller& by) {
  std::vector<std::string> scopes;
  for (const auto one : {auth::scope::push, auth::scope::admin, auth::scope::observe, auth::scope::owner,
                         auth::scope::metrics})
    if (by.has(one)) scopes.emplace_back(name_of(one));
  return R"({"name":)" + json_string(by.key_name) + R"(,"scopes":)" + list_of(scopes) + '}';
}

std::string figures_json(server_context& server) {
  auto& figures = server.figures;
  const auto commits = figures.commit_seconds.Collect().histogram;
  std::string out = R"({"online":)" + number(figures.users_online.Value());
  out += R"(,"sessions":)" + number(figures.websocket_connections.Value());
  out += R"(,"messages":)" + number(figures.batch_messages.Collect().histogram.sample_sum);
  out += R"(,"deliveries":)" + number(figures.frames_sent.Value());
  out += R"(,"commitSeconds":{"count":)" + std::to_string(commits.sample_count);
  out += R"(,"sum":)" + number(commits.sample_sum) + R"(,"p99":)" + number(quantile(commits, 0.99)) + '}';
  out += R"(,"memoryBytes":)" + std::to_string(server.admitted.memory.used());
  out += R"(,"memoryLimitBytes":)" + std::to_string(server.admitted.memory.limit());
  return out + R"(,"webhooksFailed":)" + number(failed_events(figures.webhook_events)) + '}';
}

} // namespace

asio::awaitable<reply> read_overview(edge& at, const routed_request& request) {
  if (const auto may = auth::may_manage(request.by, auth::scope::observe); !may)
    co_return problem(may.error());
  auto& server = at.server;
  auto nodes = server.admitted.peers();
  nodes.push_back(server.config.node);
  std::ranges::sort(nodes);
  const auto up = std::chrono::floor<std::chrono::seconds>(at.home.now() - server.started);
  std::string body = R"({"version":")" HONGYAN_VERSION R"(","node":)" + json_string(server.config.node);
  body += server.config.database.starts_with("sqlite:") ? R"(,"database":"sqlite")"
                                                        : R"(,"database":"postgresql")";
  body += server.config.asks_for_tokens ? R"(,"auth":"token")" : R"(,"auth":"none")";
  body += R"(,"key":)" + key_json(request.by) + R"(,"nodes":)" + list_of(nodes);
  body += R"(,"uptimeSeconds":)" + std::to_string(up.count()) + R"(,"figures":)" + figures_json(server) + '}';
  co_return json_reply(std::move(body));
}

} // namespace hongyan
