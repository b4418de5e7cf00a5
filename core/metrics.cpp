#include "core/metrics.hpp"

#include "core/bounds/memory_bounds.hpp"

#include <prometheus/text_serializer.h>

namespace hongyan {

namespace {

using namespace prometheus;

Family<Gauge>& gauge(Registry& r, const char* name, const char* help) {
  return BuildGauge().Name(name).Help(help).Register(r);
}

Family<Counter>& counter(Registry& r, const char* name, const char* help) {
  return BuildCounter().Name(name).Help(help).Register(r);
}

Histogram& histogram(Registry& r, const char* name, const char* help,
                     const Histogram::BucketBoundaries& bounds) {
  return BuildHistogram().Name(name).Help(help).Register(r).Add({}, bounds);
}

/// From 100 µs to 10 s, about three a decade: a commit takes 0.3 to 30 ms on most disks.
const Histogram::BucketBoundaries latencies{0.0001, 0.00025, 0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025,
                                            0.05,   0.1,     0.25,   0.5,   1,      2.5,   5,    10};
const Histogram::BucketBoundaries sizes{1, 2, 5, 10, 20, 50, 100, 200, 500};

} // namespace

metrics::metrics(const std::string& node, const limits& told, bool is_cluster)
    : http_requests_(counter(registry_, "hongyan_http_requests_total", "HTTP requests by status."))
    , memory_used_(gauge(registry_, "hongyan_memory_kept_bytes", "What is kept for clients.").Add({}))
    , memory_limit_(gauge(registry_, "hongyan_memory_limit_bytes", "limits.memory.").Add({}))
    , memory_refused_(counter(registry_, "hongyan_memory_refused_total",
                              "Times that no more could be kept for a client: the budget was full, or its "
                              "share was.")
                          .Add({}))
    , memory_cuts_(counter(registry_, "hongyan_memory_cuts_total",
                           "Times that the largest of a user or an address over its share was cut.")
                       .Add({}))
    , http_200_(http_requests_.Add({{"status", "200"}}))
    , http_connections(gauge(registry_, "hongyan_connections", "Open connections.").Add({{"kind", "http"}}))
    , websocket_connections(
          gauge(registry_, "hongyan_connections", "Open connections.").Add({{"kind", "websocket"}}))
    , users_online(gauge(registry_, "hongyan_users_online", "Users with at least one session.").Add({}))
    , streams_open(gauge(registry_, "hongyan_streams_open",
                         "Messages that are being written at this node while they are read.")
                       .Add({}))
    , database_up(gauge(registry_, "hongyan_database_up", "1 when the database stores, else 0.").Add({}))
    , database_timeline(
          gauge(registry_, "hongyan_database_timeline",
                "The timeline of the PostgreSQL primary that is stored on; it grows by failovers.")
              .Add({}))
    , reads_up(gauge(registry_, "hongyan_reads_up", "1 when the last reads could be done, else 0.").Add({}))
    , pushes(counter(registry_, "hongyan_pushes_total", "Messages sent, by outcome; of v1 the stored ones."))
    , rpc_answers(counter(registry_, "hongyan_rpc_answers_total", "Answers to v1 requests by outcome."))
    , logins(counter(registry_, "hongyan_logins_total", "Logins by WeChat, by outcome."))
    , refused(counter(registry_, "hongyan_refused_total", "Connections and requests refused at a limit."))
    , sessions_closed(counter(registry_, "hongyan_sessions_closed_total", "WebSockets ended, by close code."))
    , pushes_stored(pushes.Add({{"outcome", "stored"}}))
    , rpc_ok(rpc_answers.Add({{"outcome", "ok"}}))
    , rows_read(counter(registry_, "hongyan_rows_read_total", "Database rows gone over by reads.").Add({}))
    , sync_resets(counter(registry_, "hongyan_sync_resets_total",
                          "Answers to sync that told a client that its positions are void, by reason."))
    , store_set_back(counter(registry_, "hongyan_store_set_back_total",
                             "Times that the database was without messages that had been delivered.")
                         .Add({}))
    , wal_bytes(gauge(registry_, "hongyan_wal_bytes", "SQLite's write-ahead log.").Add({}))
    , checkpoints(gauge(registry_, "hongyan_checkpoints",
                        "SQLite's checkpoints since the start, by outcome: done, blocked, failed."))
    , uploads(counter(registry_, "hongyan_file_uploads_total", "Files sent by clients, by outcome."))
    , file_bytes_in(
          counter(registry_, "hongyan_file_bytes_total", "Bytes of files, in and out.").Add({{"way", "in"}}))
    , file_bytes_out(
          counter(registry_, "hongyan_file_bytes_total", "Bytes of files, in and out.").Add({{"way", "out"}}))
    , messages_expired(counter(registry_, "hongyan_messages_expired_total",
                               "Entries dropped because they are older than retention.days.")
                           .Add({}))
    , files_deleted(
          counter(registry_, "hongyan_files_deleted_total", "Files deleted because nothing referred to them.")
              .Add({}))
    , webhook_events(
          counter(registry_, "hongyan_webhook_events_total",
                  "Events by webhook and outcome: delivered, failed (an attempt), given_up, dropped."))
    , webhook_lag(gauge(registry_, "hongyan_webhook_lag_seconds",
                        "Age of the oldest event that a webhook was not told yet, by webhook."))
    , checks(counter(registry_, "hongyan_checks_total",
                     "What users wrote that was checked, by who was asked (before_send, words, wechat) and "
                     "outcome: allow, "
                     "deny, replace, failed."))
    , notices(
          counter(registry_, "hongyan_notices_total",
                  "Subscribe messages of WeChat by outcome: sent, not_wanted (the user was back), used_up, "
                  "refused, later (asked for again)."))
    , sql_sends(
          counter(registry_, "hongyan_sql_sends_total",
                  "Messages that back ends wrote in transactions of their own, by outcome: sent, refused."))
    , frames_sent(counter(registry_, "hongyan_frames_sent_total", "WebSocket messages sent.").Add({}))
    , frames_replaced(counter(registry_, "hongyan_frames_replaced_total",
                              "WebSocket messages never sent because a newer one holds all of them.")
                          .Add({}))
    , push_seconds(
          histogram(registry_, "hongyan_push_seconds", "A message sent: parsed to answered.", latencies))
    , commit_seconds(histogram(registry_, "hongyan_commit_seconds", "One batch's transaction.", latencies))
    , batch_messages(histogram(registry_, "hongyan_batch_messages", "Messages a transaction.", sizes))
    , delivery_seconds(
          histogram(registry_, "hongyan_delivery_seconds", "Committed to handed to the socket.", latencies))
    , queue_depth(gauge(registry_, "hongyan_queue_depth", "Items waiting or in flight."))
    , queue_limit(gauge(registry_, "hongyan_queue_limit", "The limit of that queue."))
    , cluster_nodes(gauge(registry_, "hongyan_cluster_nodes", "Other nodes that are alive.").Add({}))
    , cluster_peers(gauge(registry_, "hongyan_cluster_peers", "Other nodes that are linked.").Add({}))
    , cluster_envelopes_sent(
          counter(registry_, "hongyan_cluster_envelopes_sent_total", "Envelopes sent to other nodes.")
              .Add({}))
    , cluster_bytes_sent(
          counter(registry_, "hongyan_cluster_bytes_total", "Bytes told and heard.").Add({{"way", "out"}}))
    , cluster_bytes_heard(
          counter(registry_, "hongyan_cluster_bytes_total", "Bytes told and heard.").Add({{"way", "in"}}))
    , cluster_fell_behind(counter(registry_, "hongyan_cluster_fell_behind_total",
                                  "Times that a node was too slow to be told everything.")
                              .Add({}))
    , cluster_looked_up(counter(registry_, "hongyan_cluster_looked_up_total",
                                "Log entries found in the database that no link had brought.")
                            .Add({}))
    , cluster_refused(counter(registry_, "hongyan_cluster_refused_total", "What other nodes were refused."))
    , spans_told(counter(registry_, "hongyan_spans_total",
                         "Spans for trace.otlp_url by outcome: sent, refused (by the collector), dropped (it "
                         "is too slow, or away).")) {
  gauge(registry_, "hongyan_node_info", "1, with the node's name.").Add({{"node", node}}).Set(1);
  reads_up.Set(1);
  auto& bound = gauge(registry_, "hongyan_bound_bytes", "What the limits let the server's memory grow to.");
  for (const auto& [what, bytes] : memory_bounds(told, is_cluster))
    bound.Add({{"what", std::string(what)}}).Set(static_cast<double>(bytes));
  auto& limit = gauge(registry_, "hongyan_limit", "The limits in force.");
  const auto tell = [&](const char* name, auto value) {
    limit.Add({{"name", name}}).Set(static_cast<double>(value));
  };
  tell("content_chars", told.content_chars);
  tell("name_chars", told.name_chars);
  tell("header_bytes", told.header_bytes);
  tell("body_bytes", told.body_bytes);
  tell("message_bytes", told.message_bytes);
  tell("connections", told.connections);
  tell("memory", told.memory);
  tell("json_depth", json_depth_max);
  tell("transfer_seconds", transfer_deadline.count());
  tell("arrival_seconds", arrival_deadline.count());
  tell("sends_per_second", told.sends_per_second);
  tell("sends_burst", told.sends_burst);
  tell("requests_per_second", told.requests_per_second);
  tell("requests_burst", told.requests_burst);
  tell("user_day_bytes", told.user_day_bytes);
  tell("handshakes_per_second", told.handshakes_per_second);
  tell("handshakes_burst", told.handshakes_burst);
  tell("logins_per_second", told.logins_per_second);
  tell("logins_burst", told.logins_burst);
  tell("sessions", told.sessions);
  tell("blocks", told.blocks);
  tell("groups_owned", told.groups_owned);
  tell("address_sessions", told.address_sessions);
}

void metrics::count_http(unsigned status) {
  auto& counter = status == 200 ? http_200_ : http_requests_.Add({{"status", std::to_string(status)}});
  counter.Increment();
}

void metrics::show(const memory_budget& budget) {
  const std::lock_guard lock(memory_mutex_);
  memory_used_.Set(static_cast<double>(budget.used()));
  memory_limit_.Set(static_cast<double>(budget.limit()));
  memory_refused_.Increment(static_cast<double>(budget.refused()) - memory_refused_.Value());
  memory_cuts_.Increment(static_cast<double>(budget.cuts()) - memory_cuts_.Value());
}

std::string metrics::text() const { return TextSerializer().Serialize(registry_.Collect()); }

} // namespace hongyan
