#include "auth/file_link.hpp"

#include "auth/base64url.hpp"

#include <charconv>
#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <openssl/hmac.h>

namespace hongyan::auth {

namespace {

/// No id and no number has a line feed in it: a text stands for one link.
std::string signature_of(std::string_view key, std::string_view file, std::string_view user,
                         std::string_view expires) {
  std::string text = "file\n";
  text.append(file).append("\n").append(user).append("\n").append(expires);
  unsigned char mac[EVP_MAX_MD_SIZE];
  unsigned size = 0;
  HMAC(EVP_sha256(), key.data(), static_cast<int>(key.size()),
       reinterpret_cast<const unsigned char*>(text.data()), text.size(), mac, &size);
  return base64url({reinterpret_cast<const char*>(mac), size});
}

} // namespace

std::string sign_file_link(std::string_view key, std::string_view file, const std::optional<user_id>& user,
                           std::chrono::sys_seconds until) {
  const auto expires = std::to_string(until.time_since_epoch().count());
  const std::string name = user ? user->text() : "";
  std::string query = "user=";
  // Of an id's characters one means something in a query: none does, but ':' and '@' are written out for
  // whoever checks more than they must.
  for (const char c : name) {
    if (c == ':')
      query += "%3A";
    else if (c == '@')
      query += "%40";
    else
      query += c;
  }
  query.append("&expires=").append(expires);
  return query.append("&signature=").append(signature_of(key, file, name, expires));
}

bool is_good_link(std::string_view key, std::string_view file, const file_link& link,
                  std::chrono::sys_seconds now) {
  std::int64_t expires = 0;
  const auto [end, ec] =
      std::from_chars(link.expires.data(), link.expires.data() + link.expires.size(), expires);
  if (key.empty() || ec != std::errc() || end != link.expires.data() + link.expires.size()) return false;
  const auto good = signature_of(key, file, link.user, link.expires);
  return good.size() == link.signature.size() &&
         CRYPTO_memcmp(good.data(), link.signature.data(), good.size()) == 0 &&
         now.time_since_epoch().count() < expires;
}

} // namespace hongyan::auth
