#include "webhooks/private_address.hpp"

#include <arpa/inet.h>
#include <netinet/in.h>

#include <algorithm>
#include <array>
#include <cstring>
#include <optional>

namespace hongyan::webhooks {

namespace {

constexpr std::size_t v4_begin = 12;

ip_network network(std::string_view text) { return parse_network(text).value(); }

ip_address mapped(const void* v4) {
  ip_address out{};
  out[v4_begin - 2] = out[v4_begin - 1] = 0xFF;
  std::memcpy(out.data() + v4_begin, v4, out.size() - v4_begin);
  return out;
}

/// IPv4 addresses that are not the Internet's.
bool is_private_v4(const ip_address& address) {
  static const std::array closed{
      network("0.0.0.0/8"),        // this network; 0.0.0.0 is this machine
      network("10.0.0.0/8"),       // private
      network("100.64.0.0/10"),    // of carriers (RFC 6598); a cloud's metadata, too
      network("127.0.0.0/8"),      // loopback
      network("168.63.129.16/32"), // Azure's own, from within its machines
      network("169.254.0.0/16"),   // link-local; most clouds' metadata
      network("172.16.0.0/12"),    // private
      network("192.0.0.0/24"),     // IETF's assignments
      network("192.0.2.0/24"),     // documentation
      network("192.88.99.0/24"),   // 6to4's relays, which are no more
      network("192.168.0.0/16"),   // private
      network("198.18.0.0/15"),    // benchmarks
      network("198.51.100.0/24"),  // documentation
      network("203.0.113.0/24"),   // documentation
      network("224.0.0.0/4"),      // multicast
      network("240.0.0.0/4"),      // reserved, and broadcast
  };
  return std::ranges::any_of(closed, [&](const ip_network& n) { return n.contains(address); });
}

/// Of IPv6 the Internet is a part of 2000::/3. What is beside it (::, loopback, IPv4-compatible,
/// unique-local, link-local, multicast, reserved) is closed without a list.
bool is_private_v6(const ip_address& address) {
  static const auto global = network("2000::/3");
  static const std::array closed{
      network("2001::/23"),     // IETF's assignments: Teredo, benchmarks, ORCHID
      network("2001:db8::/32"), // documentation
      network("2002::/16"),     // 6to4, which holds an IPv4 address and is no more
      network("3fff::/20"),     // documentation
  };
  return !global.contains(address) ||
         std::ranges::any_of(closed, [&](const ip_network& n) { return n.contains(address); });
}

/// As our kind of address; nothing: of another family, or cut.
std::optional<ip_address> address_of(const sockaddr* address, socklen_t size) {
  if (address == nullptr || size < sizeof(sa_family_t)) return {};
  if (address->sa_family == AF_INET && size >= sizeof(sockaddr_in)) {
    sockaddr_in v4{};
    std::memcpy(&v4, address, sizeof v4);
    return mapped(&v4.sin_addr);
  }
  if (address->sa_family == AF_INET6 && size >= sizeof(sockaddr_in6)) {
    sockaddr_in6 v6{};
    std::memcpy(&v6, address, sizeof v6);
    ip_address out{};
    std::memcpy(out.data(), &v6.sin6_addr, out.size());
    return out;
  }
  return {};
}

} // namespace

bool is_private(const ip_address& address) {
  static const auto v4 = network("::ffff:0:0/96");
  // NAT64 (RFC 6052): how a machine without IPv4 reaches the Internet's IPv4 addresses. The block for local
  // use (RFC 8215) is closed with the rest.
  static const auto nat64 = network("64:ff9b::/96");
  if (v4.contains(address)) return is_private_v4(address);
  if (nat64.contains(address)) return is_private_v4(mapped(address.data() + v4_begin));
  return is_private_v6(address);
}

bool is_private(const sockaddr* address, socklen_t size) {
  const auto known = address_of(address, size);
  return !known || is_private(*known);
}

std::string address_text(const sockaddr* address, socklen_t size) {
  const auto known = address_of(address, size);
  char text[INET6_ADDRSTRLEN] = "?";
  if (known && address->sa_family == AF_INET) inet_ntop(AF_INET, known->data() + v4_begin, text, sizeof text);
  if (known && address->sa_family == AF_INET6) inet_ntop(AF_INET6, known->data(), text, sizeof text);
  return text;
}

} // namespace hongyan::webhooks
