#include "auth/token.hpp"

#include "auth/base64url.hpp"
#include "core/wire/json.hpp"

#include <openssl/core_names.h>
#include <openssl/crypto.h>
#include <openssl/ecdsa.h>
#include <openssl/evp.h>
#include <openssl/hmac.h>
#include <openssl/param_build.h>

#include <algorithm>
#include <array>
#include <cmath>

namespace hongyan::auth {

namespace {

namespace json = boost::json;

/// The year 9999: what is later is no time of a token.
constexpr double seconds_readable = 253'402'300'799.0;

/// OpenSSL's objects by their own functions.
template <auto free>
struct freed {
  template <class T>
  void operator()(T* object) const {
    free(object);
  }
};
template <class T, auto free>
using owned = std::unique_ptr<T, freed<free>>;
using signature_ptr = owned<ECDSA_SIG, ECDSA_SIG_free>;

const unsigned char* bytes(std::string_view text) {
  return reinterpret_cast<const unsigned char*>(text.data()); // NOLINT: OpenSSL's chars are unsigned
}

/// The three parts of header.payload.signature, and what is signed.
struct parts {
  std::string_view signed_text;
  std::string header;
  std::string payload;
  std::string signature;
};

std::optional<parts> split(std::string_view token) {
  if (token.size() > token_bytes_max) return {};
  const auto first = token.find('.');
  const auto last = token.rfind('.');
  if (first == std::string_view::npos || first == last || token.find('.', first + 1) != last) return {};
  auto header = from_base64url(token.substr(0, first));
  auto payload = from_base64url(token.substr(first + 1, last - first - 1));
  auto signature = from_base64url(token.substr(last + 1));
  if (!header || !payload || !signature) return {};
  return parts{token.substr(0, last), std::move(*header), std::move(*payload), std::move(*signature)};
}

std::optional<json::object> read_object(const std::string& text) {
  auto value = parse_json(text);
  if (!value || !value->is_object()) return {};
  return std::move(value->get_object());
}

std::string hmac(std::string_view secret, std::string_view text) {
  std::array<unsigned char, EVP_MAX_MD_SIZE> out{};
  unsigned size = 0;
  HMAC(EVP_sha256(), secret.data(), static_cast<int>(secret.size()), bytes(text), text.size(), out.data(),
       &size);
  return {out.begin(), out.begin() + size};
}

/// ES256 signs r and s, 32 bytes each (RFC 7518 section 3.4); OpenSSL wants them in DER.
std::string to_der(std::string_view signature) {
  if (signature.size() != 64) return {};
  const signature_ptr both(ECDSA_SIG_new());
  ECDSA_SIG_set0(both.get(), BN_bin2bn(bytes(signature), 32, nullptr),
                 BN_bin2bn(bytes(signature) + 32, 32, nullptr));
  unsigned char* der = nullptr;
  const int size = i2d_ECDSA_SIG(both.get(), &der);
  std::string out(der, der + std::max(size, 0));
  OPENSSL_free(der);
  return out;
}

bool is_signed_by(const public_key& key, std::string_view text, std::string_view signature) {
  const bool edwards = key.signs == public_key::algorithm::eddsa;
  const std::string der = edwards ? std::string(signature) : to_der(signature);
  const owned<EVP_MD_CTX, EVP_MD_CTX_free> context(EVP_MD_CTX_new());
  return !der.empty() &&
         EVP_DigestVerifyInit(context.get(), nullptr, edwards ? nullptr : EVP_sha256(), nullptr,
                              key.key.get()) == 1 &&
         EVP_DigestVerify(context.get(), bytes(der), der.size(), bytes(text), text.size()) == 1;
}

/// By whom a token says it is signed, and by whom it is.
enum class signer : std::uint8_t { nobody, us, another };

signer signer_of(const parts& token, const token_keys& keys) {
  const auto header = read_object(token.header);
  if (!header) return signer::nobody;
  // A key that comes with the token proves nothing, and an extension that we do not know must be refused
  // (RFC 7515 section 4.1.11). The parser would take the last of two `alg`.
  for (const char* refused : {"jwk", "jku", "x5u", "x5c", "crit"})
    if (header->contains(refused)) return signer::nobody;
  const auto first = token.header.find("\"alg\"");
  if (first == std::string::npos || token.header.find("\"alg\"", first + 1) != std::string::npos)
    return signer::nobody;
  const auto* algorithm = text_of(*header, "alg");
  if (algorithm == nullptr) return signer::nobody;

  if (!header->contains("kid") && *algorithm == "HS256" && !keys.secret.empty()) {
    const auto expected = hmac(keys.secret, token.signed_text);
    const bool same = expected.size() == token.signature.size() &&
                      CRYPTO_memcmp(expected.data(), token.signature.data(), expected.size()) == 0;
    return same ? signer::us : signer::nobody;
  }
  const auto* id = text_of(*header, "kid");
  const auto key =
      std::ranges::find_if(keys.others, [&](const public_key& k) { return id != nullptr && k.id == *id; });
  if (key == keys.others.end()) return signer::nobody;
  const char* its = key->signs == public_key::algorithm::eddsa ? "EdDSA" : "ES256";
  if (*algorithm != its || !is_signed_by(*key, token.signed_text, token.signature)) return signer::nobody;
  return signer::another;
}

/// A time of the token, in whole seconds. Nothing: it is not there, or no such number.
std::optional<std::int64_t> seconds_of(const json::object& payload, std::string_view name) {
  const auto* value = payload.if_contains(name);
  const auto* number = value == nullptr ? nullptr : value->if_int64();
  if (number == nullptr || *number < 0) return {};
  return *number;
}

std::optional<claims> read_claims(const json::object& payload, std::chrono::seconds leeway, wall_time now) {
  const auto clock = std::chrono::floor<std::chrono::seconds>(now).time_since_epoch().count();
  const auto expires = seconds_of(payload, "exp");
  if (!expires || *expires <= clock - leeway.count()) return {};
  if (*expires > clock + (token_life_max + clock_leeway).count()) return {};
  if (payload.contains("nbf")) {
    const auto begins = seconds_of(payload, "nbf");
    if (!begins || *begins > clock + leeway.count()) return {};
  }
  const auto* subject = text_of(payload, "sub");
  if (subject == nullptr) return {};
  auto user = user_id::parse(*subject);
  if (!user) return {};
  std::string device;
  if (payload.contains("device")) {
    const auto* given = text_of(payload, "device");
    if (given == nullptr || !user_id::parse(*given)) return {};
    device = std::string(*given);
  }
  // Most signers give whole seconds. One that cannot be read is as none: no reason to refuse the token.
  std::optional<std::int64_t> issued;
  if (const auto* value = payload.if_contains("iat"); value != nullptr && value->is_number()) {
    const auto given = value->to_number<double>();
    if (given >= 0 && given <= seconds_readable) issued = std::llround(given * 1e6);
  }
  // The leeway is for getting in. Who is in with it has it, all others end when their token says.
  const auto end = std::chrono::seconds(*expires) + (*expires <= clock ? leeway : std::chrono::seconds(0));
  return claims{std::move(*user), std::move(device), wall_time(end), issued};
}

std::shared_ptr<evp_pkey_st> shared(EVP_PKEY* key) {
  return key == nullptr ? nullptr : std::shared_ptr<evp_pkey_st>(key, EVP_PKEY_free);
}

} // namespace

error refused_token() { return {errc::unauthorized, "the token is not valid, or no more: get a new one"}; }

std::int64_t now_us() {
  return std::chrono::duration_cast<std::chrono::microseconds>(
             std::chrono::system_clock::now().time_since_epoch())
      .count();
}

std::string mint(const claims& what, const token_keys& keys, wall_time now) {
  return mint(what, keys, std::chrono::microseconds(now.time_since_epoch()).count());
}

std::string mint(const claims& what, const token_keys& keys, std::int64_t now_us) {
  // By hand: the library would write the fraction in scientific notation.
  std::string text = R"({"sub":)";
  append_json_string(text, what.user.text());
  auto fraction = std::to_string(now_us % 1'000'000);
  fraction.insert(0, 6 - fraction.size(), '0');
  text += R"(,"iat":)" + std::to_string(now_us / 1'000'000) + '.' + fraction;
  text +=
      R"(,"exp":)" +
      std::to_string(std::chrono::floor<std::chrono::seconds>(what.expires_at).time_since_epoch().count());
  if (!what.device.empty()) {
    text += R"(,"device":)";
    append_json_string(text, what.device);
  }
  text += '}';
  std::string token = base64url(R"({"alg":"HS256","typ":"JWT"})") + '.' + base64url(text);
  token += '.' + base64url(hmac(keys.secret, token));
  return token;
}

result<claims> verify(std::string_view token, const token_keys& keys, wall_time now) {
  const error refused = refused_token();
  const auto found = split(token);
  if (!found) return refused;
  const auto by = signer_of(*found, keys);
  if (by == signer::nobody) return refused;
  const auto payload = read_object(found->payload);
  if (!payload) return refused;
  auto read = read_claims(*payload, by == signer::us ? std::chrono::seconds(0) : clock_leeway, now);
  if (!read) return refused;
  return std::move(*read);
}

std::shared_ptr<evp_pkey_st> ed25519_key(std::string_view x) {
  if (x.size() != 32) return nullptr;
  return shared(EVP_PKEY_new_raw_public_key(EVP_PKEY_ED25519, nullptr, bytes(x), x.size()));
}

std::shared_ptr<evp_pkey_st> p256_key(std::string_view x, std::string_view y) {
  if (x.size() != 32 || y.size() != 32) return nullptr;
  std::string point = "\x04"; // uncompressed (SEC 1, section 2.3.3)
  point += x;
  point += y;
  const owned<OSSL_PARAM_BLD, OSSL_PARAM_BLD_free> build(OSSL_PARAM_BLD_new());
  OSSL_PARAM_BLD_push_utf8_string(build.get(), OSSL_PKEY_PARAM_GROUP_NAME, "prime256v1", 0);
  OSSL_PARAM_BLD_push_octet_string(build.get(), OSSL_PKEY_PARAM_PUB_KEY, point.data(), point.size());
  const owned<OSSL_PARAM, OSSL_PARAM_free> parameters(OSSL_PARAM_BLD_to_param(build.get()));
  const owned<EVP_PKEY_CTX, EVP_PKEY_CTX_free> context(EVP_PKEY_CTX_new_from_name(nullptr, "EC", nullptr));
  EVP_PKEY* key = nullptr;
  if (EVP_PKEY_fromdata_init(context.get()) != 1 ||
      EVP_PKEY_fromdata(context.get(), &key, EVP_PKEY_PUBLIC_KEY, parameters.get()) != 1)
    return nullptr;
  return shared(key);
}

} // namespace hongyan::auth
