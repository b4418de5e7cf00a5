#include "app/settings.hpp"

#include <algorithm>
#include <climits>
#include <unistd.h>

namespace hongyan {

websocket_env classic_sockets(const server_config& config, metrics& figures, flow& admitted) {
  return {figures,
          admitted.memory,
          config.limits.message_bytes,
          config.heartbeat,
          std::chrono::milliseconds(config.heartbeat) * 12 / 5,
          transfer_deadline};
}

websocket_env v1_sockets(const server_config& config, metrics& figures, flow& admitted) {
  return {figures, admitted.memory, config.limits.message_bytes, {}, {}, std::chrono::seconds(5)};
}

origin_policy origins_of(const server_config& config) {
  return {.allowed = config.allow_origin,
          .wechat = !config.asks_for_tokens,
          .loopback_only = is_loopback_host(config.listen.host)};
}

std::vector<std::string> file_types_of(const server_config& config) {
  if (config.files.is_off()) return {};
  return config.files.types.empty() ? std::vector<std::string>{"*/*"} : config.files.types;
}

flow_rates rates_of(const server_config& config) {
  const auto file_day_bytes = config.files.user_day; // whoever they say they are
  if (!config.asks_for_tokens) return {.file_day_bytes = file_day_bytes};
  const auto& l = config.limits;
  return {.sends = {l.sends_per_second, l.sends_burst},
          .day_bytes = l.user_day_bytes,
          .file_day_bytes = file_day_bytes,
          .requests = {l.requests_per_second, l.requests_burst},
          .handshakes = {l.handshakes_per_second, l.handshakes_burst},
          .node_handshakes = {node_handshakes_per_second, node_handshakes_burst},
          .logins = {l.logins_per_second, l.logins_burst},
          .bad_tokens = {l.logins_per_second, l.logins_burst}};
}

connection_table::bounds connections_of(const server_config& config) {
  const bool limited = config.asks_for_tokens;
  return {.all = config.limits.connections,
          .reserve = reserve_connections,
          .each = limited ? config.limits.address_sessions : 0,
          .handshakes = tls_handshakes_max,
          .handshakes_each = limited ? address_tls_handshakes_max : 0};
}

void set_user_limits(flow& admitted, const server_config& config) {
  admitted.memory.set_limit(config.limits.memory);
  admitted.presence_is_public = config.presence_is_public;
  if (!config.notices.empty())
    admitted.notice_after = std::ranges::min(config.notices, {}, &notice_template::delay).delay;
  if (!config.asks_for_tokens) return;
  admitted.sessions_a_user = config.limits.sessions;
  admitted.blocks_a_user = config.limits.blocks;
  admitted.groups_a_user = config.limits.groups_owned;
}

bool is_any_address(const std::string& host) { return host == "0.0.0.0" || host == "::"; }

std::string default_node_name(const server_config& config) {
  char machine[HOST_NAME_MAX + 1] = {};
  if (!config.cluster_listen || !is_any_address(config.listen.host) ||
      gethostname(machine, sizeof machine) != 0)
    return config.listen.text();
  return std::string(machine) + ":" + std::to_string(config.listen.port);
}

} // namespace hongyan
