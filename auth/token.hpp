/// User tokens: JWT (RFC 7519) signed by HS256, EdDSA (Ed25519) or ES256. Pure: bytes, keys and time are
/// given.
///
/// The algorithm belongs to the key, never to the token (RFC 8725 section 3.1). Of the packages that Debian
/// 12 has, libjwt 1.10 and cpp-jwt 1.4, neither knows EdDSA; what is left to do over OpenSSL is this file.
#pragma once

#include "core/chat/user_id.hpp"
#include "core/errors.hpp"
#include "core/tools/wall_time.hpp"

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

struct evp_pkey_st;

namespace hongyan::auth {

/// Contract, section 4: what POST /v1/tokens may ask for, and by default does. A token that lives longer is
/// refused.
inline constexpr std::chrono::seconds token_life_max{2'592'000};
inline constexpr std::chrono::seconds token_life{86'400};
/// Contract, section 4: by how much the clock of another signer may be off. Our own tokens get none.
inline constexpr std::chrono::seconds clock_leeway{60};
/// A longer one is refused unread.
inline constexpr std::size_t token_bytes_max = 4096;
/// RFC 7518 section 3.2: as long as the hash, at least.
inline constexpr std::size_t secret_bytes_min = 32;

/// What a token says.
struct claims {
  user_id user;
  std::string device{}; ///< empty: none
  wall_time expires_at;
  /// When it was made, in microseconds since 1970; nothing: it does not say. mint() takes its own.
  std::optional<std::int64_t> issued_us{};
};

/// What a token is refused with, whatever is wrong with it.
error refused_token();

/// The system's clock, in microseconds since 1970.
std::int64_t now_us();

/// A public key that verifies tokens signed elsewhere.
struct public_key {
  enum class algorithm : std::uint8_t { eddsa, es256 };
  std::string id; ///< its `kid`
  algorithm signs;
  std::shared_ptr<evp_pkey_st> key;
};

/// Whose tokens are good.
struct token_keys {
  std::string secret{}; ///< HS256; empty: none
  std::vector<public_key> others{};
};

/// A token signed with `keys.secret`, which must not be empty. Its `iat` has a fraction (RFC 7519 allows it):
/// of one user's tokens and revocations of the same second it must be known which was first, on every node.
std::string mint(const claims& what, const token_keys& keys, std::int64_t now_us);
std::string mint(const claims& what, const token_keys& keys, wall_time now);

/// What the token says, when it is good now. Errors: unauthorized, in the same words whatever is wrong with
/// it.
result<claims> verify(std::string_view token, const token_keys& keys, wall_time now);

/// The public key of an Ed25519 (`x`, 32 bytes) or P-256 point (`x`, `y`); null when the bytes are none.
std::shared_ptr<evp_pkey_st> ed25519_key(std::string_view x);
std::shared_ptr<evp_pkey_st> p256_key(std::string_view x, std::string_view y);

} // namespace hongyan::auth
