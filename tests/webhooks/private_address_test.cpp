#include "webhooks/private_address.hpp"

#include <catch2/catch.hpp>

#include <arpa/inet.h>
#include <cstring>
#include <netinet/in.h>
#include <sys/un.h>

using namespace hongyan;
using namespace hongyan::webhooks;

namespace {

/// Asked as an address and as a socket's, which must say the same.
bool closed(const std::string& text) {
  INFO(text);
  const auto address = parse_address(text);
  REQUIRE(address.has_value());
  sockaddr_storage storage{};
  socklen_t size = 0;
  if (text.find(':') == std::string::npos) {
    sockaddr_in v4{};
    v4.sin_family = AF_INET;
    v4.sin_port = htons(443);
    REQUIRE(inet_pton(AF_INET, text.c_str(), &v4.sin_addr) == 1);
    std::memcpy(&storage, &v4, size = sizeof v4);
  } else {
    sockaddr_in6 v6{};
    v6.sin6_family = AF_INET6;
    v6.sin6_port = htons(443);
    REQUIRE(inet_pton(AF_INET6, text.c_str(), &v6.sin6_addr) == 1);
    std::memcpy(&storage, &v6, size = sizeof v6);
  }
  const auto* socket_address = reinterpret_cast<const sockaddr*>(&storage);
  const bool is_closed = is_private(socket_address, size);
  CHECK(is_private(*address) == is_closed);
  CHECK(parse_address(address_text(socket_address, size)) == address);
  CHECK(is_private(socket_address, size - 1)); // cut
  return is_closed;
}

} // namespace

TEST_CASE(
    "of IPv4 networks that are not the Internet's, the first and the last address are private, and those "
    "beside them are not",
    "[webhooks]") {
  struct row {
    const char *before, *first, *last, *after; ///< null: what is beside it is private, too, or is not there
  };
  for (const auto& [before, first, last, after] :
       std::initializer_list<row>{{nullptr, "0.0.0.0", "0.255.255.255", "1.0.0.0"},
                                  {"9.255.255.255", "10.0.0.0", "10.255.255.255", "11.0.0.0"},
                                  {"100.63.255.255", "100.64.0.0", "100.127.255.255", "100.128.0.0"},
                                  {"126.255.255.255", "127.0.0.0", "127.255.255.255", "128.0.0.0"},
                                  {"168.63.129.15", "168.63.129.16", "168.63.129.16", "168.63.129.17"},
                                  {"169.253.255.255", "169.254.0.0", "169.254.255.255", "169.255.0.0"},
                                  {"172.15.255.255", "172.16.0.0", "172.31.255.255", "172.32.0.0"},
                                  {"191.255.255.255", "192.0.0.0", "192.0.0.255", "192.0.1.0"},
                                  {"192.0.1.255", "192.0.2.0", "192.0.2.255", "192.0.3.0"},
                                  {"192.88.98.255", "192.88.99.0", "192.88.99.255", "192.88.100.0"},
                                  {"192.167.255.255", "192.168.0.0", "192.168.255.255", "192.169.0.0"},
                                  {"198.17.255.255", "198.18.0.0", "198.19.255.255", "198.20.0.0"},
                                  {"198.51.99.255", "198.51.100.0", "198.51.100.255", "198.51.101.0"},
                                  {"203.0.112.255", "203.0.113.0", "203.0.113.255", "203.0.114.0"},
                                  {"223.255.255.255", "224.0.0.0", "239.255.255.255", nullptr},
                                  {nullptr, "240.0.0.0", "255.255.255.255", nullptr}}) {
    CHECK(closed(first));
    CHECK(closed(last));
    if (before != nullptr) CHECK_FALSE(closed(before));
    if (after != nullptr) CHECK_FALSE(closed(after));
    // The same behind IPv6.
    for (const std::string prefix : {"::ffff:", "64:ff9b::"}) {
      CHECK(closed(prefix + first));
      CHECK(closed(prefix + last));
      if (before != nullptr) CHECK_FALSE(closed(prefix + before));
      if (after != nullptr) CHECK_FALSE(closed(prefix + after));
    }
  }
}

TEST_CASE("addresses that are known to lead inside are private", "[webhooks]") {
  for (const char* address :
       {"127.0.0.1", "127.1.2.3", "169.254.169.254", "169.254.0.23", "100.100.100.200", "192.0.0.192",
        "10.0.0.1", "172.17.0.1", "192.168.1.1", "255.255.255.255", "224.0.0.1", "::1", "::", "fd00:ec2::254",
        "fe80::a9fe:a9fe", "::ffff:169.254.169.254", "::ffff:7f00:1", "64:ff9b::a9fe:a9fe"})
    CHECK(closed(address));
}

TEST_CASE("of IPv6 only the Internet's part is open", "[webhooks]") {
  for (const char* address : {"::",
                              "::1",
                              "::2",
                              "::8.8.8.8",
                              "::127.0.0.1",
                              "::ffff:0:8.8.8.8",
                              "100::1",
                              "64:ff9a::1",
                              "64:ff9b:0:0:0:1::",
                              "64:ff9b:1::",
                              "64:ff9b:1::808:808",
                              "64:ff9b:1:ffff:ffff:ffff:808:808",
                              "1fff:ffff:ffff:ffff:ffff:ffff:ffff:ffff",
                              "2001::",
                              "2001:0:4136:e378:8000:63bf:3fff:fdd2",
                              "2001:2::1",
                              "2001:10::1",
                              "2001:1ff:ffff:ffff:ffff:ffff:ffff:ffff",
                              "2001:db8::",
                              "2001:db8::1",
                              "2001:db8:ffff:ffff:ffff:ffff:ffff:ffff",
                              "2002::",
                              "2002:7f00:1::",
                              "2002:808:808::1",
                              "2002:ffff:ffff:ffff:ffff:ffff:ffff:ffff",
                              "3fff::1",
                              "3fff:fff:ffff:ffff:ffff:ffff:ffff:ffff",
                              "4000::",
                              "5f00::1",
                              "fc00::",
                              "fc00::1",
                              "fd12:3456::1",
                              "fdff:ffff:ffff:ffff:ffff:ffff:ffff:ffff",
                              "fe00::",
                              "fe80::",
                              "fe80::1",
                              "febf:ffff:ffff:ffff:ffff:ffff:ffff:ffff",
                              "fec0::1",
                              "ff00::",
                              "ff02::1",
                              "ff0e::1",
                              "ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff"})
    CHECK(closed(address));
  for (const char* address :
       {"2000::", "2000:ffff:ffff:ffff:ffff:ffff:ffff:ffff", "2001:200::", "2001:4860:4860::8888",
        "2001:db7:ffff:ffff:ffff:ffff:ffff:ffff", "2001:db9::", "2001:ffff:ffff:ffff:ffff:ffff:ffff:ffff",
        "2003::", "240e::1", "2408::1", "2409::1", "2606:4700::1111",
        "3ffe:ffff:ffff:ffff:ffff:ffff:ffff:ffff", "3fff:1000::", "::ffff:8.8.8.8", "64:ff9b::808:808"})
    CHECK_FALSE(closed(address));
}

TEST_CASE("what is no Internet address at all is private", "[webhooks]") {
  sockaddr_un path{};
  path.sun_family = AF_UNIX;
  const auto* address = reinterpret_cast<const sockaddr*>(&path);
  CHECK(is_private(address, sizeof path));
  CHECK(address_text(address, sizeof path) == "?");
  CHECK(is_private(address, 0));
  CHECK(is_private(nullptr, 0));
}
