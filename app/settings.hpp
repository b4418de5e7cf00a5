/// What parts of the server are set to, by the configuration. Pure.
#pragma once

#include "config/server_config.hpp"
#include "core/bounds/connection_table.hpp"
#include "core/bounds/flow.hpp"
#include "core/metrics.hpp"
#include "core/wire/origin.hpp"
#include "net/websocket.hpp"

#include <string>

namespace hongyan {

/// Contract, section 2: pings every 25 s, closes a peer that has been silent for 60 s.
websocket_env classic_sockets(const server_config& config, metrics& figures, flow& admitted);
/// Contract, section 3: the clients ping, by a method of the protocol; a socket that takes no more bytes is
/// cut after 5 s.
websocket_env v1_sockets(const server_config& config, metrics& figures, flow& admitted);

origin_policy origins_of(const server_config& config);

/// Contract, section 1: with --auth none, rates and the limits of users and addresses are off.
/// For `session.limits`: what may be uploaded; empty: nothing.
std::vector<std::string> file_types_of(const server_config& config);
flow_rates rates_of(const server_config& config);
connection_table::bounds connections_of(const server_config& config);
void set_user_limits(flow& admitted, const server_config& config);

bool is_any_address(const std::string& host);
/// Contract: host:port. Every machine of a cluster may listen on "any address", so there the host is its
/// name.
std::string default_node_name(const server_config& config);

} // namespace hongyan
