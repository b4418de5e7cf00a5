// Where did a message go? What its own row, the nodes' traces, webhooks and checks know of it (contract,
// section 9); without its content.

#include "core/tools/wall_time.hpp"
#include "core/wire/json.hpp"
#include "net/v1_handlers.hpp"

#include <boost/json/array.hpp>
#include <map>

namespace hongyan {

namespace {

namespace json = boost::json;

/// Of sessions, and of readers, that are named (contract, section 9).
constexpr std::size_t named_max = 20;

json::value time_of(decltype(trace_event::at) at) {
  if (at.time_since_epoch().count() == 0) return nullptr;
  std::string text;
  append_utc_time(text, std::chrono::floor<std::chrono::milliseconds>(at));
  return json::value(text);
}

json::value time_of(wall_time at) { return time_of(decltype(trace_event::at)(at)); }

/// What nodes have seen, put together.
struct seen {
  json::value committed = nullptr;
  std::size_t sessions = 0;
  json::array nodes{};
  decltype(trace_event::at) first{}, last{};
  json::array sockets{};
  std::map<std::string, decltype(trace_event::at)> read_at{}; ///< by user, the first time
  json::array push{};
};

void add(seen& all, const std::string& node, const trace_event& e) {
  using what = trace_event::what;
  switch (e.of) {
  case what::committed: all.committed = time_of(e.at); return;
  case what::announced: return; // counted by whoever calls
  case what::taken:
  case what::queued:
    if (all.sockets.size() >= named_max) return;
    all.sockets.push_back({{"node", node},
                           {"userId", e.user},
                           {"sessionId", e.session.empty() ? json::value(nullptr) : json::value(e.session)},
                           {"at", time_of(e.at)},
                           {"queued", e.of == what::queued}});
    return;
  case what::read: all.read_at.try_emplace(e.user, e.at); return;
  case what::pushed: all.push.push_back({{"userId", e.user}, {"at", time_of(e.at)}}); return;
  }
}

seen put_together(const trace_answer& answer) {
  seen all;
  for (const auto& [node, known] : answer.nodes) {
    std::size_t sessions = 0;
    for (const auto& e : known.events) {
      if (e.of == trace_event::what::announced) sessions += e.count;
      add(all, node, e);
    }
    // Classic sessions are not announced to; they take what comes.
    sessions = std::max(sessions, known.taken);
    if (sessions > 0) all.nodes.push_back({{"node", node}, {"sessions", sessions}, {"taken", known.taken}});
    all.sessions += sessions;
    if (known.taken == 0) continue;
    all.first = all.first.time_since_epoch().count() == 0 ? known.first_taken
                                                          : std::min(all.first, known.first_taken);
    all.last = std::max(all.last, known.last_taken);
  }
  return all;
}

json::object read_json(const seen& all, const message_facts& facts) {
  json::array each;
  for (const auto& user : facts.readers) {
    if (each.size() >= named_max) break;
    const auto at = all.read_at.find(user.text());
    each.push_back(
        {{"userId", user.text()}, {"at", at == all.read_at.end() ? nullptr : time_of(at->second)}});
  }
  return {{"users", facts.readers.size()}, {"of", facts.members}, {"each", std::move(each)}};
}

/// How far each webhook is with it.
asio::awaitable<result<json::array>> webhooks_of(edge& at, std::int64_t id) {
  json::array all;
  for (const auto& one : *at.server.webhooks.get()) {
    webhook_question question{.failed_of = one.settings.name, .after = id - 1, .limit = 1, .until = {}};
    const auto answer = co_await ask_of_webhooks(at, std::move(question));
    if (!answer) co_return answer.error();
    const auto row = std::ranges::find(answer->rows, one.settings.name, &webhook_row::name);
    const bool failed = !answer->failed.empty() && answer->failed.front().id == id;
    const bool waits = row == answer->rows.end() || row->position < id;
    json::object said{{"name", one.settings.name}, {"state", failed ? "failed" : waits ? "waiting" : "sent"}};
    if (failed) said["error"] = answer->failed.front().why;
    all.push_back(std::move(said));
  }
  co_return all;
}

json::value moderation_of(const std::optional<content_check>& check) {
  if (!check || check->verdict == nobody_asked) return nullptr;
  return json::object{{"verdict", judgement_names[static_cast<std::size_t>(check->verdict.what)]},
                      {"at", time_of(check->at)}};
}

} // namespace

asio::awaitable<reply> read_trace(edge& at, const routed_request& request) {
  if (const auto may = auth::may_manage(request.by, auth::scope::observe); !may)
    co_return problem(may.error());
  const auto id = path_message_id(request);
  if (!id) co_return problem(id.error());
  change what{.by = {}, .action = find_facts{*id}};
  const auto answer = co_await ask_to_store<change_answer>(at, change_atom::value, std::move(what));
  if (!answer) co_return problem(answer.error());
  const auto& facts = *answer->facts;
  const auto& m = facts.what;
  trace_question question{m.conversation_id, m.seq, m.id};
  const auto traced = co_await ask<trace_answer>(at.asks, at.server.registry, ask_deadline, trace_atom::value,
                                                 std::move(question));
  if (!traced) co_return problem(traced.error());
  auto webhooks = co_await webhooks_of(at, m.id);
  if (!webhooks) co_return problem(webhooks.error());
  auto all = put_together(*traced);
  json::array silent;
  for (const auto& node : traced->silent) silent.emplace_back(node);
  std::string body;
  append_json(body,
              json::object{{"id", m.id},
                           {"conversationId", std::to_string(m.conversation_id)},
                           {"seq", m.seq},
                           {"from", m.from.text()},
                           {"to", json::object{{m.to.is_group() ? "groupId" : "userId", m.to.id.text()}}},
                           {"recalled", m.recalled},
                           {"accepted", time_of(m.created_at)},
                           {"committed", all.committed},
                           {"delivered", json::object{{"sessions", all.sessions},
                                                      {"nodes", std::move(all.nodes)},
                                                      {"first", time_of(all.first)},
                                                      {"last", time_of(all.last)},
                                                      {"each", std::move(all.sockets)}}},
                           {"read", read_json(all, facts)},
                           {"webhooks", *std::move(webhooks)},
                           {"push", std::move(all.push)},
                           {"moderation", moderation_of(facts.check)},
                           {"silentNodes", std::move(silent)}});
  co_return json_reply(std::move(body));
}

} // namespace hongyan
