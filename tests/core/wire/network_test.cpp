#include "core/wire/network.hpp"

#include <catch2/catch.hpp>

using namespace hongyan;

namespace {

bool in(const char* network, const char* address) {
  return parse_network(network).value().contains(parse_address(address).value());
}

} // namespace

TEST_CASE("a network holds the addresses that begin like it", "[network]") {
  CHECK(in("10.0.0.0/8", "10.255.1.2"));
  CHECK_FALSE(in("10.0.0.0/8", "11.0.0.0"));
  CHECK(in("192.168.16.0/20", "192.168.31.255"));
  CHECK_FALSE(in("192.168.16.0/20", "192.168.32.0"));
  CHECK(in("127.0.0.1", "127.0.0.1"));
  CHECK_FALSE(in("127.0.0.1", "127.0.0.2"));
  CHECK(in("0.0.0.0/0", "8.8.8.8"));
  CHECK_FALSE(in("0.0.0.0/0", "::1"));
  CHECK(in("2001:db8::/32", "2001:db8:1::2"));
  CHECK_FALSE(in("2001:db8::/32", "2001:db9::"));
  CHECK(in("10.0.0.0/8", "::ffff:10.1.1.1")); // IPv4 on a listener for both
  CHECK(in("::/0", "1.2.3.4"));
  for (const char* bad : {"", "x", "10.0.0.0/33", "10.0.0.0/", "10.0.0.0/-1", "10.0.0.0/8x", "10.0.0.1/8",
                          "::1/129", "1.2.3", "fe80::1%eth0", "10.0.0.0/8/8"})
    CHECK_FALSE(parse_network(bad));
}

TEST_CASE("only proxies are believed about who asks", "[network]") {
  const std::vector<ip_network> proxies{*parse_network("127.0.0.1"), *parse_network("10.0.0.0/8")};
  CHECK(client_address("1.2.3.4", "5.6.7.8", proxies) == "1.2.3.4");
  CHECK(client_address("127.0.0.1", "5.6.7.8", {}) == "127.0.0.1");
  CHECK(client_address("127.0.0.1", "5.6.7.8", proxies) == "5.6.7.8");
  CHECK(client_address("127.0.0.1", "", proxies) == "127.0.0.1");
  CHECK(client_address("127.0.0.1", "9.9.9.9, 5.6.7.8", proxies) ==
        "5.6.7.8"); // the first is the client's invention
  CHECK(client_address("127.0.0.1", "5.6.7.8 , 10.1.1.1", proxies) == "5.6.7.8");
  CHECK(client_address("127.0.0.1", "10.2.2.2,10.1.1.1", proxies) == "10.2.2.2");
  CHECK(client_address("127.0.0.1", "5.6.7.8, nonsense", proxies) == "127.0.0.1");
  CHECK(client_address("127.0.0.1", "5.6.7.8, 2001:db8::1", proxies) == "2001:db8::1");
}

TEST_CASE("an address is one for its limits, however it is written", "[network]") {
  CHECK(address_key("1.2.3.4") == "1.2.3.4");
  CHECK(address_key("::ffff:1.2.3.4") == "1.2.3.4");
  CHECK(address_key("::FFFF:102:304") == "1.2.3.4");
  // One subscriber has a /64.
  for (const char* spelling : {"2001:db8:0:1::", "2001:db8:0:1::7", "2001:DB8:0:1:0:0:0:7",
                               "2001:0db8:0000:0001:ffff:ffff:ffff:ffff", "2001:db8:0:1::192.0.2.1"})
    CHECK(address_key(spelling) == "2001:db8:0:1::/64");
  CHECK(address_key("2001:db8:0:2::7") == "2001:db8:0:2::/64");
  CHECK(address_key("fe80::1%eth0") == "fe80::/64");
  CHECK(address_key("::1") == "::/64");
  CHECK(address_key("") == "");
  CHECK(address_key("nonsense") == "nonsense");
  CHECK(address_key("1.2.3.4:80") == "1.2.3.4:80");
}
