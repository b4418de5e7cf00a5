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

/// Who really asks: the peer, unless it is one of the `proxies`; then the last in `forwarded_for` (the header
/// X-Forwarded-For, to which each proxy appends its peer) who is none of them. Others' words are not
/// believed.
std::string client_address(const std::string& peer, std::string_view forwarded_for,
                           const std::vector<ip_network>& proxies);

} // namespace hongyan
