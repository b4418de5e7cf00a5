// How far webhooks are, and what is to be sent again (contract, section 8).

#include "core/tools/wall_time.hpp"
#include "core/wire/json.hpp"
#include "net/parameters.hpp"
#include "net/v1_handlers.hpp"
#include "webhooks/delivery.hpp"

#include <boost/json/array.hpp>
#include <charconv>

namespace hongyan {

namespace {

namespace json = boost::json;

/// Of one that is asked for, and what counts as many.
constexpr std::size_t failed_page = 100, failed_counted = 1000;
/// Events that are wanted again at once.
constexpr std::size_t replay_ids_max = 1000;

error no_such_webhook() { return {errc::not_found, "there is no webhook of this name"}; }

std::optional<webhook_of_node> find_webhook(edge& at, std::string_view name) {
  const auto all = at.server.webhooks.get();
  const auto found = std::ranges::find(
      *all, name, [](const webhook_of_node& one) { return std::string_view(one.settings.name); });
  return found == all->end() ? std::nullopt : std::optional(*found);
}

/// A time of the notes.
json::value time_of(const json::object& notes, std::string_view name) {
  const auto* ms = notes.if_contains(name);
  if (ms == nullptr || !ms->is_int64()) return nullptr;
  std::string text;
  append_utc_time(text, from_ms(ms->get_int64()));
  return json::value(text);
}

/// One, as its holder has last said.
json::object state_of(const webhook_settings& settings, const webhook_row* row) {
  const auto notes = parse_json(row != nullptr ? row->notes : "");
  const json::object none;
  const json::object& said = notes && notes->is_object() ? notes->get_object() : none;
  const auto* state = text_of(said, "state");
  const auto* why = text_of(said, "lastError");
  const auto* lag = said.if_contains("lag");
  json::object one;
  one["name"] = settings.name;
  one["url"] = settings.url;
  one["state"] = state != nullptr ? std::string_view(*state) : "delivering";
  one["lastId"] = std::to_string(row != nullptr ? row->position : 0);
  one["lagSeconds"] = lag != nullptr ? *lag : json::value(0);
  if (why != nullptr)
    one["lastError"] = json::object{{"at", time_of(said, "lastErrorAt")}, {"detail", *why}};
  else
    one["lastError"] = nullptr;
  one["nextTryAt"] = time_of(said, "next");
  return one;
}

json::object failed_json(const failed_event& one) {
  std::string at;
  append_utc_time(at, one.at);
  return {{"id", std::to_string(one.id)}, {"attempts", one.attempts}, {"failedAt", at}, {"error", one.why}};
}

std::optional<std::int64_t> event_id(const json::value& value) {
  std::int64_t id = -1;
  if (value.is_string()) {
    const std::string_view text = value.get_string();
    const auto [end, ec] = std::from_chars(text.data(), text.data() + text.size(), id);
    if (ec != std::errc() || end != text.data() + text.size()) return {};
  } else if (value.is_int64()) {
    id = value.get_int64();
  }
  return id >= 0 ? std::optional(id) : std::nullopt;
}

constexpr std::string_view id_accepted =
    "an event's id is the text of its header webhook-id, such as \"1234\"";

/// `{afterId}` or `{ids}`.
result<webhooks::wish> replay_of(const json::object& body) {
  const auto* after = body.if_contains("afterId");
  const auto* ids = body.if_contains("ids");
  if ((after == nullptr) == (ids == nullptr))
    return error{errc::malformed, "afterId or ids says what is to be sent again, one of the two"};
  webhooks::wish wanted;
  if (after != nullptr) {
    wanted.replay_after = event_id(*after);
    if (!wanted.replay_after)
      return error{errc::malformed, "afterId: " + std::string(id_accepted), "afterId"};
    return wanted;
  }
  if (!ids->is_array() || ids->get_array().empty() || ids->get_array().size() > replay_ids_max)
    return error{errc::malformed, "ids: a list of 1 to " + std::to_string(replay_ids_max) + " ids", "ids"};
  for (const auto& one : ids->get_array()) {
    const auto id = event_id(one);
    if (!id) return error{errc::malformed, "ids: " + std::string(id_accepted), "ids"};
    wanted.replay_ids.push_back(*id);
  }
  return wanted;
}

/// Leaves it in the row, whose holder, perhaps another node, sees it within seconds.
asio::awaitable<reply> leave_wish(edge& at, const webhook_of_node& of, const webhooks::wish& wanted,
                                  unsigned status) {
  change what{.by = {}, .action = wish_of_webhook{of.settings.name, webhooks::write_wish(wanted)}};
  auto r = co_await store_change(at, std::move(what), status);
  caf::anon_send(of.teller, tick_atom::value);
  co_return r;
}

result<void> may_look(const routed_request& request) {
  return auth::may_manage(request.by, {auth::scope::admin, auth::scope::observe});
}

} // namespace

asio::awaitable<result<webhook_answer>> ask_of_webhooks(edge& at, webhook_question question) {
  const auto failed = [](error why) {
    return result<webhook_answer>(boost::system::in_place_error, std::move(why));
  };
  auto& server = at.server;
  if (const auto refused = admit_read(server.admitted, server.figures)) co_return failed(*refused);
  question.until = at.home.now() + ask_deadline;
  auto answer = co_await ask<webhook_answer>(at.asks, at.sessions.history, ask_deadline, query_atom::value,
                                             std::move(question));
  if (!answer) co_return failed(answer.error());
  if (answer->failure) co_return failed(public_read_error(*answer->failure));
  co_return answer;
}

asio::awaitable<reply> read_webhooks(edge& at, const routed_request& request) {
  if (const auto may = may_look(request); !may) co_return problem(may.error());
  json::array all;
  const auto webhooks = at.server.webhooks.get();
  for (const auto& [settings, teller] : *webhooks) {
    webhook_question question{.failed_of = settings.name, .limit = failed_counted, .until = {}};
    const auto answer = co_await ask_of_webhooks(at, std::move(question));
    if (!answer) co_return problem(answer.error());
    const auto row = std::ranges::find(answer->rows, settings.name, &webhook_row::name);
    auto one = state_of(settings, row == answer->rows.end() ? nullptr : &*row);
    one["failed"] = answer->failed.size();
    all.push_back(std::move(one));
  }
  std::string body;
  append_json(body, json::object{{"webhooks", std::move(all)}});
  co_return json_reply(std::move(body));
}

asio::awaitable<reply> read_failed_events(edge& at, const routed_request& request) {
  if (const auto may = may_look(request); !may) co_return problem(may.error());
  const auto found = find_webhook(at, request.segments[0]);
  if (!found) co_return problem(no_such_webhook());
  const auto after = number_parameter(request.to, "afterId", std::numeric_limits<std::int64_t>::max(), 0);
  if (!after) co_return problem(after.error());
  const auto limit = number_parameter(request.to, "limit", failed_counted);
  if (!limit) co_return problem(limit.error());
  const auto size = static_cast<std::size_t>(limit->value_or(failed_page));
  webhook_question question{
      .failed_of = found->settings.name, .after = after->value_or(0), .limit = size + 1, .until = {}};
  const auto answer = co_await ask_of_webhooks(at, std::move(question));
  if (!answer) co_return problem(answer.error());
  json::array all;
  for (const auto& one : answer->failed)
    if (all.size() < size) all.push_back(failed_json(one));
  std::string body;
  append_json(body, json::object{{"failed", std::move(all)}, {"hasMore", answer->failed.size() > size}});
  co_return json_reply(std::move(body));
}

asio::awaitable<reply> replay_events(edge& at, const routed_request& request) {
  if (const auto may = auth::may_manage(request.by, auth::scope::admin); !may) co_return problem(may.error());
  const auto found = find_webhook(at, request.segments[0]);
  if (!found) co_return problem(no_such_webhook());
  const auto body = body_object(request);
  if (!body) co_return problem(body.error());
  const auto wanted = replay_of(*body);
  if (!wanted) co_return problem(wanted.error());
  auto r = co_await leave_wish(at, *found, *wanted, 202);
  co_return r;
}

asio::awaitable<reply> enable_webhook(edge& at, const routed_request& request) {
  if (const auto may = auth::may_manage(request.by, auth::scope::admin); !may) co_return problem(may.error());
  const auto found = find_webhook(at, request.segments[0]);
  if (!found) co_return problem(no_such_webhook());
  const webhooks::wish wanted{.enable = true};
  auto r = co_await leave_wish(at, *found, wanted, 200);
  co_return r;
}

} // namespace hongyan
