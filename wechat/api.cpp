#include "wechat/api.hpp"

#include "core/tools/ascii.hpp"
#include "core/tools/text.hpp"
#include "core/wire/json.hpp"

#include <algorithm>
#include <array>
#include <boost/json/object.hpp>
#include <limits>

namespace hongyan::wechat {

namespace {

namespace json = boost::json;

constexpr std::size_t piece_characters = 2500;
constexpr std::size_t overlap_characters = 100;
constexpr int media_scene = 2;
/// Of msgSecCheck and mediaCheckAsync: the first version has other fields, and is frozen.
constexpr const char* version_2 = R"("version":2)";

// WeChat's error codes.
constexpr std::array<std::int64_t, 4> token_codes{40001, 40014, 41001, 42001};
constexpr std::int64_t inactive_code = 61010, old_risky_code = 87014, used_up_code = 43101;
constexpr std::array<std::int64_t, 2> quota_codes{45009, 45011};
constexpr std::array<std::int64_t, 6> malformed_codes{40003, 40037, 41030, 44002, 47001, 47003};

/// Its errmsg is left out: it may repeat what was sent.
fault fault_of(std::int64_t code) {
  std::string why = "errcode " + std::to_string(code);
  const auto is_one = [code](const auto& codes) { return std::ranges::find(codes, code) != codes.end(); };
  if (is_one(token_codes)) return {failure::token, why};
  if (code == inactive_code) return {failure::inactive, why};
  if (is_one(quota_codes)) return {failure::quota, why};
  if (code == used_up_code) return {failure::used_up, why};
  if (is_one(malformed_codes)) return {failure::malformed, why};
  return {failure::away, why};
}

fault nonsense(const char* what) { return {failure::away, what}; }

/// The object of an answer, whatever its errcode.
answer<json::object> object_of(const webhooks::posted& from) {
  if (!from.trouble.empty()) return fault{failure::away, from.trouble};
  auto value = parse_json(from.body);
  if (!value || !value->is_object()) return nonsense("an answer that is no JSON object");
  return std::move(value->get_object());
}

std::int64_t number_of(const json::object& of, std::string_view member, std::int64_t otherwise) {
  const auto* value = of.if_contains(member);
  return value != nullptr && value->is_int64() ? value->get_int64() : otherwise;
}

std::int64_t code_of(const json::object& of) { return number_of(of, "errcode", 0); }

/// The object of an answer that says errcode 0.
answer<json::object> good_object_of(const webhooks::posted& from) {
  auto object = object_of(from);
  if (const auto* good = std::get_if<json::object>(&object); good != nullptr && code_of(*good) != 0)
    return fault_of(code_of(*good));
  return object;
}

webhooks::post call(const std::string& base_url, const char* path, const std::string& token,
                    std::string body) {
  // A token is of letters, digits, - and _.
  return {.url = base_url + path + "?access_token=" + token, .headers = {}, .body = std::move(body)};
}

} // namespace

webhooks::post ask_for_token(const std::string& base_url, const std::string& app_id,
                             const std::string& secret) {
  return {.url = base_url + "/cgi-bin/stable_token",
          .headers = {},
          .body = R"({"grant_type":"client_credential","appid":)" + json_string(app_id) + R"(,"secret":)" +
                  json_string(secret) + R"(,"force_refresh":false})"};
}

answer<access_token> parse_token(const webhooks::posted& from) {
  auto object = good_object_of(from);
  if (auto* wrong = std::get_if<fault>(&object)) return std::move(*wrong);
  const auto& good = std::get<json::object>(object);
  constexpr std::size_t token_bytes_max = 512;
  const auto* token = text_of(good, "access_token");
  if (token == nullptr || token->empty() || token->size() > token_bytes_max ||
      !std::ranges::all_of(*token, is_id_character))
    return nonsense("an answer without an access_token");
  return access_token{std::string(*token), std::chrono::seconds(number_of(good, "expires_in", 0))};
}

webhooks::post ask_about_text(const std::string& base_url, const std::string& token,
                              const std::string& openid, int scene, std::string_view text) {
  return call(base_url, "/wxa/msg_sec_check", token,
              "{" + std::string(version_2) + R"(,"openid":)" + json_string(openid) + R"(,"scene":)" +
                  std::to_string(scene) + R"(,"content":)" + json_string(text) + "}");
}

content_verdict verdict_of(std::string_view suggest, std::int64_t label) {
  content_verdict verdict{.what = judgement::failed, .by = judged_by::wechat, .label = {}};
  if (suggest == "pass") verdict.what = judgement::pass;
  if (suggest == "review") verdict.what = judgement::review;
  if (suggest == "risky") verdict.what = judgement::risky;
  if (label > 0 && label <= std::numeric_limits<std::int32_t>::max())
    verdict.label = static_cast<std::int32_t>(label);
  return verdict;
}

answer<content_verdict> parse_text_verdict(const webhooks::posted& from) {
  auto object = object_of(from);
  if (auto* wrong = std::get_if<fault>(&object)) return std::move(*wrong);
  const auto& said = std::get<json::object>(object);
  if (code_of(said) == old_risky_code) return verdict_of("risky", 0);
  if (code_of(said) != 0) return fault_of(code_of(said));
  const auto* outcome = said.if_contains("result");
  const auto* fields = outcome != nullptr ? outcome->if_object() : nullptr;
  const auto* suggest = fields != nullptr ? text_of(*fields, "suggest") : nullptr;
  if (suggest == nullptr) return nonsense("an answer without a result");
  auto verdict = verdict_of(*suggest, number_of(*fields, "label", 0));
  if (verdict.what == judgement::failed) return nonsense("an answer with an unknown suggestion");
  return verdict;
}

std::vector<std::string_view> pieces_of(std::string_view text) {
  std::vector<std::string_view> pieces;
  for (std::size_t begin = 0; begin < text.size();) {
    const auto end = skip_characters(text, begin, piece_characters);
    pieces.push_back(text.substr(begin, end - begin));
    if (end == text.size()) break;
    begin = skip_characters(text, begin, piece_characters - overlap_characters);
  }
  return pieces;
}

webhooks::post ask_about_media(const std::string& base_url, const std::string& token,
                               const std::string& openid, media_kind kind, std::string_view media_url) {
  return call(base_url, "/wxa/media_check_async", token,
              "{" + std::string(version_2) + R"(,"openid":)" + json_string(openid) + R"(,"scene":)" +
                  std::to_string(media_scene) + R"(,"media_type":)" + std::to_string(static_cast<int>(kind)) +
                  R"(,"media_url":)" + json_string(media_url) + "}");
}

answer<std::string> parse_trace(const webhooks::posted& from) {
  auto object = good_object_of(from);
  if (auto* wrong = std::get_if<fault>(&object)) return std::move(*wrong);
  constexpr std::size_t trace_bytes_max = 256;
  const auto* trace = text_of(std::get<json::object>(object), "trace_id");
  if (trace == nullptr || trace->empty() || trace->size() > trace_bytes_max)
    return nonsense("an answer without a trace_id");
  return std::string(*trace);
}

webhooks::post send_subscribe_message(const std::string& base_url, const std::string& token,
                                      std::string body) {
  return call(base_url, "/cgi-bin/message/subscribe/send", token, std::move(body));
}

std::optional<fault> parse_sent(const webhooks::posted& from) {
  auto object = good_object_of(from);
  if (auto* wrong = std::get_if<fault>(&object)) return std::move(*wrong);
  return {};
}

std::optional<media_kind> checkable(std::string_view mime) {
  constexpr std::array<std::string_view, 4> pictures{"image/jpeg", "image/png", "image/gif", "image/bmp"};
  constexpr std::array<std::string_view, 8> sounds{"audio/mpeg", "audio/aac",  "audio/mp4", "audio/flac",
                                                   "audio/ogg",  "audio/opus", "audio/wav", "audio/x-wav"};
  if (std::ranges::find(pictures, mime) != pictures.end()) return media_kind::picture;
  if (std::ranges::find(sounds, mime) != sounds.end()) return media_kind::audio;
  return {};
}

} // namespace hongyan::wechat
