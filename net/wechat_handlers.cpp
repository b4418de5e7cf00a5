// What WeChat's server tells by itself, and what is known of a message's content check (contract, section 8).

#include "core/tools/wall_time.hpp"
#include "core/wire/json.hpp"
#include "net/parameters.hpp"
#include "net/v1_handlers.hpp"
#include "wechat/callback.hpp"

#include <algorithm>
#include <spdlog/spdlog.h>

namespace hongyan {

namespace {

/// Nothing: WeChat is not told to call here.
std::optional<wechat::callback_keys> keys_of(edge& at) {
  const auto ring = at.server.keys.get();
  if (ring->wechat_callback_token.empty()) return {};
  return wechat::callback_keys{.token = ring->wechat_callback_token,
                               .aes_key = ring->wechat_aes_key,
                               .app_id = at.server.config.wechat.app_id};
}

reply not_here() {
  return problem({errc::not_found, "WeChat's callback is not set up here: there is no "
                                   "wechat.callback_token_file"});
}

wechat::callback_query query_of(const routed_request& request) {
  const auto value = [&](std::string_view name) { return request.to.parameter(name).value_or(""); };
  return {.signature = value("signature"),
          .message_signature = value("msg_signature"),
          .timestamp = value("timestamp"),
          .nonce = value("nonce")};
}

/// What it says again and again until it is answered so.
reply heard_it() { return text_reply("success"); }

std::string encode(const content_check& check) {
  std::string out = R"({"messageId":)" + std::to_string(check.message_id) + R"(,"verdict":)" +
                    json_string(judgement_names[static_cast<std::size_t>(check.verdict.what)]) + R"(,"by":)";
  static constexpr std::array<const char*, 3> names{"null", R"("words")", R"("wechat")"};
  out.append(names[static_cast<std::size_t>(check.verdict.by)]).append(R"(,"label":)");
  out.append(check.verdict.label ? std::to_string(*check.verdict.label) : "null").append(R"(,"at":)");
  if (check.verdict.what == judgement::waiting) return out + "null}";
  out += '"';
  append_utc_time(out, check.at);
  return out + "\"}";
}

/// Of templates of ours.
asio::awaitable<reply> hear_of_grants(edge& at, const wechat::grant_answers& said, std::string call) {
  hear_grants heard{.call = std::move(call), .identity = at.server.config.wechat.identities() + said.openid};
  const auto& ours = at.server.config.limits.notice_templates;
  for (const auto& answer : said.answers)
    if (std::ranges::find(ours, answer.first) != ours.end()) heard.answers.push_back(answer);
  if (heard.answers.empty()) co_return heard_it();
  change what{.action = std::move(heard)};
  auto answer = co_await ask_to_store<change_answer>(at, change_atom::value, std::move(what));
  if (!answer) co_return problem(answer.error());
  co_return heard_it();
}

} // namespace

asio::awaitable<reply> prove_callback(edge& at, const routed_request& request) {
  const auto keys = keys_of(at);
  if (!keys) co_return not_here();
  if (!wechat::is_signed(*keys, query_of(request)))
    co_return problem(
        {errc::forbidden, "the signature is not good: is the Token the same in WeChat's console?"});
  auto r = text_reply(std::string(request.to.parameter("echostr").value_or("")));
  r.headers.emplace_back("X-Content-Type-Options", "nosniff"); // what is shown is whoever's that asks
  co_return r;
}

/// Verdicts come encrypted alone: in the clear the signature does not cover what is said.
asio::awaitable<reply> hear_wechat(edge& at, const routed_request& request) {
  const auto keys = keys_of(at);
  if (!keys) co_return not_here();
  auto said = wechat::open(*keys, query_of(request), request.http.body(), wall_now());
  if (!said) co_return problem(said.error());
  const auto what = wechat::parse_event(said->text);
  if (!what) co_return problem(what.error());
  if (const auto* granted = std::get_if<wechat::grant_answers>(&*what))
    co_return co_await hear_of_grants(at, *granted, std::move(said->name));
  const auto* verdict = std::get_if<wechat::media_verdict>(&*what);
  if (verdict == nullptr || !said->was_encrypted) co_return heard_it();
  const auto& rules = at.server.config.moderation.rules;
  change heard{.action = hear_verdict{.call = std::move(said->name),
                                      .trace_id = verdict->trace_id,
                                      .verdict = verdict->verdict,
                                      .recall = rules.refuses(verdict->verdict)}};
  auto answer = co_await ask_to_store<change_answer>(at, change_atom::value, std::move(heard));
  // Its answer to our question may be on its way still, or the database away: it tells again.
  if (!answer && answer.error().code == errc::not_found)
    co_return problem({errc::unavailable, "nobody waits for this verdict yet"});
  if (!answer) co_return problem(answer.error());
  co_return heard_it();
}

asio::awaitable<reply> read_verdict(edge& at, const routed_request& request) {
  if (const auto may = auth::may_manage(request.by, auth::scope::admin); !may) co_return problem(may.error());
  const auto id = path_message_id(request);
  if (!id) co_return problem(id.error());
  change what{.action = find_verdict{*id}};
  auto answer = co_await ask_to_store<change_answer>(at, change_atom::value, std::move(what));
  if (!answer) co_return problem(answer.error());
  const auto& check = answer->check;
  if (!check || check->verdict == nobody_asked)
    co_return problem({errc::not_found, "nothing is known of a check of this message"});
  co_return json_reply(encode(*check));
}

} // namespace hongyan
