/// What WeChat's server tells by itself (its "message push", in JSON): who it is, what it says. Pure.
#pragma once

#include "core/chat/content_check.hpp"
#include "core/errors.hpp"
#include "core/tools/wall_time.hpp"

#include <string>
#include <string_view>
#include <utility>
#include <variant>
#include <vector>

namespace hongyan::wechat {

/// As the operator has typed them into WeChat's console.
struct callback_keys {
  std::string token{};
  std::string aes_key{}; ///< the 32 bytes of the EncodingAESKey; empty: events come in the clear
  std::string app_id{};
};

/// The parameters of a call, as they came.
struct callback_query {
  std::string_view signature{};
  std::string_view message_signature{}; ///< of an encrypted one
  std::string_view timestamp{};
  std::string_view nonce{};
};

/// The hexadecimal SHA-1 of the parts, sorted and joined.
std::string signature_of(std::vector<std::string_view> parts);
/// Whether the address is WeChat's to call: what the console asks before anything else. In constant time.
bool is_signed(const callback_keys& keys, const callback_query& query);

/// What came, and by which name it is known when it comes again.
struct heard {
  std::string text; ///< the event, JSON
  std::string name;
  bool was_encrypted = false;
};
/// What a POST holds. Errors: forbidden: it is not WeChat's, or in the clear although there is a key, or in
/// the clear and not of these five minutes; malformed: it is no JSON of that shape.
result<heard> open(const callback_keys& keys, const callback_query& query, std::string_view body,
                   wall_time now);

/// On a picture or voice.
struct media_verdict {
  std::string trace_id;
  content_verdict verdict{};
};
/// What a user has answered about subscribe messages: by template, whether they accepted one (of a dialogue),
/// or take back all (in the mini-program's settings).
struct grant_answers {
  std::string openid;
  std::vector<std::pair<std::string, bool>> answers{};
};
/// Something that nobody here waits for.
struct other_event {};
using event = std::variant<other_event, media_verdict, grant_answers>;
/// Errors: malformed.
result<event> parse_event(std::string_view text);

} // namespace hongyan::wechat
