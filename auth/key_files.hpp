/// The keys that the operator gave: whose tokens are good, and which API keys. Read at start and at SIGHUP.
#pragma once

#include "auth/caller.hpp"
#include "auth/revocations.hpp"

#include <string>
#include <string_view>
#include <vector>

namespace hongyan::auth {

/// Paths; empty: none.
struct key_files {
  std::string secret;                  ///< --auth-secret-file
  std::string keys;                    ///< --auth-keys
  std::string api_keys;                ///< --api-key-file
  std::string wechat_secret{};         ///< wechat.secret_file
  std::string wechat_callback_token{}; ///< wechat.callback_token_file
  std::string wechat_aes_key{};        ///< wechat.aes_key_file
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
  std::string wechat_secret{};          ///< the mini-program's AppSecret
  std::string wechat_callback_token{};  ///< what WeChat signs its calls with; empty: it calls nobody
  std::string wechat_aes_key{};         ///< the EncodingAESKey's 32 bytes; empty: it calls in the clear
  bool asks = false;                    ///< --auth token; else everybody is let in as whoever they say
  const revocations* revoked = nullptr; ///< whose tokens are good no more; null: nobody's. Outlives the ring

  /// Null: none of ours. Takes the same time whatever is wrong with it.
  const api_key* find(std::string_view key) const;
};

/// Reads the files that are named. Errors: malformed; the text names the option, the file, what is wrong and
/// what is accepted, and never a secret.
result<key_ring> read_keys(const key_files& files);

/// The text of a key file; `option` is what named it. Errors: as of read_keys().
result<std::string> read_key_file(const std::string& option, const std::string& path);

/// Those of these files that other users of the machine may read or write; files that are not there are not
/// among them.
std::vector<std::string> open_to_others(const std::vector<std::string>& paths);

/// The texts of the files.
result<std::string> parse_secret(std::string_view text);
result<std::vector<public_key>> parse_jwks(std::string_view text);
result<std::vector<api_key>> parse_api_keys(std::string_view text);
/// The first key in such a text that has that scope. Errors: malformed: none has.
result<std::string> find_api_key(std::string_view text, scope needed);
result<std::string> parse_wechat_secret(std::string_view text);
result<std::string> parse_wechat_token(std::string_view text);
/// The 32 bytes that its 43 characters stand for.
result<std::string> parse_wechat_aes_key(std::string_view text);

/// What a user's token says, when it is good now and was not revoked. Errors: unauthorized, in the same words
/// whatever is wrong with it.
result<claims> verify(std::string_view token, const key_ring& ring, wall_time now);

/// Who it is by what they brought: an Authorization header (empty: none), or else a user's token from
/// elsewhere (empty: none). Errors: unauthorized: what they brought is not good.
result<caller> identify(std::string_view authorization, std::string_view token, const key_ring& ring,
                        wall_time now);

} // namespace hongyan::auth
