#include "net/handlers.hpp"

namespace hongyan {

namespace {

void set_queue(metrics& figures, const char* queue, const credit& c) {
  figures.queue_depth.Add({{"queue", queue}}).Set(static_cast<double>(c.used()));
  figures.queue_limit.Add({{"queue", queue}}).Set(static_cast<double>(c.limit()));
}

} // namespace

asio::awaitable<reply> health(edge&, const routed_request&) { co_return text_reply("alive\n"); }

asio::awaitable<reply> readiness(edge& at, const routed_request&) {
  if (at.server.draining) co_return problem(shutting_down());
  if (!at.server.admitted.database_up())
    co_return problem({errc::unavailable, at.server.admitted.database_fault()});
  if (auto dead = at.server.admitted.dead_actor(); !dead.empty())
    co_return problem({errc::unavailable,
                       "a part of the server has ended (" + dead + "): its log says why; start it anew"});
  if (const auto held = at.server.admitted.writing_for(at.home.now()); held > commit_alarm)
    co_return problem(
        {errc::unavailable, "a write has been under way for " +
                                std::to_string(std::chrono::floor<std::chrono::seconds>(held).count()) +
                                " s: the database or its disk hangs"});
  if (!at.server.admitted.reads_up())
    co_return problem({errc::unavailable, "reads fail: " + at.server.admitted.reads_fault()});
  if (auto fault = at.server.admitted.cluster_fault(); !fault.empty())
    co_return problem({errc::unavailable, std::move(fault)});
  co_return text_reply("ready\n");
}

asio::awaitable<reply> metrics_page(edge& at, const routed_request& request) {
  if (!is_loopback_host(request.client) && !request.by.has(auth::scope::metrics)) {
    const auto code = request.by.by_header ? errc::forbidden : errc::unauthorized;
    co_return problem({code, "the metrics are for this machine, or for an API key with the scope metrics"});
  }
  auto& figures = at.server.figures;
  set_queue(figures, "appends", at.server.admitted.appends);
  set_queue(figures, "deliveries", at.server.admitted.deliveries);
  set_queue(figures, "history", at.server.admitted.history);
  set_queue(figures, "searches", at.server.admitted.searches);
  set_queue(figures, "logins", at.server.admitted.login_slots);
  figures.show(at.server.admitted.memory);
  co_return reply{.content_type = "text/plain; version=0.0.4; charset=utf-8", .body = figures.text()};
}

} // namespace hongyan
