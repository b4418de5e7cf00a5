// Groups and their members over HTTP: by a user with the rights they have in it, or by a back end with all.

#include "core/wire/v1/params.hpp"
#include "net/parameters.hpp"
#include "net/v1_handlers.hpp"

namespace hongyan {

namespace {

namespace json = boost::json;

/// Who changes a group, and which.
struct group_access {
  user_id id;
  std::optional<user_id> by; ///< nobody: a back end

  /// For whom a method's parameters are read.
  user_id reader() const { return by.value_or(user_id()); }
};

result<group_access> access_of(const routed_request& request) {
  group_access access;
  if (request.by.is == auth::caller::kind::user) {
    access.by = request.by.token.user;
  } else if (const auto may = auth::may_manage(request.by, auth::scope::admin); !may) {
    return may.error();
  }
  auto id = path_id(request, 0);
  if (!id) return id.error();
  access.id = std::move(*id);
  return access;
}

/// Stores what is to become of a group.
template <class Action>
asio::awaitable<reply> change_group(edge& at, const routed_request& request, group_access access,
                                    Action action) {
  change what{std::move(access.by), std::move(action)};
  count_cost(at, request.by, what);
  return store_change(at, std::move(what));
}

} // namespace

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
  what.by_back_end = request.by.is_back_end();
  auto r = co_await store_change(at, std::move(what), 201);
  co_return r;
}

asio::awaitable<reply> read_group(edge& at, const routed_request& request) {
  auto access = access_of(request);
  if (!access) co_return problem(access.error());
  if (!access->by) {
    // The history shows groups to their members; the back end is none, so it makes a change of nothing.
    update_group nothing{.group = access->id};
    auto shown = co_await change_group(at, request, std::move(*access), std::move(nothing));
    co_return shown;
  }
  v1::command query{v1::get_group{access->id}};
  auto r = co_await ask_history(at, std::move(*access->by), v1::errand::read, std::move(query));
  co_return r;
}

asio::awaitable<reply> update_group_of(edge& at, const routed_request& request) {
  auto access = access_of(request);
  if (!access) co_return problem(access.error());
  auto body = body_object(request);
  if (!body) co_return problem(body.error());
  (*body)["groupId"] = access->id.text();
  auto command = v1::parse_command("group.update", *body, access->reader(), at.server.config.limits);
  if (!command) co_return problem(command.error());
  auto action = std::move(std::get<change>(*command).action);
  auto r = co_await change_group(at, request, std::move(*access), std::move(action));
  co_return r;
}

asio::awaitable<reply> dismiss_group_of(edge& at, const routed_request& request) {
  auto access = access_of(request);
  if (!access) co_return problem(access.error());
  dismiss_group action{access->id};
  auto r = co_await change_group(at, request, std::move(*access), std::move(action));
  co_return r;
}

asio::awaitable<reply> read_members(edge& at, const routed_request& request) {
  auto user = acting_user(request);
  if (!user) co_return problem(user.error());
  auto group = path_id(request, 0);
  if (!group) co_return problem(group.error());
  auto params = query_parameters(request.to, {"limit"}, {"cursor"});
  if (!params) co_return problem(params.error());
  (*params)["groupId"] = group->text();
  auto r = co_await carry_out(at, request, "group.members", std::move(*params), std::move(*user));
  co_return r;
}

/// Takes a user in, with a role when one is given; who is in it gets the role.
asio::awaitable<reply> put_member(edge& at, const routed_request& request) {
  auto access = access_of(request);
  if (!access) co_return problem(access.error());
  auto user = path_id(request, 1);
  if (!user) co_return problem(user.error());
  add_members action{.group = access->id, .users = {*user}};
  if (!request.http.body().empty()) {
    auto body = body_object(request);
    if (!body) co_return problem(body.error());
    v1::params given(*body);
    if (const auto role = given.optional_choice("role", group_role_names))
      action.role = static_cast<group_role>(*role);
    if (given.fault()) co_return problem(*given.fault());
  }
  auto r = co_await change_group(at, request, std::move(*access), std::move(action));
  co_return r;
}

asio::awaitable<reply> remove_member(edge& at, const routed_request& request) {
  auto access = access_of(request);
  if (!access) co_return problem(access.error());
  auto user = path_id(request, 1);
  if (!user) co_return problem(user.error());
  remove_members action{access->id, {*user}};
  auto r = co_await change_group(at, request, std::move(*access), std::move(action));
  co_return r;
}

} // namespace hongyan
