#include "webhooks/signature.hpp"

#include "auth/base64url.hpp"

#include <openssl/evp.h>
#include <openssl/hmac.h>
#include <openssl/sha.h>

#include <algorithm>
#include <array>

namespace hongyan::webhooks {

namespace {

constexpr std::string_view prefix = "whsec_";
constexpr const char* accepted =
    "; accepted: whsec_ and the Base64 of 24 to 64 bytes, such as of: echo whsec_$(openssl rand -base64 32)";

error bad(const std::string& what) { return {errc::malformed, what + accepted}; }

/// Base64 with `+`, `/` and padding; ours of auth/ has neither.
std::optional<std::string> from_base64(std::string_view text) {
  if (text.size() % 4 != 0) return {};
  for (int padding = 0; padding < 2 && text.ends_with('='); ++padding) text.remove_suffix(1);
  if (text.find_first_of("-_") != std::string_view::npos) return {};
  return auth::from_base64(text);
}

std::string to_base64(std::span<const unsigned char> bytes) {
  std::string text((bytes.size() + 2) / 3 * 4 + 1, '\0'); // EVP_EncodeBlock writes an end, too
  const int size = EVP_EncodeBlock(reinterpret_cast<unsigned char*>(text.data()), bytes.data(),
                                   static_cast<int>(bytes.size()));
  text.resize(static_cast<std::size_t>(size));
  return text;
}

} // namespace

result<secret> parse_secret(std::string_view text) {
  if (!text.starts_with(prefix)) return bad("the secret does not begin with whsec_");
  auto bytes = from_base64(text.substr(prefix.size()));
  if (!bytes) return bad("what follows whsec_ is no Base64");
  if (bytes->size() < secret_bytes_min || bytes->size() > secret_bytes_max)
    return bad("the secret has " + std::to_string(bytes->size()) + " bytes");
  return secret{*std::move(bytes)};
}

result<std::vector<secret>> parse_secret_file(std::string_view text) {
  std::vector<secret> secrets;
  for (std::size_t line = 1; !text.empty(); ++line) {
    const auto end = text.find('\n');
    auto one = text.substr(0, end);
    text.remove_prefix(end == std::string_view::npos ? text.size() : end + 1);
    if (one.ends_with('\r')) one.remove_suffix(1);
    if (one.empty()) continue;
    if (secrets.size() == 2)
      return error{errc::malformed, "there are more than two secrets; accepted: one, or two while rotating"};
    auto parsed = parse_secret(one);
    if (!parsed) return error{errc::malformed, "line " + std::to_string(line) + ": " + parsed.error().detail};
    secrets.push_back(*std::move(parsed));
  }
  if (secrets.empty()) return bad("there is no secret in it");
  return secrets;
}

std::string sign(std::span<const secret> secrets, std::string_view id, std::int64_t timestamp,
                 std::string_view body) {
  std::string content(id);
  content.append(".").append(std::to_string(timestamp)).append(".").append(body);
  std::string value;
  for (const auto& by : secrets) {
    std::array<unsigned char, SHA256_DIGEST_LENGTH> mac{};
    HMAC(EVP_sha256(), by.bytes.data(), static_cast<int>(by.bytes.size()),
         reinterpret_cast<const unsigned char*>(content.data()), content.size(), mac.data(), nullptr);
    value.append(value.empty() ? "" : " ").append("v1,").append(to_base64(mac));
  }
  return value;
}

post signed_post(std::string url, std::span<const secret> secrets, std::string id, wall_time now,
                 std::string body) {
  const auto at = std::chrono::duration_cast<std::chrono::seconds>(now.time_since_epoch()).count();
  std::string signature = sign(secrets, id, at, body);
  return {.url = std::move(url),
          .headers = {{"webhook-id", std::move(id)},
                      {"webhook-timestamp", std::to_string(at)},
                      {"webhook-signature", std::move(signature)}},
          .body = std::move(body)};
}

} // namespace hongyan::webhooks
