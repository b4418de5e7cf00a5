#include "auth/token.hpp"

#include "auth/base64url.hpp"
#include "auth/key_files.hpp"
#include "core/wire/json.hpp"
#include "tests/fuzz/targets.hpp"

#include <array>
#include <memory>
#include <openssl/evp.h>
#include <openssl/hmac.h>

namespace hongyan::fuzz {

namespace {

using namespace std::chrono_literals;

const wall_time now{1'800'000'000'000ms};

const unsigned char* bytes(std::string_view text) {
  return reinterpret_cast<const unsigned char*>(text.data()); // NOLINT: OpenSSL's chars are unsigned
}

/// Keys of the RFCs: 8037 appendix A.2 and 7515 appendix A.3.
const auth::token_keys& keys() {
  static const auth::token_keys all{.secret = std::string(32, 's'), .others = *auth::parse_jwks(R"({"keys":[
    {"kty":"OKP","crv":"Ed25519","kid":"e","x":"11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo"},
    {"kty":"EC","crv":"P-256","kid":"p","x":"f83OJ3D2xF1Bg8vub9tLe1gHMzV76e8Tus9uPHvRVEU",
     "y":"x_FEzRu9m36HLN_tue659LNpXW6pCyStikYjKIWI5a0"}]})")};
  return all;
}

std::string hmac(std::string_view text) {
  std::array<unsigned char, 32> out{};
  HMAC(EVP_sha256(), keys().secret.data(), static_cast<int>(keys().secret.size()), bytes(text), text.size(),
       out.data(), nullptr);
  return {out.begin(), out.end()};
}

std::string edwards(std::string_view text) {
  static const auto seed = *auth::from_base64url("nWGxne_9WmC6hEr0kuwsxERJxWl7MmkZcDusAxyuf2A");
  const std::unique_ptr<EVP_PKEY, decltype(&EVP_PKEY_free)> key(
      EVP_PKEY_new_raw_private_key(EVP_PKEY_ED25519, nullptr, bytes(seed), seed.size()), EVP_PKEY_free);
  const std::unique_ptr<EVP_MD_CTX, decltype(&EVP_MD_CTX_free)> context(EVP_MD_CTX_new(), EVP_MD_CTX_free);
  std::array<unsigned char, 64> out{};
  std::size_t size = out.size();
  EVP_DigestSignInit(context.get(), nullptr, nullptr, nullptr, key.get());
  EVP_DigestSign(context.get(), out.data(), &size, bytes(text), text.size());
  return {out.begin(), out.end()};
}

/// What `algorithm` signed: good only by that, and for as long as a token may be.
void look_at(const std::string& token, std::string_view header, std::string_view algorithm) {
  const auto said = auth::verify(token, keys(), now);
  if (!said) {
    demand(said.error().code == errc::unauthorized &&
               said.error().detail == auth::verify("", keys(), now).error().detail,
           "a token refused in words of its own");
    return;
  }
  demand(user_id::parse(said->user.text()).has_value(), "a token of nobody");
  demand(said->device.empty() || user_id::parse(said->device).has_value(), "a device that is none");
  demand(said->expires_at > now && said->expires_at <= now + auth::token_life_max + auth::clock_leeway,
         "a token whose time is over, or never is");
  const auto read = parse_json(header);
  const auto* fields = read ? read->if_object() : nullptr;
  const auto* named = fields == nullptr ? nullptr : text_of(*fields, "alg");
  demand(named != nullptr && *named == algorithm, "another algorithm's token");
  demand(fields->contains("kid") == (algorithm != "HS256"), "another key's token");
}

} // namespace

void token(std::string_view input) {
  static const auto good =
      auth::mint({.user = *user_id::parse("ann"), .device = "phone", .expires_at = now + 60s}, keys(), now);
  demand(auth::verify(good, keys(), now).has_value(), "the good token is refused");

  const auto all = input;
  const auto how = take_line(input);
  const auto header = take_line(input);
  const bool as_is = how == "as is";
  const auto payload = as_is ? take_line(input) : input;
  const auto text = auth::base64url(header) + '.' + auth::base64url(payload);
  if (how == "hs256") return look_at(text + '.' + auth::base64url(hmac(text)), header, "HS256");
  if (how == "eddsa") return look_at(text + '.' + auth::base64url(edwards(text)), header, "EdDSA");
  const auto given = as_is ? text + '.' + auth::base64url(input) : std::string(all);
  demand(given == good || auth::verify(given, keys(), now).has_error(), "a token that nobody signed is good");
}

} // namespace hongyan::fuzz
