#include "actors/sql_sends.hpp"

#include "actors/admission.hpp"
#include "core/wire/json.hpp"

#include <boost/json/object.hpp>
#include <deque>
#include <spdlog/spdlog.h>
#include <unordered_map>

namespace hongyan {

namespace {

using namespace std::chrono_literals;
namespace json = boost::json;

/// Rows that one node has at a time: enough to fill a batch of the writer, few enough that its other senders
/// wait for no more than one.
constexpr std::size_t rows_at_once = 256;
/// Contract: sent within 200 ms of its commit, also where nothing is heard of that (behind a pooler).
constexpr auto queue_look_interval = 100ms;
/// While the database is away.
constexpr auto rest_interval = 500ms;

result<new_message> message_of(const queued_send& row, const limits& bounds) {
  const auto sender = user_id::parse(row.sender);
  if (!sender) return sender.error();
  json::object params;
  params["to"] = json::object{{row.to_group ? "groupId" : "userId", row.recipient}};
  params["kind"] = row.kind;
  params["clientMsgId"] = row.client_msg_id;
  auto content = parse_json(row.content);
  if (!content) return error{errc::malformed, "content is too deep, or no JSON", "content"};
  params["content"] = *std::move(content);
  if (row.ext) {
    auto ext = parse_json(*row.ext);
    if (!ext) return error{errc::malformed, "ext is too deep, or no JSON", "ext"};
    params["ext"] = *std::move(ext);
  }
  auto command = v1::parse_command("message.send", params, *sender, bounds);
  if (!command) return command.error();
  auto message = std::get<new_message>(*std::move(command));
  message.by_back_end = true;
  return message;
}

/// Nobody knows yet; it is sent again.
bool is_for_later(const error& why) { return row_of(why.code).retry_later || why.code == errc::internal; }

struct sender {
  sql_sends_actor::pointer self;
  std::shared_ptr<send_queue> queue;
  persistence_actor persistence;
  flow* admitted;
  metrics* figures;
  const limits* bounds;
  /// Of a sender and conversation, what is still to be sent; the first is under way.
  std::unordered_map<std::string, std::deque<queued_send>> lines{};
  std::size_t under_way = 0;
  std::vector<std::int64_t> sent{};
  std::vector<refused_send> refused{};

  /// How long to rest; nothing: until answers come.
  std::optional<std::chrono::milliseconds> begin() {
    auto rows = queue->take(rows_at_once);
    if (!rows) return rest_interval; // the log and /readyz say that of the database already
    if (rows->empty()) {
      queue->wait(queue_look_interval);
      return 0ms;
    }
    sent.clear();
    refused.clear();
    for (auto& row : *rows) {
      auto name = row.sender + (row.to_group ? " group " : " user ") + row.recipient;
      lines[std::move(name)].push_back(std::move(row));
    }
    std::vector<std::string> names;
    for (const auto& [name, line] : lines) names.push_back(name);
    for (const auto& name : names) go_on(name);
    if (under_way == 0) return finish();
    return {};
  }

  /// Sends the next of a line; what can never be sent is left out.
  void go_on(const std::string& name) {
    auto& line = lines[name];
    while (!line.empty()) {
      auto message = message_of(line.front(), *bounds);
      if (message) return send(name, *std::move(message));
      refuse(line.front(), message.error());
      line.pop_front();
    }
    lines.erase(name);
  }

  void send(const std::string& name, new_message message) {
    ++under_way;
    admitted->appends.take(1);
    self->request(persistence, caf::infinite, append_atom::value, std::move(message))
        .then([this, name](const append_answer& answer) { answered(name, answer); },
              [this, name](const caf::error&) {
                answered(name, append_answer{.failure = error{errc::unavailable}});
              });
  }

  void answered(const std::string& name, const append_answer& answer) {
    --under_way;
    auto& line = lines[name];
    const auto why = answer.failure ? answer.failure : refusal_of(answer.outcome.status);
    if (why && is_for_later(*why)) {
      lines.erase(name); // with what comes after it: in order, the next time
    } else {
      if (why)
        refuse(line.front(), *why);
      else
        sent.push_back(line.front().id);
      if (!why && answer.outcome.status == append_status::stored) figures->pushes_stored.Increment();
      line.pop_front();
      go_on(name);
    }
    if (under_way > 0) return;
    if (const auto pause = finish()) rest(*pause);
  }

  void refuse(const queued_send& row, const error& why) {
    refused.push_back(
        {row.id, why.reason.empty() ? std::string(row_of(why.code).name) : why.reason, why.detail});
  }

  std::optional<std::chrono::milliseconds> finish() {
    lines.clear();
    if (sent.empty() && refused.empty()) return rest_interval;
    if (!queue->done(sent, refused)) return rest_interval; // they are sent again, as repeats
    figures->sql_sends.Add({{"outcome", "sent"}}).Increment(static_cast<double>(sent.size()));
    figures->sql_sends.Add({{"outcome", "refused"}}).Increment(static_cast<double>(refused.size()));
    return 0ms;
  }

  void rest(std::chrono::milliseconds pause) {
    if (pause > 0ms)
      self->delayed_send(self, pause, flush_atom::value);
    else
      self->send(self, flush_atom::value);
  }
};

} // namespace

sql_sends_actor::behavior_type sql_sends(sql_sends_actor::pointer self, std::shared_ptr<send_queue> queue,
                                         persistence_actor persistence, flow* admitted, metrics* figures,
                                         const limits* bounds) {
  const std::shared_ptr<sender> it(new sender{.self = self,
                                              .queue = std::move(queue),
                                              .persistence = std::move(persistence),
                                              .admitted = admitted,
                                              .figures = figures,
                                              .bounds = bounds});
  self->send(self, flush_atom::value);
  return {
      [it](flush_atom) {
        try {
          if (const auto pause = it->begin()) it->rest(*pause);
        } catch (const std::exception& e) {
          spdlog::critical("event=uncaught_exception where=sql_sends what=\"{}\"", e.what());
          it->rest(rest_interval);
        }
      },
  };
}

} // namespace hongyan
