#include "auth/wechat.hpp"

#include "core/wire/json.hpp"

#include <algorithm>
#include <curl/curl.h>
#include <new>
#include <openssl/crypto.h>

namespace hongyan::auth {

namespace {

namespace json = boost::json;

constexpr std::size_t openid_bytes_max = 128;

// WeChat's error codes (its documentation of code2Session).
constexpr std::int64_t busy = -1;
constexpr std::int64_t bad_code = 40029;
constexpr std::int64_t used_code = 40163;
constexpr std::int64_t too_often = 45011; ///< a hundred times a minute, of one user
constexpr std::int64_t blocked_user = 40226;
constexpr std::chrono::minutes too_often_pause{1};

error unavailable(std::string why) { return {errc::unavailable, std::move(why)}; }

error explain(std::int64_t errcode) {
  switch (errcode) {
  case bad_code:
  case used_code:
    return {errc::unauthorized,
            "the code is not good: it was used, or is over five minutes old; call wx.login again"};
  case blocked_user: return {errc::forbidden, "WeChat does not let this user log in"};
  case too_often: {
    error e{errc::rate_limited, "too many logins of this user; wait a minute"};
    e.retry_after = too_often_pause;
    return e;
  }
  case busy: return unavailable("busy");
  default: return unavailable("errcode " + std::to_string(errcode)); // the app's id or secret, mostly
  }
}

bool is_openid(std::string_view text) {
  return !text.empty() && text.size() <= openid_bytes_max &&
         std::ranges::all_of(text, [](char c) { return c > ' ' && c < 0x7F; });
}

/// What an answer holds besides the openid is not left lying in memory.
struct cleansed {
  std::string text{};
  ~cleansed() { OPENSSL_cleanse(text.data(), text.size()); }
};

std::size_t take(char* bytes, std::size_t, std::size_t count, void* into) {
  auto& body = *static_cast<std::string*>(into);
  if (body.size() + count > wechat_answer_bytes_max) return 0; // ends the transfer
  body.append(bytes, count);
  return count;
}

} // namespace

result<std::string> parse_wechat_answer(long http_status, std::string_view body) {
  if (http_status != 200) return unavailable("HTTP status " + std::to_string(http_status));
  const auto answer = parse_json(body);
  const auto* fields = answer ? answer->if_object() : nullptr;
  if (fields == nullptr) return unavailable("an answer that is no JSON object");
  if (const auto* code = fields->if_contains("errcode"); code != nullptr) {
    if (!code->is_int64()) return unavailable("an errcode that is no number");
    if (code->get_int64() != 0) return explain(code->get_int64());
  }
  const auto* openid = text_of(*fields, "openid");
  if (openid == nullptr || !is_openid(*openid)) return unavailable("an answer without an openid");
  return std::string(*openid);
}

struct wechat_client::connection {
  CURL* handle = curl_easy_init();
  ~connection() { curl_easy_cleanup(handle); }
};

wechat_client::wechat_client(wechat_settings settings)
    : settings_(std::move(settings))
    , connection_(std::make_unique<connection>()) {
  auto* curl = connection_->handle;
  if (curl == nullptr) throw std::bad_alloc();
  curl_easy_setopt(curl, CURLOPT_NOSIGNAL, 1L); // this is one thread of many
  curl_easy_setopt(curl, CURLOPT_PROTOCOLS_STR, "http,https");
  curl_easy_setopt(curl, CURLOPT_FOLLOWLOCATION, 0L);
  curl_easy_setopt(curl, CURLOPT_TIMEOUT_MS, static_cast<long>(wechat_deadline.count()));
  curl_easy_setopt(curl, CURLOPT_SSLVERSION, static_cast<long>(CURL_SSLVERSION_TLSv1_2));
  curl_easy_setopt(curl, CURLOPT_WRITEFUNCTION, take);
}

wechat_client::~wechat_client() = default;

result<std::string> wechat_client::openid_of(const std::string& code, const std::string& app_secret) {
  auto* curl = connection_->handle;
  const auto escaped = [&](const std::string& text) {
    char* const raw = curl_easy_escape(curl, text.data(), static_cast<int>(text.size()));
    std::string out(raw != nullptr ? raw : "");
    curl_free(raw);
    return out;
  };
  // The secret is part of the address: that is never logged.
  cleansed url{settings_.base_url + "/sns/jscode2session?appid=" + escaped(settings_.app_id) + "&secret=" +
               escaped(app_secret) + "&js_code=" + escaped(code) + "&grant_type=authorization_code"};
  cleansed body;
  body.text.reserve(wechat_answer_bytes_max); // so that it leaves no copies behind as it grows
  curl_easy_setopt(curl, CURLOPT_URL, url.text.c_str());
  curl_easy_setopt(curl, CURLOPT_WRITEDATA, &body.text);
  if (const auto failed = curl_easy_perform(curl); failed != CURLE_OK)
    return unavailable(curl_easy_strerror(failed));
  long status = 0;
  curl_easy_getinfo(curl, CURLINFO_RESPONSE_CODE, &status);
  return parse_wechat_answer(status, body.text);
}

} // namespace hongyan::auth
