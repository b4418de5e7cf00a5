#include "app/settings.hpp"

#include <catch2/catch.hpp>

using namespace hongyan;

TEST_CASE("without tokens there are no rates, and no limits of users and addresses", "[settings]") {
  server_config config;
  CHECK(rates_of(config).sends.per_second == 0);
  CHECK(rates_of(config).day_bytes == 0);
  CHECK(connections_of(config).each == 0);
  CHECK(connections_of(config).all == config.limits.connections);
  flow admitted(1, 1, 1);
  set_user_limits(admitted, config);
  CHECK(admitted.sessions_a_user == 0);

  config.asks_for_tokens = true;
  CHECK(rates_of(config).sends.per_second == config.limits.sends_per_second);
  CHECK(rates_of(config).day_bytes == config.limits.user_day_bytes);
  CHECK(connections_of(config).each == config.limits.address_sessions);
  set_user_limits(admitted, config);
  CHECK(admitted.sessions_a_user == config.limits.sessions);
  CHECK(admitted.groups_a_user == config.limits.groups_owned);
}

TEST_CASE("mini-programs' pages come in without tokens only", "[settings]") {
  server_config config;
  CHECK(origins_of(config).wechat);
  CHECK(origins_of(config).loopback_only);
  config.asks_for_tokens = true;
  config.listen.host = "0.0.0.0";
  CHECK_FALSE(origins_of(config).wechat);
  CHECK_FALSE(origins_of(config).loopback_only);
}

TEST_CASE("classic sockets are pinged, v1's are not", "[settings]") {
  const server_config config;
  metrics figures("test", config.limits);
  flow admitted(1, 1, 1);
  CHECK(classic_sockets(config, figures, admitted).ping_every == std::chrono::seconds(25));
  CHECK(classic_sockets(config, figures, admitted).silence_max == std::chrono::seconds(60));
  CHECK_FALSE(v1_sockets(config, figures, admitted).ping_every);
}

TEST_CASE("a node is named by its address, or by its machine where that is any", "[settings]") {
  server_config config;
  config.listen = {.host = "10.0.0.7", .port = 8080};
  CHECK(default_node_name(config) == "10.0.0.7:8080");
  config.listen.host = "0.0.0.0";
  CHECK(default_node_name(config) == "0.0.0.0:8080");
  config.cluster_listen = listen_address{};
  CHECK(default_node_name(config) != "0.0.0.0:8080");
  CHECK(default_node_name(config).ends_with(":8080"));
}
