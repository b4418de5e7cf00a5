#include "wechat/callback.hpp"

#include "auth/base64url.hpp"
#include "core/tools/ascii.hpp"
#include "core/wire/json.hpp"
#include "wechat/api.hpp"

#include <algorithm>
#include <array>
#include <boost/json/object.hpp>
#include <charconv>
#include <memory>
#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <openssl/sha.h>

namespace hongyan::wechat {

namespace {

namespace json = boost::json;

constexpr std::size_t aes_block = 16;
/// WeChat pads to 32, and not to the cipher's block.
constexpr std::size_t padding_max = 32;
/// In front of a message: random bytes, and its length, big-endian.
constexpr std::size_t random_bytes = 16, length_bytes = 4;
/// How old a call in the clear may be.
constexpr std::chrono::minutes plain_age_max{5};
/// In the older shape of a verdict: the media could not be fetched.
constexpr std::int64_t not_fetched = 4294966288;

error not_theirs(const char* why) { return {errc::forbidden, why}; }
error nonsense(const char* why) { return {errc::malformed, why}; }

std::string hex_digest(std::string_view text) {
  std::array<unsigned char, SHA_DIGEST_LENGTH> digest{};
  SHA1(reinterpret_cast<const unsigned char*>(text.data()), text.size(), digest.data());
  return hexadecimal({reinterpret_cast<const char*>(digest.data()), digest.size()});
}

bool same(std::string_view one, std::string_view other) {
  return one.size() == other.size() && CRYPTO_memcmp(one.data(), other.data(), one.size()) == 0;
}

struct free_cipher {
  void operator()(EVP_CIPHER_CTX* of) const { EVP_CIPHER_CTX_free(of); }
};

/// AES-256-CBC without its own padding. Empty: it is no such text.
std::string decrypt(const std::string& key, std::string_view bytes) {
  const std::unique_ptr<EVP_CIPHER_CTX, free_cipher> cipher(EVP_CIPHER_CTX_new());
  const auto at = [](std::string_view text) { return reinterpret_cast<const unsigned char*>(text.data()); };
  std::string plain(bytes.size() + aes_block, '\0');
  int size = 0, rest = 0;
  auto* out = reinterpret_cast<unsigned char*>(plain.data());
  if (!cipher || EVP_DecryptInit_ex(cipher.get(), EVP_aes_256_cbc(), nullptr, at(key), at(key)) != 1 ||
      EVP_CIPHER_CTX_set_padding(cipher.get(), 0) != 1 ||
      EVP_DecryptUpdate(cipher.get(), out, &size, at(bytes), static_cast<int>(bytes.size())) != 1 ||
      EVP_DecryptFinal_ex(cipher.get(), out + size, &rest) != 1)
    return {};
  plain.resize(static_cast<std::size_t>(size + rest));
  return plain;
}

/// 16 random bytes, the length, the message, the AppID, padding.
result<std::string> unpack(const callback_keys& keys, std::string_view encrypted) {
  while (encrypted.ends_with('=')) encrypted.remove_suffix(1);
  const auto bytes = auth::from_base64(encrypted);
  if (!bytes || bytes->empty() || bytes->size() % aes_block != 0)
    return nonsense("Encrypt is no Base64 of whole blocks");
  const auto plain = decrypt(keys.aes_key, *bytes);
  const auto padding = plain.empty() ? 0u : static_cast<unsigned char>(plain.back());
  constexpr auto head = random_bytes + length_bytes;
  if (padding == 0 || padding > padding_max || plain.size() < head + padding)
    return not_theirs("it was encrypted by another key");
  std::size_t length = 0;
  for (std::size_t i = 0; i < length_bytes; ++i)
    length = length << 8 | static_cast<unsigned char>(plain[random_bytes + i]);
  const auto rest = std::string_view(plain).substr(head, plain.size() - head - padding);
  if (length > rest.size()) return not_theirs("it was encrypted by another key");
  if (rest.substr(length) != keys.app_id) return not_theirs("it is another app's");
  return std::string(rest.substr(0, length));
}

std::int64_t number_in(const json::object& of, std::string_view member) {
  const auto* value = of.if_contains(member);
  if (value == nullptr) return 0;
  if (const auto* number = value->if_int64()) return *number;
  std::int64_t number = 0;
  if (const auto* text = value->if_string()) // WeChat writes numbers either way
    std::from_chars(text->data(), text->data() + text->size(), number);
  return number;
}

/// Those of `List`, an object when it is one and an array when there are several, that say `status`.
grant_answers answers_in(const json::object& of, std::string_view status) {
  grant_answers said;
  if (const auto* openid = text_of(of, "FromUserName")) said.openid = *openid;
  const auto take = [&](const json::value& one) {
    const auto* fields = one.if_object();
    const auto* id = fields != nullptr ? text_of(*fields, "TemplateId") : nullptr;
    const auto* what = fields != nullptr ? text_of(*fields, "SubscribeStatusString") : nullptr;
    if (id != nullptr && what != nullptr && *what == status)
      said.answers.emplace_back(std::string(*id), status == "accept");
  };
  const auto* list = of.if_contains("List");
  if (list == nullptr) return said;
  if (const auto* several = list->if_array())
    for (const auto& one : *several) take(one);
  else
    take(*list);
  return said;
}

} // namespace

std::string signature_of(std::vector<std::string_view> parts) {
  std::ranges::sort(parts);
  std::string joined;
  for (const auto part : parts) joined += part;
  return hex_digest(joined);
}

bool is_signed(const callback_keys& keys, const callback_query& query) {
  return same(signature_of({keys.token, query.timestamp, query.nonce}), query.signature);
}

result<heard> open(const callback_keys& keys, const callback_query& query, std::string_view body,
                   wall_time now) {
  const auto value = parse_json(body);
  const auto* object = value ? value->if_object() : nullptr;
  const auto* encrypted = object != nullptr ? text_of(*object, "Encrypt") : nullptr;
  if (!keys.aes_key.empty()) {
    if (object == nullptr)
      return nonsense("it is no JSON; choose JSON as the data format in WeChat's console");
    if (encrypted == nullptr)
      return not_theirs("it is in the clear; choose the safe mode in WeChat's console");
    if (!same(signature_of({keys.token, query.timestamp, query.nonce, *encrypted}), query.message_signature))
      return not_theirs("its signature is not good");
    auto text = unpack(keys, *encrypted);
    if (!text) return text.error();
    auto name = hex_digest(*text);
    return heard{.text = *std::move(text), .name = std::move(name), .was_encrypted = true};
  }
  if (!is_signed(keys, query)) return not_theirs("its signature is not good");
  std::int64_t seconds = 0;
  const auto stamp = query.timestamp;
  const auto [end, ec] = std::from_chars(stamp.data(), stamp.data() + stamp.size(), seconds);
  const auto at = wall_time(std::chrono::seconds(seconds));
  if (ec != std::errc() || end != stamp.data() + stamp.size() || std::chrono::abs(now - at) > plain_age_max)
    return not_theirs("its timestamp is not of these five minutes");
  if (object == nullptr) return nonsense("it is no JSON; choose JSON as the data format in WeChat's console");
  // The signature covers the nonce, and not what is said: a nonce is good once.
  return heard{.text = std::string(body), .name = hex_digest("nonce " + std::string(query.nonce))};
}

result<event> parse_event(std::string_view text) {
  const auto value = parse_json(text);
  const auto* object = value ? value->if_object() : nullptr;
  if (object == nullptr) return nonsense("the event is no JSON object");
  const auto* name = text_of(*object, "Event");
  if (name == nullptr) return event(other_event{});
  // Of a dialogue a no changes nothing, and of the settings a yes.
  if (*name == "subscribe_msg_popup_event") return event(answers_in(*object, "accept"));
  if (*name == "subscribe_msg_change_event") return event(answers_in(*object, "reject"));
  if (*name != "wxa_media_check") return event(other_event{});
  const auto* trace = text_of(*object, "trace_id");
  if (trace == nullptr || trace->empty()) return nonsense("a verdict without a trace_id");
  media_verdict said{.trace_id = std::string(*trace)};
  said.verdict = {.what = judgement::failed, .by = judged_by::wechat, .label = {}};
  if (const auto* outcome = object->if_contains("result"); outcome != nullptr && outcome->is_object()) {
    const auto* suggest = text_of(outcome->get_object(), "suggest");
    if (suggest != nullptr && number_in(*object, "errcode") == 0)
      said.verdict = verdict_of(*suggest, number_in(outcome->get_object(), "label"));
  } else if (object->contains("isrisky") && number_in(*object, "status_code") != not_fetched) {
    said.verdict.what = number_in(*object, "isrisky") == 1 ? judgement::risky : judgement::pass;
  }
  return event(std::move(said));
}

} // namespace hongyan::wechat
