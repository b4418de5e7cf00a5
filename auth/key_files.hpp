/// The keys that the operator gave: whose tokens are good, and which API keys. Read at start and at SIGHUP.
#pragma once

#include "auth/caller.hpp"

#include <memory>
#include <mutex>
#include <string>
#include <string_view>
#include <vector>

namespace hongyan::auth {

/// Paths; empty: none.
struct key_files {
  std::string secret;   ///< --auth-secret-file
  std::string keys;     ///< --auth-keys
  std::string api_keys; ///< --api-key-file
  auto operator<=>(const key_files&) const = default;
};

/// An API key; only its hash is kept.
struct api_key {
  std::string name{}; ///< for the log; empty: it has none
  std::uint8_t scopes = 0;
  std::string sha256{};
};

/// All keys at one time.
struct key_ring {
  token_keys tokens{};
  std::vector<api_key> api_keys{};
  bool asks = false; ///< --auth token; else everybody is let in as whoever they say

  /// Null: none of ours. Takes the same time whatever is wrong with it.
  const api_key* find(std::string_view key) const;
};
using key_ring_ptr = std::shared_ptr<const key_ring>;

/// Reads the files that are named. Errors: malformed; the text names the option, the file, what is wrong and
/// what is accepted, and never a secret.
result<key_ring> read_keys(const key_files& files);

/// The texts of the three files.
result<std::string> parse_secret(std::string_view text);
result<std::vector<public_key>> parse_jwks(std::string_view text);
result<std::vector<api_key>> parse_api_keys(std::string_view text);

/// The keys of now, which SIGHUP exchanges. Thread-safe.
class current_keys {
public:
  explicit current_keys(key_ring ring) : ring_(std::make_shared<const key_ring>(std::move(ring))) {}

  key_ring_ptr get() const {
    const std::lock_guard lock(mutex_);
    return ring_;
  }
  void set(key_ring ring) {
    auto fresh = std::make_shared<const key_ring>(std::move(ring));
    const std::lock_guard lock(mutex_);
    ring_ = std::move(fresh);
  }

private:
  mutable std::mutex mutex_;
  key_ring_ptr ring_;
};

/// Who it is by what they brought: an Authorization header (empty: none), or else a user's token from
/// elsewhere (empty: none). Errors: unauthorized: what they brought is not good.
result<caller> identify(std::string_view authorization, std::string_view token, const key_ring& ring,
                        wall_time now);

} // namespace hongyan::auth
