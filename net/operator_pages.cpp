#include "net/handlers.hpp"

namespace hongyan {

namespace embedded {
extern const std::string_view index_html;
}

namespace {

void set_queue(metrics& figures, const char* queue, const credit& c) {
  figures.queue_depth.Add({{"queue", queue}}).Set(static_cast<double>(c.used()));
  figures.queue_limit.Add({{"queue", queue}}).Set(static_cast<double>(c.limit()));
}

} // namespace

reply index_page() {
  return {.content_type = "text/html; charset=utf-8",
          .body = std::string(embedded::index_html),
          // The page needs nothing but itself and this server.
          .headers = {{"Content-Security-Policy",
                       "default-src 'none'; style-src 'unsafe-inline'; script-src 'unsafe-inline'; "
                       "connect-src 'self' ws: wss:; img-src data:; base-uri 'none'; form-action 'none'; "
                       "frame-ancestors 'none'"},
                      {"X-Content-Type-Options", "nosniff"},
                      {"Referrer-Policy", "no-referrer"},
                      {"Cache-Control", "no-cache"}}};
}

reply health() { return text_reply("alive\n"); }

reply readiness(edge& at) {
  if (at.server.draining) return problem({errc::unavailable, "the server is shutting down"});
  if (!at.server.admitted.database_up())
    return problem({errc::unavailable, at.server.admitted.database_fault()});
  if (auto fault = at.server.admitted.cluster_fault(); !fault.empty())
    return problem({errc::unavailable, std::move(fault)});
  return text_reply("ready\n");
}

reply metrics_page(edge& at, const routed_request& request) {
  if (!is_loopback_host(request.client) && !request.by.has(auth::scope::metrics)) {
    const auto code = request.by.by_header ? errc::forbidden : errc::unauthorized;
    return problem({code, "the metrics are for this machine, or for an API key with the scope metrics"});
  }
  auto& figures = at.server.figures;
  set_queue(figures, "appends", at.server.admitted.appends);
  set_queue(figures, "deliveries", at.server.admitted.deliveries);
  set_queue(figures, "history", at.server.admitted.history);
  set_queue(figures, "logins", at.server.admitted.logins);
  return {.content_type = "text/plain; version=0.0.4; charset=utf-8", .body = figures.text()};
}

} // namespace hongyan
