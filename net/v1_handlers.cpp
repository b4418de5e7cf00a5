#include "net/v1_handlers.hpp"

#include "core/wire/json.hpp"
#include "core/wire/v1/encode.hpp"
#include "net/parameters.hpp"

#include <charconv>
#include <limits>

namespace hongyan {

namespace {

namespace json = boost::json;

asio::awaitable<reply> store_message(edge& at, new_message m) {
  const auto answer = co_await ask_to_store<append_answer>(at, append_atom::value, std::move(m));
  if (!answer) co_return problem(answer.error());
  if (const auto refused = refusal_of(answer->outcome.status)) co_return problem(*refused);
  if (answer->outcome.status == append_status::stored) at.server.figures.pushes_stored.Increment();
  co_return json_reply(v1::send_result(*answer->stored, answer->outcome.status == append_status::duplicate));
}

asio::awaitable<reply> store_mark(edge& at, read_mark mark) {
  const auto answer = co_await ask_to_store<read_answer>(at, read_atom::value, std::move(mark));
  if (!answer) co_return problem(answer.error());
  co_return json_reply(std::string(v1::empty_result));
}

/// Asks whoever carries out a command: an overload for each errand that HTTP has.
struct errand_runner {
  edge& at;
  const routed_request& request;
  const user_id& by;

  asio::awaitable<reply> operator()(new_message& m) const {
    if (const auto may = may_send(at, request.by, m.from, m.content.size()); !may)
      return refused(may.error());
    m.by_back_end = request.by.is_back_end();
    m.traced = request.traced;
    return store_message(at, std::move(m));
  }
  asio::awaitable<reply> operator()(change& what) const {
    what.by_back_end = request.by.is_back_end();
    return store_change(at, std::move(what));
  }
  asio::awaitable<reply> operator()(read_mark& mark) const { return store_mark(at, std::move(mark)); }
  template <v1::readable Query>
  asio::awaitable<reply> operator()(Query& query) const {
    return ask_history(at, by, v1::errand_of<Query>, std::move(query));
  }
  /// Of a socket alone.
  template <class Other>
  requires(v1::errand_of<Other> == v1::errand::watch || v1::errand_of<Other> == v1::errand::unwatch ||
           v1::errand_of<Other> == v1::errand::own) asio::awaitable<reply>
  operator()(Other&) const { return refused({errc::internal, "it is not for HTTP"}); }

  static asio::awaitable<reply> refused(error why) { co_return problem(why); }
};

/// Carries out a method whose parameters were read from a request.
asio::awaitable<reply> run_method(edge& at, const routed_request& request, std::string_view method,
                                  result<json::object> params) {
  auto user = acting_user(request);
  if (!user) co_return problem(user.error());
  if (!params) co_return problem(params.error());
  auto r = co_await carry_out(at, request, method, std::move(*params), std::move(*user));
  co_return r;
}

} // namespace

result<user_id> path_id(const routed_request& request, std::size_t segment) {
  return user_id::parse(request.segments[segment]);
}

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

result<user_id> acting_user(const routed_request& request) {
  const bool by_itself = request.by.is == auth::caller::kind::user && !request.to.parameter("userId");
  auto user = by_itself ? result<user_id>(request.by.token.user) : user_parameter(request.to, "userId");
  if (!user) return user;
  if (const auto may = auth::may_act_as(request.by, *user, auth::scope::admin); !may) return may.error();
  return user;
}

result<json::object> query_parameters(const target& to, std::initializer_list<std::string_view> numbers,
                                      std::initializer_list<std::string_view> texts, bool with_in) {
  json::object params;
  if (with_in) {
    const auto peer = to.parameter("peer"), group = to.parameter("group");
    if (peer && group)
      return error{errc::malformed, "one of the parameters peer and group must be given, not both", "peer"};
    if (peer || group) {
      const auto id = user_parameter(to, peer ? "peer" : "group");
      if (!id) return id.error();
      params["in"] = json::object{{peer ? "userId" : "groupId", id->text()}};
    }
  }
  for (const auto name : numbers) {
    const bool is_limit = name == "limit";
    auto number = number_parameter(
        to, name, is_limit ? history_limit_max : std::numeric_limits<std::int64_t>::max(), is_limit ? 1 : 0);
    if (!number) return number.error();
    if (*number) params[name] = **number;
  }
  for (const auto name : texts)
    if (const auto text = to.parameter(name)) params[name] = *text;
  return params;
}

void count_cost(edge& at, const auth::caller& asker, const v1::command& what) {
  if (asker.is != auth::caller::kind::user) return;
  at.server.admitted.requests.charge(asker.token.user.text(), at.home.now(), v1::cost_of(what) - 1);
}

asio::awaitable<reply> carry_out(edge& at, const routed_request& request, std::string_view method,
                                 json::object params, user_id by) {
  auto command = v1::parse_command(method, params, by, at.server.config.limits);
  if (!command) co_return problem(command.error());
  count_cost(at, request.by, *command);
  auto errand = std::visit(errand_runner{at, request, by}, *command);
  auto r = co_await std::move(errand);
  co_return r;
}

result<std::int64_t> path_message_id(const routed_request& request) {
  const auto text = request.segments[0];
  std::int64_t id = 0;
  const auto [end, fault] = std::from_chars(text.data(), text.data() + text.size(), id);
  if (fault == std::errc() && end == text.data() + text.size() && id > 0) return id;
  return error{errc::malformed, "the path names a message by its id, a whole number above 0", "id"};
}

asio::awaitable<reply> store_change(edge& at, change what, unsigned status) {
  const auto answer = co_await ask_to_store<change_answer>(at, change_atom::value, std::move(what));
  if (!answer) co_return problem(answer.error());
  auto r = json_reply(answer->group ? v1::group_result(*answer->group) : std::string(v1::empty_result));
  r.status = status;
  co_return r;
}

asio::awaitable<reply> ask_history(edge& at, user_id user, v1::errand what, v1::command query) {
  auto& server = at.server;
  const bool is_search = what == v1::errand::search;
  if (const auto refused = admit_read(server.admitted, server.figures, is_search))
    co_return problem(*refused);
  v1_question question{std::move(user), std::move(query), at.home.now() + ask_deadline};
  const auto& asked = is_search ? at.sessions.searches : at.sessions.history;
  auto answer = co_await ask<v1_answer>(at.asks, asked, ask_deadline, query_atom::value, std::move(question));
  if (!answer) co_return problem(answer.error());
  if (answer->failure) co_return problem(public_read_error(*answer->failure));
  co_return json_reply(std::move(answer->json));
}

// ---- messages and conversations ----

asio::awaitable<reply> send_message(edge& at, const routed_request& request) {
  auto body = body_object(request);
  if (!body) co_return problem(body.error());
  auto from = take_user(*body, "from", request.by);
  if (!from) co_return problem(from.error());
  // Whose it is comes first: what else is wrong with it is for its owner to know.
  if (const auto may = auth::may_act_as(request.by, *from, auth::scope::push); !may)
    co_return problem(may.error());
  if (const auto* stream = body->if_contains("stream"); stream != nullptr && !stream->is_null()) {
    if (!stream->is_bool()) co_return problem({errc::malformed, "stream is not true or false", "stream"});
    if (stream->get_bool()) {
      auto begun = co_await begin_stream(at, request, std::move(*body), std::move(*from));
      co_return begun;
    }
    body->erase("stream");
  }
  auto r = co_await carry_out(at, request, "message.send", std::move(*body), std::move(*from));
  co_return r;
}

/// By the back end: any message, at any time.
asio::awaitable<reply> recall_message_of(edge& at, const routed_request& request) {
  if (const auto may = auth::may_manage(request.by, auth::scope::push); !may) co_return problem(may.error());
  const auto id = path_message_id(request);
  if (!id) co_return problem(id.error());
  change what{.action = recall_by_id{*id}};
  auto r = co_await store_change(at, std::move(what));
  co_return r;
}

asio::awaitable<reply> read_messages(edge& at, const routed_request& request) {
  auto params = query_parameters(request.to, {"beforeSeq", "afterSeq", "limit"}, {}, true);
  if (params && !params->contains("in"))
    params = error{errc::malformed, "one of the parameters peer and group must be given", "peer"};
  return run_method(at, request, "message.history", std::move(params));
}

asio::awaitable<reply> read_conversations(edge& at, const routed_request& request) {
  return run_method(at, request, "conversation.list", query_parameters(request.to, {"limit"}, {"cursor"}));
}

asio::awaitable<reply> mark_conversation(edge& at, const routed_request& request) {
  return run_method(at, request, "conversation.read", body_object(request));
}

asio::awaitable<reply> search_messages(edge& at, const routed_request& request) {
  return run_method(at, request, "message.search",
                    query_parameters(request.to, {"limit"}, {"cursor", "query"}, true));
}

} // namespace hongyan
