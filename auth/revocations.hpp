/// Whose tokens are good no more: what this node knows of it. Thread-safe.
#pragma once

#include "auth/token.hpp"

#include <cstdint>
#include <mutex>
#include <unordered_map>

namespace hongyan::auth {

/// An older revocation revokes nothing: the tokens that it was about have expired (a token lives at most
/// token_life_max, and clocks may be off).
inline constexpr std::chrono::seconds revocation_life = token_life_max + 2 * clock_leeway;

/// One entry a revoked user, about 100 bytes, until it is revocation_life old. Who adds them is an API key.
class revocations {
public:
  /// Tokens of the user that were issued at `at_us` or before, or do not say when, are revoked. False: that
  /// was known.
  bool note(const user_id& user, std::int64_t at_us);
  bool covers(const claims& token) const { return covers(token.user, token.issued_us); }
  bool covers(const user_id& user, const std::optional<std::int64_t>& issued_us) const;
  /// Drops what is older than revocation_life.
  void forget_old(std::int64_t now_us);
  std::size_t size() const;

private:
  mutable std::mutex mutex_;
  std::unordered_map<user_id, std::int64_t> at_us_;
};

} // namespace hongyan::auth
