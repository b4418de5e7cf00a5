/// What operators see: the server's figures, in Prometheus' terms. All members are thread-safe.
#pragma once

#include "core/bounds/limits.hpp"
#include "core/bounds/memory_budget.hpp"
#include "core/tools/trace_log.hpp"

#include <prometheus/counter.h>
#include <prometheus/family.h>
#include <prometheus/gauge.h>
#include <prometheus/histogram.h>
#include <prometheus/registry.h>

#include <chrono>
#include <mutex>
#include <string>

namespace hongyan {

class metrics {
public:
  /// `told` are shown as they are: clients and operators can look them up.
  metrics(const std::string& node, const limits& told, bool is_cluster = false);

  /// The figures in Prometheus' text format.
  std::string text() const;
  /// Counts an answered HTTP request.
  void count_http(unsigned status);
  /// Takes over what the budget counts.
  void show(const memory_budget& budget);

private:
  prometheus::Registry registry_;                          // before all that it owns
  prometheus::Family<prometheus::Counter>& http_requests_; ///< label status
  std::mutex memory_mutex_;
  prometheus::Gauge& memory_used_;
  prometheus::Gauge& memory_limit_;
  prometheus::Counter& memory_refused_;
  prometheus::Counter& memory_cuts_;
  prometheus::Counter& http_200_; ///< looked up once: a lookup by label takes a lock and some allocations

public:
  prometheus::Gauge& http_connections;
  prometheus::Gauge& websocket_connections;
  prometheus::Gauge& users_online;
  prometheus::Gauge& streams_open; ///< 0 once a draining node has stored what it had
  prometheus::Gauge& database_up;
  prometheus::Gauge& database_timeline; ///< of the primary where it stores; 0: it is SQLite
  prometheus::Gauge& reads_up;
  prometheus::Family<prometheus::Counter>& pushes;          ///< label outcome
  prometheus::Family<prometheus::Counter>& rpc_answers;     ///< label outcome: v1
  prometheus::Family<prometheus::Counter>& logins;          ///< label outcome: by WeChat
  prometheus::Family<prometheus::Counter>& refused;         ///< label reason: a limit was met
  prometheus::Family<prometheus::Counter>& sessions_closed; ///< label code
  prometheus::Counter& pushes_stored;                       ///< of `pushes`; the hot one, looked up once
  prometheus::Counter& rpc_ok;                              ///< of `rpc_answers`; the hot one, looked up once
  prometheus::Counter& rows_read;                           ///< from the database, by reads
  prometheus::Family<prometheus::Counter>& sync_resets;     ///< label reason: clients' positions were void
  prometheus::Counter& store_set_back;                      ///< the store was without what was delivered
  prometheus::Gauge& wal_bytes;                             ///< SQLite's write-ahead log; 0 with PostgreSQL
  prometheus::Family<prometheus::Gauge>& checkpoints;       ///< label outcome: SQLite's, since the start
  prometheus::Family<prometheus::Counter>& uploads;         ///< label outcome
  prometheus::Counter& file_bytes_in;
  prometheus::Counter& file_bytes_out;
  prometheus::Counter& messages_expired;                   ///< kept for retention.days
  prometheus::Counter& files_deleted;                      ///< nothing referred to them
  prometheus::Family<prometheus::Counter>& webhook_events; ///< labels webhook, outcome
  prometheus::Family<prometheus::Gauge>& webhook_lag;      ///< label webhook: seconds
  prometheus::Family<prometheus::Counter>& checks;         ///< labels by, outcome
  prometheus::Family<prometheus::Counter>& notices;        ///< label outcome
  prometheus::Family<prometheus::Counter>& sql_sends;      ///< label outcome
  prometheus::Counter& frames_sent;
  prometheus::Counter& frames_replaced;               ///< a newer one came while the socket was slow
  prometheus::Histogram& push_seconds;                ///< request parsed to answer ready
  prometheus::Histogram& commit_seconds;              ///< one transaction
  prometheus::Histogram& batch_messages;              ///< messages a transaction
  prometheus::Histogram& delivery_seconds;            ///< committed to handed to the socket
  prometheus::Family<prometheus::Gauge>& queue_depth; ///< label queue
  prometheus::Family<prometheus::Gauge>& queue_limit; ///< label queue
  // in a cluster
  prometheus::Gauge& cluster_nodes; ///< others that the directory takes for alive
  prometheus::Gauge& cluster_peers; ///< those of them that are linked
  prometheus::Counter& cluster_envelopes_sent;
  prometheus::Counter& cluster_bytes_sent;
  prometheus::Counter& cluster_bytes_heard;
  prometheus::Counter& cluster_fell_behind; ///< a peer was so slow that something was left out
  prometheus::Counter& cluster_looked_up;   ///< entries that came from the store, not over a link
  prometheus::Family<prometheus::Counter>& cluster_refused; ///< label reason

  prometheus::Family<prometheus::Counter>& spans_told; ///< label outcome: to the collector

  span_log spans;          ///< of what is followed for trace.otlp_url
  trace_log trace{&spans}; ///< what became of the newest messages
};

/// Seconds as Prometheus wants them.
template <class Duration>
double seconds_of(Duration d) {
  return std::chrono::duration<double>(d).count();
}

} // namespace hongyan
