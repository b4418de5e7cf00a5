#include "files/sigv4.hpp"

#include "core/tools/ascii.hpp"

#include <algorithm>
#include <array>
#include <cstdio>
#include <openssl/evp.h>
#include <openssl/hmac.h>
#include <openssl/sha.h>

namespace hongyan::files {

namespace {

std::string hmac(std::string_view key, std::string_view text) {
  std::array<unsigned char, SHA256_DIGEST_LENGTH> mac{};
  unsigned size = 0;
  HMAC(EVP_sha256(), key.data(), static_cast<int>(key.size()),
       reinterpret_cast<const unsigned char*>(text.data()), text.size(), mac.data(), &size);
  return {reinterpret_cast<const char*>(mac.data()), size};
}

std::string sha256(std::string_view text) {
  std::array<unsigned char, SHA256_DIGEST_LENGTH> digest{};
  SHA256(reinterpret_cast<const unsigned char*>(text.data()), text.size(), digest.data());
  return {reinterpret_cast<const char*>(digest.data()), digest.size()};
}

/// 20130524T000000Z
std::string iso_time(std::chrono::sys_seconds time) {
  const auto day = std::chrono::floor<std::chrono::days>(time);
  const std::chrono::year_month_day date(day);
  const std::chrono::hh_mm_ss of_day(time - day);
  std::array<char, 32> text{};
  std::snprintf(text.data(), text.size(), "%04d%02u%02uT%02d%02d%02dZ", static_cast<int>(date.year()),
                static_cast<unsigned>(date.month()), static_cast<unsigned>(date.day()),
                static_cast<int>(of_day.hours().count()), static_cast<int>(of_day.minutes().count()),
                static_cast<int>(of_day.seconds().count()));
  return text.data();
}

} // namespace

std::string url_encoded(std::string_view text) {
  constexpr std::string_view unreserved =
      "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_.~";
  constexpr std::string_view digits = "0123456789ABCDEF";
  std::string out;
  for (const char c : text) {
    if (unreserved.find(c) != std::string_view::npos) {
      out += c;
      continue;
    }
    const auto byte = static_cast<unsigned char>(c);
    out += '%';
    out += digits[byte >> 4];
    out += digits[byte & 15];
  }
  return out;
}

std::string presigned_query(const s3_key& key, const presign_wish& wish) {
  const auto time = iso_time(wish.now);
  const auto day = time.substr(0, 8);
  const auto scope = day + '/' + std::string(wish.region) + "/s3/aws4_request";
  auto parameters = wish.more;
  parameters.emplace_back("X-Amz-Algorithm", "AWS4-HMAC-SHA256");
  parameters.emplace_back("X-Amz-Credential", key.id + '/' + scope);
  parameters.emplace_back("X-Amz-Date", time);
  parameters.emplace_back("X-Amz-Expires", std::to_string(wish.good_for.count()));
  parameters.emplace_back("X-Amz-SignedHeaders", "host");
  std::ranges::sort(parameters);
  std::string query;
  for (const auto& [name, value] : parameters) {
    if (!query.empty()) query += '&';
    query.append(url_encoded(name)).append("=").append(url_encoded(value));
  }

  std::string request = "GET\n";
  request.append(wish.path).append("\n").append(query).append("\nhost:").append(wish.host);
  request.append("\n\nhost\nUNSIGNED-PAYLOAD");
  const auto text = "AWS4-HMAC-SHA256\n" + time + '\n' + scope + '\n' + hexadecimal(sha256(request));
  auto signing = hmac("AWS4" + key.secret, day);
  for (const std::string_view step : {wish.region, std::string_view("s3"), std::string_view("aws4_request")})
    signing = hmac(signing, step);
  return query + "&X-Amz-Signature=" + hexadecimal(hmac(signing, text));
}

} // namespace hongyan::files
