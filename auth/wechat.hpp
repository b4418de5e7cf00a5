/// WeChat's login: a mini-program's `wx.login` gives a code, which is good once and for five minutes;
/// WeChat's server (`GET /sns/jscode2session`) says whose it is.
#pragma once

#include "core/errors.hpp"

#include <chrono>
#include <memory>
#include <string>
#include <string_view>

namespace hongyan::auth {

/// Of our waiting for WeChat's server, from the name's lookup to the last byte.
inline constexpr std::chrono::milliseconds wechat_deadline{3000};
/// Its answers have a few hundred bytes.
inline constexpr std::size_t wechat_answer_bytes_max = 65'536;

struct wechat_settings {
  std::string app_id{}; ///< empty: nobody logs in by WeChat
  std::string base_url = "https://api.weixin.qq.com";

  /// How identities of this mini-program's users begin; the openid follows.
  std::string identities() const { return "wechat:" + app_id + ":"; }
};

/// The openid in an answer of jscode2session; of the session_key in it nothing is kept. Pure. Errors:
/// unauthorized (the code is not good), forbidden (WeChat blocks this user), rate_limited, unavailable
/// (WeChat is busy, does not know this app, or made no sense; `detail` says which, for the log).
result<std::string> parse_wechat_answer(long http_status, std::string_view body);

/// Asks WeChat's server, and blocks meanwhile. One thread at a time.
class wechat_client {
public:
  explicit wechat_client(wechat_settings settings);
  wechat_client(const wechat_client&) = delete;
  wechat_client& operator=(const wechat_client&) = delete;
  ~wechat_client();

  /// Whose code it is: the openid. Follows no redirect. Errors: those of parse_wechat_answer(); unavailable
  /// also when there was no answer in time.
  result<std::string> openid_of(const std::string& code, const std::string& app_secret);

private:
  struct connection;
  wechat_settings settings_;
  std::unique_ptr<connection> connection_;
};

} // namespace hongyan::auth
