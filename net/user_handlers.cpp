// Profiles, sessions and presence of users over HTTP.

#include "core/tools/wall_time.hpp"
#include "core/wire/json.hpp"
#include "core/wire/v1/encode.hpp"
#include "net/parameters.hpp"
#include "net/v1_handlers.hpp"

namespace hongyan {

namespace {

/// The users that one question may be about.
constexpr std::size_t online_users_max = 200;

std::string encode_sessions(const std::vector<session_facts>& sessions) {
  std::string out = R"({"sessions":[)";
  for (const auto& s : sessions) {
    if (out.back() == '}') out += ',';
    out += R"({"sessionId":)";
    append_json_string(out, s.id);
    out += s.is_v1 ? R"(,"kind":"v1","device":)" : R"(,"kind":"classic","device":)";
    if (s.device.empty()) {
      out += "null";
    } else {
      append_json_string(out, s.device);
    }
    out += R"(,"node":)";
    append_json_string(out, s.node);
    out += R"(,"since":")";
    append_utc_time(out, s.since);
    out += R"("})";
  }
  return out += "]}";
}

result<std::vector<user_id>> users_parameter(const target& to) {
  const auto given = to.parameter("userIds");
  if (!given)
    return error{errc::malformed, "the parameter userIds is missing: ids, separated by commas", "userIds"};
  std::vector<user_id> users;
  for (auto rest = *given;;) {
    const auto comma = rest.find(',');
    auto id = user_id::parse(rest.substr(0, comma));
    if (!id) return error{errc::malformed, "the parameter userIds: " + id.error().detail, "userIds"};
    users.push_back(std::move(*id));
    if (users.size() > online_users_max)
      return error{errc::malformed, "the parameter userIds takes at most " + std::to_string(online_users_max),
                   "userIds"};
    if (comma == std::string_view::npos) return users;
    rest.remove_prefix(comma + 1);
  }
}

} // namespace

asio::awaitable<reply> read_user(edge& at, const routed_request& request) {
  const bool is_user = request.by.is == auth::caller::kind::user;
  if (!is_user)
    if (const auto may = auth::may_manage(request.by, auth::scope::admin); !may)
      co_return problem(may.error());
  auto id = path_id(request, 0);
  if (!id) co_return problem(id.error());
  auto asks = is_user ? request.by.token.user : *id; // a back end asks as the user themselves
  v1::command one{v1::get_profiles{.users = {std::move(*id)}, .only_one = true}};
  auto r = co_await ask_history(at, std::move(asks), v1::errand::read, std::move(one));
  co_return r;
}

asio::awaitable<reply> update_user(edge& at, const routed_request& request) {
  if (const auto may = auth::may_manage(request.by, auth::scope::admin); !may) co_return problem(may.error());
  auto id = path_id(request, 0);
  if (!id) co_return problem(id.error());
  auto body = body_object(request);
  if (!body) co_return problem(body.error());
  auto r = co_await carry_out(at, request, "user.update", std::move(*body), std::move(*id));
  co_return r;
}

asio::awaitable<reply> read_sessions(edge& at, const routed_request& request) {
  if (const auto may = auth::may_manage(request.by, {auth::scope::observe, auth::scope::admin}); !may)
    co_return problem(may.error());
  auto id = path_id(request, 0);
  if (!id) co_return problem(id.error());
  auto sessions = co_await ask<session_list>(at.asks, at.server.registry, ask_deadline, sessions_atom::value,
                                             std::move(*id));
  if (!sessions) co_return problem(sessions.error());
  co_return json_reply(encode_sessions(**sessions));
}

/// Kicks the user; with `?revoke=true` the tokens that they have are good no more, which is stored first.
asio::awaitable<reply> end_sessions(edge& at, const routed_request& request) {
  if (const auto may = auth::may_manage(request.by, auth::scope::admin); !may) co_return problem(may.error());
  auto user = path_id(request, 0);
  if (!user) co_return problem(user.error());
  const auto revoke = request.to.parameter("revoke").value_or("false");
  if (revoke != "true" && revoke != "false")
    co_return problem({errc::malformed, "the parameter revoke must be true or false", "revoke"});
  result<std::size_t> closed(std::size_t{0});
  if (revoke == "true") {
    revocation what{std::move(*user), auth::now_us()};
    change stored{.by = {}, .action = revoke_tokens{what.user, what.at_us}};
    auto r = co_await store_change(at, std::move(stored));
    if (r.status != 200) co_return r;
    closed = co_await ask<std::size_t>(at.asks, at.server.registry, ask_deadline, revoke_atom::value,
                                       std::move(what));
  } else {
    closed = co_await ask<std::size_t>(at.asks, at.server.registry, ask_deadline, kick_atom::value,
                                       std::move(*user));
  }
  if (!closed) co_return problem(closed.error());
  co_return json_reply(R"({"closed":)" + std::to_string(*closed) + "}");
}

asio::awaitable<reply> read_online(edge& at, const routed_request& request) {
  auto users = users_parameter(request.to);
  if (!users) co_return problem(users.error());
  auto online = co_await ask<std::vector<user_id>>(at.asks, at.server.registry, ask_deadline,
                                                   online_atom::value, std::move(*users));
  if (!online) co_return problem(online.error());
  co_return json_reply(v1::presence_result(*online));
}

} // namespace hongyan
