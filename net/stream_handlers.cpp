// Messages that are written while they are read: an assistant speaks while it thinks (contract, section 7).

#include "core/wire/v1/encode.hpp"
#include "core/wire/v1/params.hpp"
#include "net/parameters.hpp"
#include "net/v1_handlers.hpp"

#include <limits>

namespace hongyan {

namespace {

namespace json = boost::json;

/// As whom somebody writes: a user, or an API key for any. Errors: unauthorized, forbidden.
result<stream_writer> writer_of(const auth::caller& by) {
  if (by.is == auth::caller::kind::user) return stream_writer{.user = by.token.user};
  if (const auto may = auth::may_manage(by, auth::scope::push); !may) return may.error();
  return stream_writer{.key = by.key};
}

/// The message that begins it: a text without a word yet.
result<new_message> first_message(json::object body, const user_id& from, const limits& limits) {
  const auto* content = body.if_contains("content");
  const bool is_empty =
      content == nullptr || content->is_null() || (content->is_string() && content->get_string().empty());
  if (!is_empty)
    return error{errc::malformed, "a message that streams begins without content; leave it out", "content"};
  body["content"] = "-"; // its place, for the parser
  auto command = v1::parse_command("message.send", body, from, limits);
  if (!command) return command.error();
  auto message = std::get<new_message>(*std::move(command));
  if (message.kind != message_kind::text) return error{errc::malformed, "only a text can stream", "kind"};
  message.kind = message_kind::text_stream;
  message.content.clear();
  return message;
}

/// What a user says counts to their day, as in any message. Errors: rate_limited, forbidden.
result<void> may_say(edge& at, const stream_writer& by, std::string_view words) {
  if (!by.user) return {};
  if (auto banned = at.server.admitted.bans.refusal(*by.user, wall_now())) return *banned;
  return admit_contents(at.server.admitted, at.server.figures, *by.user, words.size(), at.home.now());
}

/// What the streams actor answers, or why there is no answer.
template <class Answer, class Atom, class What>
asio::awaitable<result<Answer>> ask_streams(edge& at, Atom atom, What what) {
  const auto failed = [](error why) { return result<Answer>(boost::system::in_place_error, std::move(why)); };
  auto answer = co_await ask<Answer>(at.asks, at.server.streams, push_deadline, atom, std::move(what));
  if (!answer) co_return failed(public_error({errc::outcome_unknown}));
  if (answer->failure) co_return failed(public_error(*answer->failure));
  co_return answer;
}

} // namespace

asio::awaitable<reply> begin_stream(edge& at, const routed_request& request, json::object body,
                                    user_id from) {
  const auto& by = request.by;
  auto writer = writer_of(by);
  if (!writer) co_return problem(writer.error());
  auto message = first_message(std::move(body), from, at.server.config.limits);
  if (!message) co_return problem(message.error());
  if (const auto may = may_send(at, by, from, 0); !may) co_return problem(may.error());
  if (const auto refused = admit_write(at.server.admitted, at.server.figures)) co_return problem(*refused);
  message->by_back_end = by.is_back_end();
  message->traced = request.traced;
  stream_begin wanted{*std::move(message), *std::move(writer)};
  const auto begun = co_await ask_streams<stream_begun>(at, create_atom::value, std::move(wanted));
  if (!begun) co_return problem(begun.error());
  if (!begun->duplicate) at.server.figures.pushes_stored.Increment();
  auto answer = v1::send_result(*begun->message, begun->duplicate);
  answer.insert(answer.size() - 1, R"(,"streamId":")" + begun->id + '"');
  co_return json_reply(std::move(answer));
}

asio::awaitable<reply> write_stream(edge& at, const routed_request& request) {
  auto writer = writer_of(request.by);
  if (!writer) co_return problem(writer.error());
  auto body = body_object(request);
  if (!body) co_return problem(body.error());
  v1::params given(*body);
  stream_delta wanted{std::string(request.segments[0]), *std::move(writer), 0, {}};
  wanted.offset =
      static_cast<std::size_t>(given.integer("offset", 0, std::numeric_limits<std::int32_t>::max()));
  wanted.delta =
      given.text("delta", at.server.config.limits.body_bytes); // what is too long is said by the stream
  if (given.fault()) co_return problem(*given.fault());
  if (const auto may = may_say(at, wanted.by, wanted.delta); !may) co_return problem(may.error());
  const auto written = co_await ask_streams<stream_written>(at, write_atom::value, std::move(wanted));
  if (!written) co_return problem(written.error());
  co_return json_reply(R"({"offset":)" + std::to_string(written->offset) + '}');
}

asio::awaitable<reply> end_stream_of(edge& at, const routed_request& request) {
  auto writer = writer_of(request.by);
  if (!writer) co_return problem(writer.error());
  stream_finish wanted{.id = std::string(request.segments[0]), .by = *std::move(writer)};
  if (!request.http.body().empty()) {
    auto body = body_object(request);
    if (!body) co_return problem(body.error());
    v1::params given(*body);
    if (given.find("content") != nullptr)
      wanted.content = v1::read_words(given, at.server.config.limits.content_chars);
    if (given.fault()) co_return problem(*given.fault());
  }
  if (const auto may = may_say(at, wanted.by, wanted.content.value_or("")); !may)
    co_return problem(may.error());
  const auto finished = co_await ask_streams<stream_finished>(at, finish_atom::value, std::move(wanted));
  if (!finished) co_return problem(finished.error());
  co_return json_reply(v1::message_result(*finished->ended));
}

} // namespace hongyan
