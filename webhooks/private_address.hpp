/// Which addresses a server must not be made to call by somebody who names a host: what is reached from here
/// and not from the Internet. Pure.
///
/// https://www.iana.org/assignments/iana-ipv4-special-registry, …/iana-ipv6-special-registry
#pragma once

#include "core/wire/network.hpp"

#include <string>
#include <sys/socket.h>

namespace hongyan::webhooks {

/// True unless the address is one of the Internet's: also for what is reserved, and for IPv6 addresses whose
/// IPv4 address is not one of the Internet's.
bool is_private(const ip_address& address);

/// The same of a socket's address, of which `size` bytes are there. True for what is neither IPv4 nor IPv6.
bool is_private(const sockaddr* address, socklen_t size);

/// An address for people, without its port; "?" for what is neither IPv4 nor IPv6.
std::string address_text(const sockaddr* address, socklen_t size);

} // namespace hongyan::webhooks
