#include "auth/key_files.hpp"

#include "auth/wechat.hpp"
#include "tests/fuzz/targets.hpp"
#include "webhooks/signature.hpp"

#include <algorithm>

namespace hongyan::fuzz {

namespace {

/// What is not accepted is said in one line.
template <class T>
bool accepted(const result<T>& parsed) {
  if (parsed) return true;
  const auto& detail = parsed.error().detail;
  demand(parsed.error().code == errc::malformed && !detail.empty() && detail.find('\n') == std::string::npos,
         "keys refused in no line or in several: " + detail);
  return false;
}

bool is_line(std::string_view text) { return text.find('\n') == std::string_view::npos; }

} // namespace

void key_files(std::string_view input) {
  if (const auto secret = auth::parse_secret(input); accepted(secret))
    demand(secret->size() >= auth::secret_bytes_min && is_line(*secret), "a secret that is none");
  if (const auto secret = auth::parse_wechat_secret(input); accepted(secret))
    demand(!secret->empty() && secret->find(' ') == std::string::npos && is_line(*secret),
           "an AppSecret that is none");
  if (const auto keys = auth::parse_jwks(input); accepted(keys)) {
    demand(!keys->empty(), "no key is accepted");
    for (const auto& key : *keys)
      demand(key.key != nullptr && std::ranges::count(*keys, key.id, &auth::public_key::id) == 1,
             "a key that is none, or two of one kid");
  }
  if (const auto keys = auth::parse_api_keys(input); accepted(keys)) {
    demand(!keys->empty(), "no key is accepted");
    for (const auto& key : *keys)
      demand(key.scopes >= 1 && key.scopes < 2 * static_cast<std::uint8_t>(auth::scope::owner) &&
                 key.sha256.size() == 32,
             "an API key that is none");
  }
  if (const auto secrets = webhooks::parse_secret_file(input); accepted(secrets))
    demand(!secrets->empty() && secrets->size() <= 2 &&
               std::ranges::all_of(*secrets,
                                   [](const webhooks::secret& s) {
                                     return s.bytes.size() >= webhooks::secret_bytes_min &&
                                            s.bytes.size() <= webhooks::secret_bytes_max;
                                   }),
           "a webhook's secret that is none");
  if (const auto openid = auth::parse_wechat_answer(200, input))
    demand(!openid->empty() && openid->size() <= 128 &&
               std::ranges::all_of(*openid, [](char c) { return c > ' ' && c < 0x7F; }),
           "an openid that is none");
}

} // namespace hongyan::fuzz
