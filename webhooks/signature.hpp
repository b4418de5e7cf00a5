/// Signatures by Standard Webhooks 1.0: whoever has the endpoint's secret can tell that a call is ours, what
/// it said and when it was made. Pure.
///
/// https://github.com/standard-webhooks/standard-webhooks/blob/main/spec/standard-webhooks.md
#pragma once

#include "core/errors.hpp"
#include "core/tools/wall_time.hpp"
#include "webhooks/poster.hpp"

#include <cstdint>
#include <map>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace hongyan::webhooks {

/// The standard's bounds of a secret's bytes.
inline constexpr std::size_t secret_bytes_min = 24;
inline constexpr std::size_t secret_bytes_max = 64;

/// An endpoint's secret, as the bytes that it signs with.
struct secret {
  std::string bytes;
  bool operator==(const secret&) const = default;
};

/// What each webhook signs with, by its name.
using secrets_by_name = std::map<std::string, std::vector<secret>>;

/// Of `whsec_` and Base64 (RFC 4648 section 4, padded). Errors: malformed; the text says what is wrong and
/// what is accepted, and never the secret.
result<secret> parse_secret(std::string_view text);

/// Of the text of a secret file: a secret, or, while rotating, two in two lines, the new one first. Errors:
/// malformed, with the line.
result<std::vector<secret>> parse_secret_file(std::string_view text);

/// The value of the header webhook-signature: one `v1,…` a secret, in their order, with spaces between them.
/// `id` is the header webhook-id, `timestamp` the header webhook-timestamp (seconds since 1970, of this
/// attempt), `body` what is sent, byte by byte.
std::string sign(std::span<const secret> secrets, std::string_view id, std::int64_t timestamp,
                 std::string_view body);

/// A post of `body` as the standard wants it: with its id, the time of this attempt, and signed.
post signed_post(std::string url, std::span<const secret> secrets, std::string id, wall_time now,
                 std::string body);

} // namespace hongyan::webhooks
