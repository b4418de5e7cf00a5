// How a user comes by a token: from the back end that knows who it is, or by WeChat's login.

#include "actors/admission.hpp"
#include "core/wire/v1/encode.hpp"
#include "core/wire/v1/params.hpp"
#include "net/parameters.hpp"
#include "net/v1_handlers.hpp"

#include <boost/json/object.hpp>

namespace hongyan {

namespace {

/// WeChat's have 32.
constexpr std::size_t code_chars_max = 256;

struct minted {
  std::string token;
  wall_time expires_at;
};

minted mint_for(user_id user, std::string device, std::chrono::seconds life, const auth::key_ring& keys) {
  const auto now = auth::now_us();
  auth::claims claims{.user = std::move(user),
                      .device = std::move(device),
                      .expires_at = std::chrono::floor<std::chrono::seconds>(wall_now()) + life};
  return {auth::mint(claims, keys.tokens, now), claims.expires_at};
}

} // namespace

asio::awaitable<reply> make_token(edge& at, const routed_request& request) {
  const auto keys = at.server.keys.get();
  if (keys->tokens.secret.empty())
    co_return problem({errc::not_found, "no tokens are made here: there is no --auth-secret-file"});
  auto body = body_object(request);
  if (!body) co_return problem(body.error());
  v1::params given(*body);
  auto user = given.id("userId");
  const auto life = given.optional_integer("ttlSeconds", 1, auth::token_life_max.count());
  const auto device = given.optional_id("device");
  if (given.fault()) co_return problem(*given.fault());
  const auto made = mint_for(std::move(user), device ? device->text() : "",
                             life ? std::chrono::seconds(*life) : auth::token_life, *keys);
  co_return json_reply(v1::token_result(made.token, made.expires_at));
}

asio::awaitable<reply> log_in(edge& at, const routed_request& request) {
  auto& server = at.server;
  if (server.logins.empty())
    co_return problem({errc::not_found, "WeChat's login is not set up here: there is no wechat.app_id"});
  auto body = body_object(request);
  if (!body) co_return problem(body.error());
  v1::params given(*body);
  auto code = given.text("code", code_chars_max);
  if (given.fault()) co_return problem(*given.fault());
  // Each costs a question to WeChat, good or not.
  const auto address = address_key(request.client);
  if (const auto may = admit_login(server.admitted, server.figures, address, at.home.now()); !may)
    co_return problem(may.error());
  if (const auto refused = admit_code(server.admitted, server.figures)) co_return problem(*refused);
  login_question question{std::move(code), at.home.now() + ask_deadline};
  const auto& asked = server.logins[server.next_login++ % server.logins.size()];
  auto who = co_await ask<login_answer>(at.asks, asked, ask_deadline, login_atom::value, std::move(question));
  if (!who) co_return problem(who.error());
  if (who->failure) co_return problem(*who->failure);

  change first_or_again{.by = {}, .action = identify_user{std::move(who->identity)}};
  const auto answer = co_await ask_to_store<change_answer>(at, change_atom::value, std::move(first_or_again));
  if (!answer) co_return problem(answer.error());
  const auto keys = server.keys.get();
  const auto made = mint_for(*answer->user, "", auth::token_life, *keys);
  co_return json_reply(v1::token_result(made.token, made.expires_at, &*answer->user));
}

} // namespace hongyan
