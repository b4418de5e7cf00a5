// Who may not speak (contract, section 8).

#include "core/tools/wall_time.hpp"
#include "core/wire/json.hpp"
#include "core/wire/v1/params.hpp"
#include "net/parameters.hpp"
#include "net/v1_handlers.hpp"

namespace hongyan {

namespace {

/// Ten years; what is to last longer is until it is lifted.
constexpr std::int64_t ban_seconds_max = 315'360'000;
constexpr std::size_t reason_chars = 256;
constexpr std::int64_t page_max = 1000;
constexpr std::size_t page = 100;

std::string encode_ban(const ban& one) {
  std::string out = R"({"userId":)" + json_string(one.user.text()) + R"(,"reason":)" +
                    json_string(one.reason) + R"(,"since":")";
  append_utc_time(out, one.since);
  out += R"(","until":)";
  std::string until;
  if (one.until) append_utc_time(until, *one.until);
  return out.append(json_until(until)) += '}';
}

/// Its time begins when it was asked for.
result<ban> read_ban(const boost::json::object& body) {
  v1::params given(body);
  ban wanted{.user = given.id("userId"), .since = wall_now()};
  const auto seconds = given.optional_integer("seconds", 0, ban_seconds_max).value_or(0);
  wanted.reason = given.optional_text("reason", reason_chars).value_or("");
  if (given.fault()) return *given.fault();
  if (seconds > 0) wanted.until = wanted.since + std::chrono::seconds(seconds);
  return wanted;
}

} // namespace

asio::awaitable<reply> make_ban(edge& at, const routed_request& request) {
  if (const auto may = auth::may_manage(request.by, auth::scope::admin); !may) co_return problem(may.error());
  auto body = body_object(request);
  if (!body) co_return problem(body.error());
  const auto wanted = read_ban(*body);
  if (!wanted) co_return problem(wanted.error());
  if (at.server.admitted.bans.size() >= bans_max)
    co_return problem({errc::too_large, "as many users are banned as may be, " + std::to_string(bans_max)});
  change what{.by = {}, .action = ban_user{*wanted}};
  auto r = co_await store_change(at, std::move(what));
  if (r.status == 200) r = json_reply(encode_ban(*wanted));
  co_return r;
}

asio::awaitable<reply> read_bans(edge& at, const routed_request& request) {
  if (const auto may = auth::may_manage(request.by, auth::scope::admin); !may) co_return problem(may.error());
  if (request.to.parameter("userId")) {
    const auto user = user_parameter(request.to, "userId");
    if (!user) co_return problem(user.error());
    const auto one = at.server.admitted.bans.find(*user, wall_now());
    co_return json_reply(R"({"bans":[)" + (one ? encode_ban(*one) : "") + R"(],"cursor":null})");
  }
  const auto limit = number_parameter(request.to, "limit", page_max);
  if (!limit) co_return problem(limit.error());
  const auto size = static_cast<std::size_t>(limit->value_or(page));
  const std::string after(request.to.parameter("cursor").value_or(""));
  const auto all = at.server.admitted.bans.list(after, size + 1, wall_now());
  std::string body = R"({"bans":[)";
  for (std::size_t i = 0; i < std::min(size, all.size()); ++i)
    body.append(i > 0 ? "," : "").append(encode_ban(all[i]));
  body += R"(],"cursor":)";
  body += all.size() > size ? json_string(all[size - 1].user.text()) : "null";
  co_return json_reply(body + "}");
}

/// What is not there is lifted.
asio::awaitable<reply> lift_ban(edge& at, const routed_request& request) {
  if (const auto may = auth::may_manage(request.by, auth::scope::admin); !may) co_return problem(may.error());
  auto user = path_id(request, 0);
  if (!user) co_return problem(user.error());
  const auto now = wall_now();
  change what{.by = {}, .action = ban_user{{.user = std::move(*user), .since = now, .until = now}}};
  auto r = co_await store_change(at, std::move(what));
  co_return r;
}

} // namespace hongyan
