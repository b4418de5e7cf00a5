/// Internet addresses and networks, IPv4 and IPv6 alike.
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace hongyan {

/// An address; IPv4 as ::ffff:a.b.c.d (RFC 4291 section 2.5.5.2).
using ip_address = std::array<std::uint8_t, 16>;

/// Nothing: the text is no address (a port or a zone is none of it).
std::optional<ip_address> parse_address(std::string_view text);

/// All addresses that begin alike.
struct ip_network {
  ip_address first{};
  unsigned prefix = 128; ///< so many bits

  bool contains(const ip_address& a) const;
};

/// ADDRESS or ADDRESS/BITS. Nothing: it is neither, or has bits behind its prefix.
std::optional<ip_network> parse_network(std::string_view text);

/// Whom an address stands for where something is limited by address: an IPv6 one for its whole /64, since
/// that is what one subscriber gets (RFC 6177), as `2001:db8:0:1::/64`; an IPv4 one for itself, also when it
/// is mapped into IPv6. The same for every spelling, with or without a zone. What is no address stands for
/// itself.
std::string address_key(std::string_view address);

/// Who really asks: the peer, unless it is one of the `proxies`; then the last in `forwarded_for` (the header
/// X-Forwarded-For, to which each proxy appends its peer) who is none of them. Others' words are not
/// believed.
std::string client_address(const std::string& peer, std::string_view forwarded_for,
                           const std::vector<ip_network>& proxies);

/// Whether the address is one of these proxies.
bool is_proxy(const std::string& address, const std::vector<ip_network>& proxies);

} // namespace hongyan
