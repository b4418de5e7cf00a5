#include "core/wire/network.hpp"

#include "core/tools/ascii.hpp"

#include <arpa/inet.h>

#include <algorithm>
#include <charconv>

namespace hongyan {

namespace {

constexpr std::size_t v4_begin = 12;

/// Bytes of what one subscriber has of IPv6.
constexpr std::size_t v6_subscriber_bytes = 8;

} // namespace

std::optional<ip_address> parse_address(std::string_view text) {
  const std::string terminated(text);
  ip_address out{};
  if (inet_pton(AF_INET6, terminated.c_str(), out.data()) == 1) return out;
  if (inet_pton(AF_INET, terminated.c_str(), out.data() + v4_begin) != 1) return {};
  out[v4_begin - 1] = out[v4_begin - 2] = 0xFF;
  return out;
}

bool ip_network::contains(const ip_address& a) const {
  const std::size_t whole = prefix / 8;
  if (!std::equal(first.begin(), first.begin() + static_cast<std::ptrdiff_t>(whole), a.begin())) return false;
  const unsigned rest = prefix % 8;
  return rest == 0 || (first[whole] ^ a[whole]) >> (8 - rest) == 0;
}

std::optional<ip_network> parse_network(std::string_view text) {
  const auto slash = text.find('/');
  const auto address = text.substr(0, slash);
  const auto first = parse_address(address);
  if (!first) return {};
  const unsigned before = address.find(':') == std::string_view::npos ? 96 : 0;
  ip_network network{*first, 128};
  if (slash != std::string_view::npos) {
    const auto bits = text.substr(slash + 1);
    unsigned count = 0;
    const auto [end, ec] = std::from_chars(bits.data(), bits.data() + bits.size(), count);
    if (ec != std::errc() || end != bits.data() + bits.size() || count > 128 - before) return {};
    network.prefix = before + count;
  }
  for (unsigned bit = network.prefix; bit < 128; ++bit)
    if ((network.first[bit / 8] >> (7 - bit % 8) & 1) != 0) return {};
  return network;
}

bool is_proxy(const std::string& address, const std::vector<ip_network>& proxies) {
  const auto parsed = parse_address(address);
  return parsed && std::ranges::any_of(proxies, [&](const ip_network& n) { return n.contains(*parsed); });
}

std::string address_key(std::string_view address) {
  auto parsed = parse_address(address.substr(0, address.find('%')));
  if (!parsed) return std::string(address);
  char text[INET6_ADDRSTRLEN];
  static constexpr ip_address mapped{0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xFF, 0xFF};
  if (std::equal(mapped.begin(), mapped.begin() + v4_begin, parsed->begin()))
    return inet_ntop(AF_INET, parsed->data() + v4_begin, text, sizeof text);
  std::fill(parsed->begin() + v6_subscriber_bytes, parsed->end(), 0);
  return std::string(inet_ntop(AF_INET6, parsed->data(), text, sizeof text)) + "/64";
}

std::string client_address(const std::string& peer, std::string_view forwarded_for,
                           const std::vector<ip_network>& proxies) {
  std::string known = peer;
  while (!forwarded_for.empty() && is_proxy(known, proxies)) {
    const auto comma = forwarded_for.rfind(',');
    const auto before =
        trimmed(comma == std::string_view::npos ? forwarded_for : forwarded_for.substr(comma + 1));
    forwarded_for = comma == std::string_view::npos ? std::string_view() : forwarded_for.substr(0, comma);
    if (!parse_address(before)) break; // whoever wrote that, it is nobody's address
    known = before;
  }
  return known;
}

} // namespace hongyan
