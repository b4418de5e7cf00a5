/// What the HTTP side of v1 is put together from: a request's parts become a command of v1, by v1's own
/// parser, and whoever carries it out over a socket carries it out here.
#pragma once

#include "actors/admission.hpp"
#include "core/wire/v1/commands.hpp"
#include "net/handlers.hpp"

#include <boost/json/object.hpp>
#include <initializer_list>

namespace hongyan {

/// An id that is a segment of the path.
result<user_id> path_id(const routed_request& request, std::size_t segment);

/// A message's, that is the first segment of the path.
result<std::int64_t> path_message_id(const routed_request& request);

/// Takes an id that HTTP adds to the parameters of a method, such as `from`, out of a body; a user may leave
/// it out.
result<user_id> take_user(boost::json::object& body, std::string_view name, const auth::caller& by);

/// For whom a request reads or marks: the parameter userId; of a user, by default itself. Errors: malformed,
/// unauthorized, forbidden.
result<user_id> acting_user(const routed_request& request);

/// A method's parameters from the query: numbers, and texts; those that are not given are left out. `in`
/// comes of `peer=` or `group=`, where `with_in` says so.
result<boost::json::object> query_parameters(const target& to,
                                             std::initializer_list<std::string_view> numbers,
                                             std::initializer_list<std::string_view> texts,
                                             bool with_in = false);

/// Carries out a method for the user `by`, as over a socket; it counts to who asks.
asio::awaitable<reply> carry_out(edge& at, const routed_request& request, std::string_view method,
                                 boost::json::object params, user_id by);

/// A message with `stream: true`; `body` without `from`.
asio::awaitable<reply> begin_stream(edge& at, const routed_request& request, boost::json::object body,
                                    user_id from);

/// Asks persistence for what is stored, when a write may be. Errors: unavailable, rate_limited;
/// outcome_unknown and the answer's own failure, in words for strangers.
template <class Answer, class Atom, class What>
asio::awaitable<result<Answer>> ask_to_store(edge& at, Atom atom, What what) {
  auto& server = at.server;
  // Named, since an answer could be made of an error, too.
  const auto failed = [](error why) { return result<Answer>(boost::system::in_place_error, std::move(why)); };
  if (const auto refused = admit_write(server.admitted, server.figures)) co_return failed(*refused);
  auto answer = co_await ask<Answer>(at.asks, server.persistence, push_deadline, atom, std::move(what));
  if (!answer) co_return failed(public_error({errc::outcome_unknown}));
  if (answer->failure) co_return failed(public_error(*answer->failure));
  co_return answer;
}

/// Stores a change. `status`: when it was stored.
asio::awaitable<reply> store_change(edge& at, change what, unsigned status = 200);

/// How far webhooks are, and what one has given up.
asio::awaitable<result<webhook_answer>> ask_of_webhooks(edge& at, webhook_question question);

asio::awaitable<reply> ask_history(edge& at, user_id user, v1::errand what, v1::command query);

/// What a request costs beyond the one as which it was let in before its body was read.
void count_cost(edge& at, const auth::caller& asker, const v1::command& what);

} // namespace hongyan
