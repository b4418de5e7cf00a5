/// WeChat's server API, as values: what is posted to it, and what its answers mean (developers.weixin.qq.com:
/// stable_token, msgSecCheck 2.0, mediaCheckAsync 2.0, subscribeMessage.send). Pure.
///
/// It answers HTTP 200 to everything, and says by `errcode` what went wrong; `errmsg` ends with "rid: …".
#pragma once

#include "core/chat/content_check.hpp"
#include "core/errors.hpp"
#include "webhooks/poster.hpp"

#include <chrono>
#include <cstdint>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

namespace hongyan::wechat {

/// Its answers have a few hundred bytes.
inline constexpr std::size_t answer_bytes_max = 65'536;

/// Why a call came to nothing.
enum class failure : std::uint8_t {
  token,     ///< the access token is good no more: ask for another, once
  inactive,  ///< the user was not there within two hours (61010): WeChat looks at no text of theirs
  quota,     ///< over WeChat's own limits (45009)
  used_up,   ///< the user lets no more messages of the template be sent (43101)
  malformed, ///< WeChat takes a field for wrong: again would be the same
  away,      ///< no answer, or none that makes sense: perhaps later
};

struct fault {
  failure what = failure::away;
  std::string why{}; ///< for the log; no secret
};
template <class T>
using answer = std::variant<T, fault>;

struct access_token {
  std::string value;
  std::chrono::seconds good_for{};
};

/// Asks for the access token that all who ask so share: no node's takes another's away.
webhooks::post ask_for_token(const std::string& base_url, const std::string& app_id,
                             const std::string& secret);
answer<access_token> parse_token(const webhooks::posted& answer);

/// Of a user's text: `scene` 1 for a name, 2 for what is said (WeChat's numbers). UTF-8 goes as it is: WeChat
/// does not understand \u escapes, and lets pass what is written in them.
webhooks::post ask_about_text(const std::string& base_url, const std::string& token,
                              const std::string& openid, int scene, std::string_view text);
/// Its judgement and label: by `result`, whatever errcode 0 suggests. 87014 was the older API's for risky.
answer<content_verdict> parse_text_verdict(const webhooks::posted& answer);

/// Pieces of at most 2,500 characters, each of which begins with the end of the one before it: a word across
/// a cut is whole in one of them. None of an empty text.
std::vector<std::string_view> pieces_of(std::string_view text);

enum class media_kind : std::uint8_t { audio = 1, picture = 2 };
/// Of a picture or voice, which WeChat fetches from `media_url`.
webhooks::post ask_about_media(const std::string& base_url, const std::string& token,
                               const std::string& openid, media_kind kind, std::string_view media_url);
/// The trace_id that its verdict, which comes by the callback, names.
answer<std::string> parse_trace(const webhooks::posted& answer);

/// A verdict of msgSecCheck's and mediaCheckAsync's `result`, or of the older shape of the latter.
content_verdict verdict_of(std::string_view suggest, std::int64_t label);

/// Sends a subscribe message, of encode_notice().
webhooks::post send_subscribe_message(const std::string& base_url, const std::string& token,
                                      std::string body);
/// Nothing: it was sent.
std::optional<fault> parse_sent(const webhooks::posted& answer);

/// What WeChat can look at: the kind of a file by its MIME type; nothing: it takes none of that.
std::optional<media_kind> checkable(std::string_view mime);

} // namespace hongyan::wechat
