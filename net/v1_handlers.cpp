#include "actors/admission.hpp"
#include "core/tools/wall_time.hpp"
#include "core/wire/json.hpp"
#include "core/wire/v1/encode.hpp"
#include "core/wire/v1/params.hpp"
#include "net/handlers.hpp"
#include "net/parameters.hpp"

#include <boost/json/object.hpp>

namespace hongyan {

namespace {

namespace json = boost::json;
using http_verb = boost::beast::http::verb;

/// The sessions or users that one question may be about.
constexpr std::size_t online_users_max = 200;

result<user_id> path_id(const routed_request& request, std::size_t segment) {
  return user_id::parse(request.segments[segment]);
}

/// Takes an id that HTTP adds to the parameters of a method, such as `from`, out of a body.
result<user_id> take_user(json::object& body, std::string_view name, const auth::caller& by) {
  const auto* value = body.if_contains(name);
  if (value == nullptr && by.is == auth::caller::kind::user) return by.token.user;
  auto id = read_user_id(value != nullptr ? *value : json::value());
  if (!id)
    return error{errc::malformed, std::string(name) + " must be a user id: " + std::string(user_id::accepted),
                 std::string(name)};
  body.erase(name);
  return id;
}

asio::awaitable<reply> write_message(edge& at, new_message m) {
  auto& server = at.server;
  if (const auto refused = admit_write(server.admitted, server.figures)) co_return problem(*refused);
  auto answer = co_await ask<append_answer>(at.asks, server.persistence, push_deadline, append_atom::value,
                                            std::move(m));
  if (!answer) co_return problem(public_error({errc::outcome_unknown}));
  if (answer->failure) co_return problem(public_error(*answer->failure));
  if (const auto refused = refusal_of(answer->outcome.status)) co_return problem(*refused);
  if (answer->outcome.status == append_status::stored) server.figures.pushes_stored.Increment();
  co_return json_reply(v1::send_result(*answer->stored, answer->outcome.status == append_status::duplicate));
}

asio::awaitable<reply> write_change(edge& at, change what, unsigned status) {
  auto& server = at.server;
  if (const auto refused = admit_write(server.admitted, server.figures)) co_return problem(*refused);
  auto answer = co_await ask<change_answer>(at.asks, server.persistence, push_deadline, change_atom::value,
                                            std::move(what));
  if (!answer) co_return problem(public_error({errc::outcome_unknown}));
  if (answer->failure) co_return problem(public_error(*answer->failure));
  auto r = json_reply(answer->group ? v1::group_result(*answer->group) : std::string(v1::empty_result));
  r.status = status;
  co_return r;
}

asio::awaitable<reply> write_mark(edge& at, read_mark mark) {
  auto& server = at.server;
  if (const auto refused = admit_write(server.admitted, server.figures)) co_return problem(*refused);
  auto answer = co_await ask<read_answer>(at.asks, server.persistence, push_deadline, read_atom::value,
                                          std::move(mark));
  if (!answer) co_return problem(public_error({errc::outcome_unknown}));
  if (answer->failure) co_return problem(public_error(*answer->failure));
  co_return json_reply(std::string(v1::empty_result));
}

asio::awaitable<reply> read_v1(edge& at, user_id user, v1::command what) {
  auto& server = at.server;
  const bool is_search = std::holds_alternative<search_query>(what);
  if (const auto refused = admit_read(server.admitted, server.figures, is_search))
    co_return problem(*refused);
  v1_question question{std::move(user), std::move(what), at.home.now() + ask_deadline};
  const auto& asked = is_search ? at.sessions.searches : at.sessions.history;
  auto answer = co_await ask<v1_answer>(at.asks, asked, ask_deadline, query_atom::value, std::move(question));
  if (!answer) co_return problem(answer.error());
  if (answer->failure) co_return problem(public_read_error(*answer->failure));
  co_return json_reply(std::move(answer->json));
}

/// What a request costs beyond the one as which it was let in before its body was read.
void count_cost(edge& at, const auth::caller& asker, const v1::command& what) {
  if (asker.is != auth::caller::kind::user) return;
  at.server.admitted.requests.charge(asker.token.user.text(), at.home.now(), v1::cost_of(what) - 1);
}

/// Carries out a method for `by`, as over a socket. `asker`: whose requests it counts to.
asio::awaitable<reply> carry_out(edge& at, const auth::caller& asker, std::string_view method,
                                 json::object params, user_id by, unsigned status, bool as_back_end) {
  auto command = v1::parse_command(method, params, by, at.server.config.limits);
  if (!command) co_return problem(command.error());
  count_cost(at, asker, *command);
  if (auto* m = std::get_if<new_message>(&*command)) {
    if (const auto may = may_send(at, asker, m->from, m->content.size()); !may)
      co_return problem(may.error());
    auto r = co_await write_message(at, std::move(*m));
    co_return r;
  }
  if (auto* what = std::get_if<change>(&*command)) {
    if (as_back_end) what->by.reset();
    auto r = co_await write_change(at, std::move(*what), status);
    co_return r;
  }
  if (auto* mark = std::get_if<read_mark>(&*command)) {
    auto r = co_await write_mark(at, std::move(*mark));
    co_return r;
  }
  auto r = co_await read_v1(at, std::move(by), std::move(*command));
  co_return r;
}

asio::awaitable<reply> send_message(edge& at, const routed_request& request) {
  auto body = body_object(request);
  if (!body) co_return problem(body.error());
  auto from = take_user(*body, "from", request.by);
  if (!from) co_return problem(from.error());
  // Whose it is comes first: what else is wrong with it is for its owner to know.
  if (const auto may = auth::may_act_as(request.by, *from, auth::scope::push); !may)
    co_return problem(may.error());
  auto r = co_await carry_out(at, request.by, "message.send", std::move(*body), std::move(*from), 200, false);
  co_return r;
}

/// For whom a request reads: the parameter userId; of a user, by default itself.
result<user_id> reading_user(const routed_request& request) {
  const auto given = request.to.parameter("userId");
  auto user = given && !*given && request.by.is == auth::caller::kind::user
                  ? result<user_id>(request.by.token.user)
                  : user_parameter(request.to, "userId");
  if (!user) return user;
  if (const auto may = auth::may_act_as(request.by, *user, auth::scope::admin); !may) return may.error();
  return user;
}

/// Adds `in`, which is `peer=` or `group=` in a query. False: neither is given.
result<bool> add_in(json::object& params, const target& to) {
  const auto peer = to.parameter("peer"), group = to.parameter("group");
  if (!peer) return peer.error();
  if (!group) return group.error();
  if (*peer && *group)
    return error{errc::malformed, "one of the parameters peer and group must be given, not both", "peer"};
  if (!*peer && !*group) return false;
  const auto id = user_parameter(to, *peer ? "peer" : "group");
  if (!id) return id.error();
  params["in"] = json::object{{*peer ? "userId" : "groupId", id->text()}};
  return true;
}

/// The parameters of a page: `cursor` and `limit`.
result<json::object> page_parameters(const target& to) {
  json::object params;
  auto limit = number_parameter(to, "limit", history_limit_max);
  if (!limit) return limit.error();
  if (*limit) params["limit"] = **limit;
  const auto cursor = to.parameter("cursor");
  if (!cursor) return cursor.error();
  if (*cursor) params["cursor"] = **cursor;
  return params;
}

/// The parameters of message.history, from the query.
result<json::object> history_parameters(const target& to) {
  json::object params;
  const auto placed = add_in(params, to);
  if (!placed) return placed.error();
  if (!*placed) return error{errc::malformed, "one of the parameters peer and group must be given", "peer"};
  for (const auto* name : {"beforeSeq", "afterSeq", "limit"}) {
    auto number = number_parameter(to, name, std::numeric_limits<std::int64_t>::max(), 0);
    if (!number) return number.error();
    if (*number) params[name] = **number;
  }
  return params;
}

asio::awaitable<reply> read_messages(edge& at, const routed_request& request) {
  auto user = reading_user(request);
  if (!user) co_return problem(user.error());
  auto params = history_parameters(request.to);
  if (!params) co_return problem(params.error());
  auto r =
      co_await carry_out(at, request.by, "message.history", std::move(*params), std::move(*user), 200, false);
  co_return r;
}

asio::awaitable<reply> read_conversations(edge& at, const routed_request& request) {
  auto user = reading_user(request);
  if (!user) co_return problem(user.error());
  auto params = page_parameters(request.to);
  if (!params) co_return problem(params.error());
  auto r = co_await carry_out(at, request.by, "conversation.list", std::move(*params), std::move(*user), 200,
                              false);
  co_return r;
}

asio::awaitable<reply> mark_conversation(edge& at, const routed_request& request) {
  auto user = reading_user(request);
  if (!user) co_return problem(user.error());
  auto body = body_object(request);
  if (!body) co_return problem(body.error());
  auto r =
      co_await carry_out(at, request.by, "conversation.read", std::move(*body), std::move(*user), 200, false);
  co_return r;
}

asio::awaitable<reply> search_messages(edge& at, const routed_request& request) {
  auto user = reading_user(request);
  if (!user) co_return problem(user.error());
  auto params = page_parameters(request.to);
  if (!params) co_return problem(params.error());
  if (const auto placed = add_in(*params, request.to); !placed) co_return problem(placed.error());
  const auto words = request.to.parameter("query");
  if (!words) co_return problem(words.error());
  if (*words) (*params)["query"] = **words;
  auto r =
      co_await carry_out(at, request.by, "message.search", std::move(*params), std::move(*user), 200, false);
  co_return r;
}

asio::awaitable<reply> read_members(edge& at, const routed_request& request) {
  auto user = reading_user(request);
  if (!user) co_return problem(user.error());
  auto group = path_id(request, 0);
  if (!group) co_return problem(group.error());
  auto params = page_parameters(request.to);
  if (!params) co_return problem(params.error());
  (*params)["groupId"] = group->text();
  auto r =
      co_await carry_out(at, request.by, "group.members", std::move(*params), std::move(*user), 200, false);
  co_return r;
}

asio::awaitable<reply> make_group(edge& at, const routed_request& request) {
  auto body = body_object(request);
  if (!body) co_return problem(body.error());
  auto owner = take_user(*body, "owner", request.by);
  if (!owner) co_return problem(owner.error());
  if (const auto may = auth::may_act_as(request.by, *owner, auth::scope::admin); !may)
    co_return problem(may.error());
  auto command = v1::parse_command("group.create", *body, *owner, at.server.config.limits);
  if (!command) co_return problem(command.error());
  count_cost(at, request.by, *command);
  auto& what = std::get<change>(*command);
  what.by_back_end = request.by.is == auth::caller::kind::back_end;
  auto r = co_await write_change(at, std::move(what), 201);
  co_return r;
}

/// Who changes a group: a user with the rights they have in it, or the back end with all.
struct group_hand {
  user_id user;
  bool is_back_end = false;
};
result<group_hand> hand_of(const auth::caller& by) {
  if (by.is == auth::caller::kind::user) return group_hand{by.token.user};
  if (const auto may = auth::may_manage(by, auth::scope::admin); !may) return may.error();
  return group_hand{.user = {}, .is_back_end = true};
}

/// GET, PATCH, DELETE of one group.
asio::awaitable<reply> one_group(edge& at, const routed_request& request) {
  auto hand = hand_of(request.by);
  if (!hand) co_return problem(hand.error());
  auto id = path_id(request, 0);
  if (!id) co_return problem(id.error());
  const bool reads = request.http.method() == http_verb::get || request.http.method() == http_verb::head;
  if (reads && hand->is_back_end) {
    // The history shows groups to their members; the back end is none, so it makes a change of nothing.
    change nothing{.by = {}, .action = update_group{.group = std::move(*id)}};
    auto r = co_await write_change(at, std::move(nothing), 200);
    co_return r;
  }
  json::object params;
  std::string_view method = reads ? "group.get" : "group.dismiss";
  if (request.http.method() == http_verb::patch) {
    method = "group.update";
    auto body = body_object(request);
    if (!body) co_return problem(body.error());
    params = std::move(*body);
  }
  params["groupId"] = id->text();
  auto r = co_await carry_out(at, request.by, method, std::move(params), std::move(hand->user), 200,
                              hand->is_back_end);
  co_return r;
}

/// PUT takes a user in, with a role when one is given; DELETE removes them.
asio::awaitable<reply> one_member(edge& at, const routed_request& request) {
  const auto hand = hand_of(request.by);
  if (!hand) co_return problem(hand.error());
  auto group = path_id(request, 0);
  if (!group) co_return problem(group.error());
  auto user = path_id(request, 1);
  if (!user) co_return problem(user.error());
  auto by = hand->user;
  json::object params{{"groupId", group->text()}, {"userIds", json::array{user->text()}}};
  if (request.http.method() == http_verb::delete_) {
    auto r = co_await carry_out(at, request.by, "group.remove", std::move(params), std::move(by), 200,
                                hand->is_back_end);
    co_return r;
  }
  json::object role{{"groupId", group->text()}, {"userId", user->text()}};
  if (!request.http.body().empty()) {
    auto body = body_object(request);
    if (!body) co_return problem(body.error());
    if (auto* given = body->if_contains("role")) role["role"] = std::move(*given);
  }
  auto command = v1::parse_command("group.add", params, by, at.server.config.limits);
  if (!command) co_return problem(command.error());
  auto& what = std::get<change>(*command);
  if (role.contains("role")) {
    const auto given = v1::parse_command("group.role", role, by, at.server.config.limits);
    if (!given) co_return problem(given.error());
    std::get<add_members>(what.action).role = std::get<set_role>(std::get<change>(*given).action).role;
  }
  if (hand->is_back_end) what.by.reset();
  auto r = co_await write_change(at, std::move(what), 200);
  co_return r;
}

/// GET shows a profile to users and back ends, PUT is for back ends.
asio::awaitable<reply> one_user(edge& at, const routed_request& request) {
  const bool reads = request.http.method() != http_verb::put;
  const bool is_user = request.by.is == auth::caller::kind::user;
  if (!reads || !is_user)
    if (const auto may = auth::may_manage(request.by, auth::scope::admin); !may)
      co_return problem(may.error());
  auto id = path_id(request, 0);
  if (!id) co_return problem(id.error());
  if (reads) { // of a back end, as the user themselves
    auto asks = is_user ? request.by.token.user : *id;
    v1::command one{v1::get_profiles{.users = {std::move(*id)}, .only_one = true}};
    auto r = co_await read_v1(at, std::move(asks), std::move(one));
    co_return r;
  }
  auto body = body_object(request);
  if (!body) co_return problem(body.error());
  auto r = co_await carry_out(at, request.by, "user.update", std::move(*body), std::move(*id), 200, false);
  co_return r;
}

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

/// Stores that the user's tokens are good no more. Nothing: it is durable.
asio::awaitable<std::optional<reply>> store_revocation(edge& at, revocation what) {
  change revoke{.by = {}, .action = revoke_tokens{std::move(what.user), what.at_us}};
  auto r = co_await write_change(at, std::move(revoke), 200);
  if (r.status == 200) co_return std::nullopt;
  co_return r;
}

/// Kicks the user; with `?revoke=true` the tokens that they have are good no more.
asio::awaitable<reply> end_sessions(edge& at, const routed_request& request, user_id user) {
  const auto asked = request.to.parameter("revoke");
  if (!asked) co_return problem(asked.error());
  if (*asked && **asked != "true" && **asked != "false")
    co_return problem({errc::malformed, "the parameter revoke must be true or false", "revoke"});
  result<std::size_t> closed(std::size_t{0});
  if (*asked && **asked == "true") {
    revocation what{std::move(user), auth::now_us()};
    revocation stored = what;
    auto failed = co_await store_revocation(at, std::move(stored));
    if (failed) co_return std::move(*failed);
    closed = co_await ask<std::size_t>(at.asks, at.server.registry, ask_deadline, revoke_atom::value,
                                       std::move(what));
  } else {
    closed = co_await ask<std::size_t>(at.asks, at.server.registry, ask_deadline, kick_atom::value,
                                       std::move(user));
  }
  if (!closed) co_return problem(closed.error());
  co_return json_reply(R"({"closed":)" + std::to_string(*closed) + "}");
}

asio::awaitable<reply> user_sessions(edge& at, const routed_request& request) {
  const bool ends = request.http.method() == http_verb::delete_;
  const auto may = ends ? auth::may_manage(request.by, auth::scope::admin)
                        : auth::may_manage(request.by, {auth::scope::observe, auth::scope::admin});
  if (!may) co_return problem(may.error());
  auto id = path_id(request, 0);
  if (!id) co_return problem(id.error());
  if (ends) {
    auto r = co_await end_sessions(at, request, std::move(*id));
    co_return r;
  }
  auto sessions = co_await ask<session_list>(at.asks, at.server.registry, ask_deadline, sessions_atom::value,
                                             std::move(*id));
  if (!sessions) co_return problem(sessions.error());
  co_return json_reply(encode_sessions(**sessions));
}

result<std::vector<user_id>> users_parameter(const target& to) {
  const auto given = to.parameter("userIds");
  if (!given) return given.error();
  if (!*given)
    return error{errc::malformed, "the parameter userIds is missing: ids, separated by commas", "userIds"};
  std::vector<user_id> users;
  for (auto rest = **given;;) {
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

asio::awaitable<reply> online_of(edge& at, const routed_request& request) {
  auto users = users_parameter(request.to);
  if (!users) co_return problem(users.error());
  auto online = co_await ask<std::vector<user_id>>(at.asks, at.server.registry, ask_deadline,
                                                   online_atom::value, std::move(*users));
  if (!online) co_return problem(online.error());
  co_return json_reply(v1::presence_result(*online));
}

} // namespace

asio::awaitable<reply> handle_v1(edge& at, endpoint to, const routed_request& request) {
  switch (to) {
  case endpoint::v1_messages:
    if (request.http.method() == http_verb::post) co_return co_await send_message(at, request);
    co_return co_await read_messages(at, request);
  case endpoint::v1_conversations: co_return co_await read_conversations(at, request);
  case endpoint::v1_read: co_return co_await mark_conversation(at, request);
  case endpoint::v1_search: co_return co_await search_messages(at, request);
  case endpoint::v1_members: co_return co_await read_members(at, request);
  case endpoint::v1_groups: co_return co_await make_group(at, request);
  case endpoint::v1_group: co_return co_await one_group(at, request);
  case endpoint::v1_member: co_return co_await one_member(at, request);
  case endpoint::v1_user: co_return co_await one_user(at, request);
  case endpoint::v1_user_sessions: co_return co_await user_sessions(at, request);
  case endpoint::v1_online: co_return co_await online_of(at, request);
  case endpoint::v1_tokens: co_return make_token(at, request);
  case endpoint::v1_wechat_login: co_return co_await log_in(at, request);
  default: break;
  }
  co_return problem({errc::not_found, "there is nothing at this path"});
}

} // namespace hongyan
