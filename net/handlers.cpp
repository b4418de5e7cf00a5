#include "net/handlers.hpp"

#include "actors/admission.hpp"
#include "core/wire/classic.hpp"
#include "net/parameters.hpp"

namespace hongyan {

namespace {

result<history_query> parse_history_query(const target& to, std::size_t default_limit) {
  auto user = user_parameter(to, "userId");
  if (!user) return user.error();
  history_query query{.user = std::move(*user), .limit = default_limit};
  if (to.parameter("targetUserId")) {
    auto peer = user_parameter(to, "targetUserId");
    if (!peer) return peer.error();
    query.peer = std::move(*peer);
  }
  auto before = number_parameter(to, "beforeId", std::numeric_limits<std::int64_t>::max());
  if (!before) return before.error();
  query.before_id = *before;
  auto limit = number_parameter(to, "limit", history_limit_max);
  if (!limit) return limit.error();
  if (*limit) query.limit = static_cast<std::size_t>(**limit);
  return query;
}

reply push_failed(server_context& server, const error& e) {
  server.figures.pushes.Add({{"outcome", std::string(row_of(e.code).name)}}).Increment();
  return problem(e);
}

reply pushed(server_context& server, append_status status) {
  if (const auto refused = refusal_of(status)) return push_failed(server, *refused);
  if (status == append_status::duplicate) {
    server.figures.pushes.Add({{"outcome", "duplicate"}}).Increment();
  } else {
    server.figures.pushes_stored.Increment();
  }
  return text_reply("MSG SEND SUCCESS");
}

} // namespace

result<void> may_send(edge& at, const auth::caller& by, const user_id& from, std::size_t content_bytes) {
  const auto may = auth::may_act_as(by, from, auth::scope::push);
  if (!may || by.is != auth::caller::kind::user) return may;
  return admit_send(at.server.admitted, at.server.figures, from, content_bytes, at.home.now());
}

asio::awaitable<reply> push(edge& at, const routed_request& request) {
  auto& server = at.server;
  auto message = classic::parse_push(request.http.body(), server.config.limits);
  if (!message) co_return push_failed(server, message.error());
  if (const auto may = may_send(at, request.by, message->from, message->content.size()); !may)
    co_return push_failed(server, may.error());
  if (const auto refusal = admit_write(server.admitted, server.figures))
    co_return push_failed(server, *refusal);

  message->by_back_end = request.by.is_back_end();
  message->traced = request.traced;
  const auto begin = at.home.now();
  auto answer = co_await ask<append_answer>(at.asks, server.persistence, push_deadline, append_atom::value,
                                            std::move(*message));
  server.figures.push_seconds.Observe(seconds_of(at.home.now() - begin));
  // It may still be stored: its turn comes, or its commit is settled, after we gave up.
  if (!answer) co_return push_failed(server, public_error({errc::outcome_unknown}));
  if (answer->failure) co_return push_failed(server, public_error(*answer->failure));
  co_return pushed(server, answer->outcome.status);
}

asio::awaitable<reply> get_message(edge& at, const routed_request& request) {
  auto& server = at.server;
  auto query = parse_history_query(request.to, server.config.classic_window);
  if (!query) co_return problem(query.error());
  if (const auto may = auth::may_act_as(request.by, query->user, auth::scope::admin); !may)
    co_return problem(may.error());
  if (const auto refusal = admit_read(server.admitted, server.figures)) co_return problem(*refusal);

  // A variable, since GCC 12 destroys a temporary in a co_await expression twice.
  history_question question{std::move(*query), at.home.now() + ask_deadline};
  auto answer = co_await ask<history_answer>(at.asks, at.sessions.history, ask_deadline, query_atom::value,
                                             std::move(question));
  if (!answer) co_return problem(answer.error());
  if (answer->failure) co_return problem(public_read_error(*answer->failure));
  co_return json_reply(classic::encode_chats(*answer->messages));
}

asio::awaitable<reply> get_online_user(edge& at, const routed_request&) {
  auto online = co_await ask<online_ptr>(at.asks, at.server.registry, ask_deadline, online_atom::value);
  if (!online) co_return problem(online.error());
  co_return json_reply(classic::encode_online(**online));
}

asio::awaitable<reply> close_user(edge& at, const routed_request& request) {
  auto user = user_parameter(request.to, "userId");
  if (!user) co_return problem(user.error());
  auto closed = co_await ask<std::size_t>(at.asks, at.server.registry, ask_deadline, kick_atom::value,
                                          std::move(*user));
  if (!closed) co_return problem(closed.error());
  co_return text_reply("ok");
}

} // namespace hongyan
