#include "auth/key_files.hpp"

#include "auth/base64url.hpp"
#include "core/tools/ascii.hpp"
#include "core/wire/json.hpp"

#include <openssl/crypto.h>
#include <openssl/sha.h>

#include <algorithm>
#include <array>
#include <filesystem>
#include <fstream>
#include <sstream>

namespace hongyan::auth {

namespace {

namespace json = boost::json;

/// More is no file of keys.
constexpr std::size_t file_bytes_max = 1 << 20;
/// What our own documents use as an example must open nothing.
constexpr std::string_view sample = "replace-this-sample";

error bad(std::string detail) { return {errc::malformed, std::move(detail)}; }

std::string sha256(std::string_view text) {
  std::array<unsigned char, SHA256_DIGEST_LENGTH> out{};
  SHA256(reinterpret_cast<const unsigned char*>(text.data()), text.size(), out.data()); // NOLINT
  return {out.begin(), out.end()};
}

/// The text's lines, without their ends.
std::vector<std::string_view> lines_of(std::string_view text) {
  std::vector<std::string_view> lines;
  while (!text.empty()) {
    const auto end = text.find('\n');
    auto line = text.substr(0, end);
    text.remove_prefix(end == std::string_view::npos ? text.size() : end + 1);
    if (line.ends_with('\r')) line.remove_suffix(1);
    lines.push_back(line);
  }
  return lines;
}

std::vector<std::string_view> words_of(std::string_view line) {
  std::vector<std::string_view> words;
  for (;;) {
    const auto begin = line.find_first_not_of(" \t");
    if (begin == std::string_view::npos) return words;
    line.remove_prefix(begin);
    const auto end = line.find_first_of(" \t");
    words.push_back(line.substr(0, end));
    line.remove_prefix(end == std::string_view::npos ? line.size() : end);
  }
}

result<std::uint8_t> parse_scopes(std::string_view text) {
  std::uint8_t scopes = 0;
  for (;;) {
    const auto comma = text.find(',');
    const auto* named = find_scope(text.substr(0, comma));
    if (named == nullptr)
      return bad("the scopes are push, admin, metrics, observe and owner, with commas between them");
    scopes |= static_cast<std::uint8_t>(*named);
    if (comma == std::string_view::npos) return scopes;
    text.remove_prefix(comma + 1);
  }
}

/// A member in Base64; empty when it is none.
std::string bytes_of(const json::object& key, std::string_view member) {
  const auto* text = text_of(key, member);
  return text == nullptr ? std::string() : from_base64url(*text).value_or("");
}

result<public_key> parse_jwk(const json::value& value) {
  const auto* key = value.if_object();
  if (key == nullptr) return bad("it is not an object");
  if (key->contains("d") || key->contains("k"))
    return bad("it is a private or a secret key; put public keys here only");
  const auto* id = text_of(*key, "kid");
  if (id == nullptr || id->empty()) return bad("it has no kid");
  public_key out{.id = std::string(*id), .signs = {}, .key = nullptr};
  const auto is = [&](std::string_view type, std::string_view curve) {
    const auto *kty = text_of(*key, "kty"), *crv = text_of(*key, "crv");
    return kty != nullptr && *kty == type && crv != nullptr && *crv == curve;
  };
  if (is("OKP", "Ed25519")) {
    out.signs = public_key::algorithm::eddsa;
    out.key = ed25519_key(bytes_of(*key, "x"));
  } else if (is("EC", "P-256")) {
    out.signs = public_key::algorithm::es256;
    out.key = p256_key(bytes_of(*key, "x"), bytes_of(*key, "y"));
  } else {
    return bad("it is neither kty OKP with crv Ed25519 nor kty EC with crv P-256");
  }
  if (!out.key) return bad("its coordinates are no point of the curve");
  return out;
}

/// Reads the file of an option and what is in it.
template <class Parse>
auto read(const char* option, const std::string& path, Parse parse) -> decltype(parse(std::string_view())) {
  const auto text = read_key_file(option, path);
  if (!text) return text.error();
  auto parsed = parse(*text);
  if (!parsed) return bad(std::string(option) + " " + path + ": " + parsed.error().detail);
  return parsed;
}

} // namespace

const api_key* key_ring::find(std::string_view key) const {
  const auto hash = sha256(key);
  const api_key* found = nullptr;
  for (const auto& k : api_keys)
    if (CRYPTO_memcmp(k.sha256.data(), hash.data(), hash.size()) == 0) found = &k;
  return found;
}

result<std::string> read_key_file(const std::string& option, const std::string& path) {
  const auto where = option + " " + path + ": ";
  std::ifstream in(path, std::ios::binary);
  if (!in) return bad(where + "cannot be read; accepted: a file that this user may read");
  std::string text(file_bytes_max + 1, '\0');
  in.read(text.data(), static_cast<std::streamsize>(text.size()));
  if (in.bad() || in.gcount() == 0) return bad(where + "it is empty or cannot be read");
  text.resize(static_cast<std::size_t>(in.gcount()));
  if (text.size() > file_bytes_max) return bad(where + "it is over 1 MiB");
  return text;
}

result<std::string> parse_secret(std::string_view text) {
  const auto line = text.substr(0, text.find('\n'));
  if (line.size() < secret_bytes_min)
    return bad("the secret has " + std::to_string(line.size()) +
               " bytes; accepted: a first line of at least 32, such as of: openssl rand -base64 48");
  if (line.find(sample) != std::string_view::npos)
    return bad("this is the sample of the documents; make your own: openssl rand -base64 48");
  return std::string(line);
}

result<std::vector<public_key>> parse_jwks(std::string_view text) {
  const auto value = parse_json(text);
  if (!value) return bad("it is no JSON: " + value.error().detail);
  const auto* set = value->if_object();
  const auto* member = set == nullptr ? nullptr : set->if_contains("keys");
  const auto* list = member == nullptr ? nullptr : member->if_array();
  if (list == nullptr || list->empty())
    return bad("accepted: {\"keys\": [at least one public key]} (RFC 7517)");
  std::vector<public_key> keys;
  for (std::size_t i = 0; i < list->size(); ++i) {
    auto key = parse_jwk((*list)[i]);
    if (!key) return bad("key " + std::to_string(i + 1) + ": " + key.error().detail);
    if (std::ranges::find(keys, key->id, &public_key::id) != keys.end())
      return bad("two keys have the same kid");
    keys.push_back(*std::move(key));
  }
  return keys;
}

result<std::vector<api_key>> parse_api_keys(std::string_view text) {
  std::vector<api_key> keys;
  const auto lines = lines_of(text);
  for (std::size_t i = 0; i < lines.size(); ++i) {
    const auto words = words_of(lines[i]);
    if (words.empty()) continue;
    const auto where = "line " + std::to_string(i + 1) + ": ";
    if (words.size() != 1 && words.size() != 3) return bad(where + "accepted: KEY, or NAME SCOPES KEY");
    api_key key{.scopes = bare_key_scopes, .sha256 = sha256(words.back())};
    if (words.size() == 3) {
      const auto scopes = parse_scopes(words[1]);
      if (!scopes) return bad(where + scopes.error().detail);
      key.name = std::string(words[0]);
      key.scopes = *scopes;
    }
    if (words.back().find(sample) != std::string_view::npos)
      return bad(where + "this is the sample of the documents; make your own: openssl rand -hex 32");
    keys.push_back(std::move(key));
  }
  if (keys.empty()) return bad("there is no key in it; accepted: one a line: KEY, or NAME SCOPES KEY");
  return keys;
}

result<std::string> find_api_key(std::string_view text, scope needed) {
  for (const auto line : lines_of(text)) {
    const auto words = words_of(line);
    if (words.size() != 3) continue; // a bare key has none that is not everybody's
    const auto scopes = parse_scopes(words[1]);
    if (scopes && (*scopes & static_cast<std::uint8_t>(needed)) != 0) return std::string(words[2]);
  }
  return bad("no key in it has the scope " + std::string(name_of(needed)) +
             "; accepted: a line NAME SCOPES KEY with it");
}

std::vector<std::string> open_to_others(const std::vector<std::string>& paths) {
  using std::filesystem::perms;
  constexpr auto others = perms::group_all | perms::others_all;
  std::vector<std::string> found;
  for (const auto& path : paths) {
    std::error_code ec;
    const auto status = std::filesystem::status(path, ec);
    if (!ec && std::filesystem::exists(status) && (status.permissions() & others) != perms::none)
      found.push_back(path);
  }
  return found;
}

result<std::string> parse_wechat_secret(std::string_view text) {
  const auto lines = lines_of(text);
  const auto words = words_of(lines.empty() ? std::string_view() : lines.front());
  if (words.size() != 1) return bad("its first line must be the AppSecret and nothing else");
  if (words.front().find(sample) != std::string_view::npos)
    return bad("this is the sample of the documents; the AppSecret is in WeChat's console");
  return std::string(words.front());
}

result<std::string> parse_wechat_token(std::string_view text) {
  const auto lines = lines_of(text);
  const auto words = words_of(lines.empty() ? std::string_view() : lines.front());
  if (words.size() != 1) return bad("its first line must be the Token of WeChat's console and nothing else");
  return std::string(words.front());
}

result<std::string> parse_wechat_aes_key(std::string_view text) {
  constexpr std::string_view alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
  constexpr std::size_t characters = 43;
  const auto lines = lines_of(text);
  std::string key(lines.empty() ? std::string_view() : lines.front());
  if (key.size() == characters)
    // Two bits of the last character are no part of the 32 bytes; WeChat's console draws them as well.
    if (const auto last = alphabet.find(key.back()); last != std::string_view::npos)
      key.back() = alphabet[last & ~std::size_t{3}];
  auto bytes = key.size() == characters ? from_base64(key) : std::nullopt;
  if (!bytes)
    return bad("its first line must be the EncodingAESKey of WeChat's console, 43 letters and digits");
  return *std::move(bytes);
}

result<key_ring> read_keys(const key_files& files) {
  key_ring ring;
  if (!files.secret.empty()) {
    auto secret = read("--auth-secret-file", files.secret, parse_secret);
    if (!secret) return secret.error();
    ring.tokens.secret = *std::move(secret);
  }
  if (!files.keys.empty()) {
    auto keys = read("--auth-keys", files.keys, parse_jwks);
    if (!keys) return keys.error();
    ring.tokens.others = *std::move(keys);
  }
  if (!files.api_keys.empty()) {
    auto keys = read("--api-key-file", files.api_keys, parse_api_keys);
    if (!keys) return keys.error();
    ring.api_keys = *std::move(keys);
  }
  if (!files.wechat_secret.empty()) {
    auto secret = read("wechat.secret_file", files.wechat_secret, parse_wechat_secret);
    if (!secret) return secret.error();
    ring.wechat_secret = *std::move(secret);
  }
  if (!files.wechat_callback_token.empty()) {
    auto token = read("wechat.callback_token_file", files.wechat_callback_token, parse_wechat_token);
    if (!token) return token.error();
    ring.wechat_callback_token = *std::move(token);
  }
  if (!files.wechat_aes_key.empty()) {
    auto key = read("wechat.aes_key_file", files.wechat_aes_key, parse_wechat_aes_key);
    if (!key) return key.error();
    ring.wechat_aes_key = *std::move(key);
  }
  return ring;
}

result<claims> verify(std::string_view token, const key_ring& ring, wall_time now) {
  auto good = verify(token, ring.tokens, now);
  if (good && ring.revoked != nullptr && ring.revoked->covers(*good)) return refused_token();
  return good;
}

result<caller> identify(std::string_view authorization, std::string_view token, const key_ring& ring,
                        wall_time now) {
  caller by{.is = ring.asks ? caller::kind::nobody : caller::kind::anyone};
  constexpr std::string_view scheme = "bearer ";
  if (!authorization.empty()) {
    const auto is_scheme =
        authorization.size() > scheme.size() &&
        std::ranges::equal(authorization.substr(0, scheme.size()), scheme,
                           [](char given, char wanted) { return (given | ' ') == wanted; });
    const auto brought = is_scheme
                             ? authorization.substr(authorization.find_first_not_of(' ', scheme.size() - 1))
                             : std::string_view();
    if (const auto* key = ring.find(brought); key != nullptr) {
      by.scopes = key->scopes;
      by.by_header = true;
      if (ring.asks) by.is = caller::kind::back_end;
      by.key = base64url(std::string_view(key->sha256).substr(0, 16));
      by.key_name = key->name.empty() ? hexadecimal(std::string_view(key->sha256).substr(0, 4)) : key->name;
      return by;
    }
    by.by_header = true;
    token = brought;
  }
  if (!ring.asks || (authorization.empty() && token.empty())) {
    by.by_header = false;
    return by;
  }
  auto good = verify(token, ring, now);
  if (!good) return good.error();
  by.is = caller::kind::user;
  by.token = *std::move(good);
  return by;
}

} // namespace hongyan::auth
