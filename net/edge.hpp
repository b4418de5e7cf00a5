/// What the handlers of one shard may use: where to ask, what to count, what is allowed.
#pragma once

#include "actors/interfaces.hpp"
#include "actors/session.hpp"
#include "config/server_config.hpp"
#include "core/bounds/connection_table.hpp"
#include "core/metrics.hpp"
#include "core/tools/current.hpp"
#include "core/wire/origin.hpp"
#include "net/bridge.hpp"
#include "net/io_shard.hpp"
#include "net/router.hpp"
#include "net/websocket.hpp"

#include <atomic>
#include <span>
#include <vector>

namespace hongyan {

/// What handlers of files need.
struct file_service {
  files::blob_store& store;
  const file_settings& settings;
  current<std::string> link_key{std::string()}; ///< empty: the store is not known to be the right one yet
  std::vector<file_worker_actor> workers{};
  std::atomic<std::size_t> next_worker = 0; ///< whose turn it is

  const file_worker_actor& worker() {
    return workers[next_worker.fetch_add(1, std::memory_order_relaxed) % workers.size()];
  }
};

/// Of the whole server; outlives all connections. The handles are dropped when it stops.
/// As the configuration says by now.
struct webhook_of_node {
  webhook_settings settings;
  webhook_actor teller;
};

struct server_context {
  const server_config& config;
  std::span<const route> routes;
  const current<auth::key_ring>& keys;
  const current<tls_context>* certificate; ///< null: in the clear
  metrics& figures;
  flow& admitted;
  origin_policy origins;
  websocket_env classic_sockets;
  websocket_env v1_sockets;
  registry_actor registry;
  persistence_actor persistence;
  streams_actor streams;
  std::vector<login_actor> logins; ///< empty: nobody logs in by WeChat
  caf::actor_system& system;
  connection_table& connections; ///< outlives all of them
  file_service* files = nullptr; ///< null: there is no file store
  backup_actor backups{};
  const std::atomic<bool>* is_backing_up = nullptr; ///< null: there are no backups
  current<std::vector<webhook_of_node>> webhooks{{}};
  const std::chrono::steady_clock::time_point started = std::chrono::steady_clock::now();
  std::atomic<bool> draining = false;
  std::atomic<std::size_t> next_login = 0; ///< whose turn it is
};

/// Of one shard. Only on its thread.
struct edge {
  server_context& server;
  io_shard& home;
  bridge& asks;
  const session_env& sessions; ///< of this shard, with its history actor
};

} // namespace hongyan
