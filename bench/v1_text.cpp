#include "bench/v1_text.hpp"

#include "bench/faults.hpp"

#include <charconv>

namespace hongyan::bench {

namespace {

constexpr std::string_view envelope = R"({"jsonrpc":"2.0",)";
// Inside of a JSON string a quote is escaped, so these are found where they are meant and nowhere else.
constexpr std::string_view message_begin = R"({"id":)";
constexpr std::string_view more_key = R"("hasMore":)";

/// Reads over `expected` at the front of `text`. False: it stands not there.
bool skip(std::string_view& text, std::string_view expected) {
  if (!text.starts_with(expected)) return false;
  text.remove_prefix(expected.size());
  return true;
}

/// Reads to the end of the next `key`. False: it does not come.
bool skip_to(std::string_view& text, std::string_view key) {
  const auto at = text.find(key);
  if (at == std::string_view::npos) return false;
  text.remove_prefix(at + key.size());
  return true;
}

template <class Number>
bool take_number(std::string_view& text, Number& into) {
  const auto [end, ec] = std::from_chars(text.data(), text.data() + text.size(), into);
  if (ec != std::errc()) return false;
  text.remove_prefix(static_cast<std::size_t>(end - text.data()));
  return true;
}

/// The rest of a string whose opening quote has been read, and without escapes.
std::string_view take_string(std::string_view& text) {
  const auto string = text.substr(0, text.find('"'));
  text.remove_prefix(string.size());
  return string;
}

/// Reads one message and leaves `text` behind its content.
std::optional<v1_message> take_message(std::string_view& text) {
  v1_message m;
  if (!skip_to(text, R"("conversationId":")") || !take_number(text, m.conversation)) return {};
  if (!skip_to(text, R"("seq":)") || !take_number(text, m.seq)) return {};
  if (!skip_to(text, R"("content":)")) return {};
  if (skip(text, "\"")) m.content = take_string(text);
  return m;
}

} // namespace

std::string call_request(std::uint64_t id, std::string_view method, std::string_view params) {
  std::string out;
  out.reserve(params.size() + 96);
  out.append(envelope).append(R"("id":)").append(std::to_string(id));
  out.append(R"(,"method":")").append(method).append(R"(","params":)").append(params).append("}");
  return out;
}

std::string user_place(std::uint64_t user) { return R"({"userId":")" + std::to_string(user) + R"("})"; }

std::string group_place(std::string_view group) {
  return std::string(R"({"groupId":")").append(group).append(R"("})");
}

std::string ping_request() { return call_request(0, "ping", "{}"); }

std::string send_request(std::uint64_t id, std::string_view place, std::string_view client_msg_id,
                         std::string_view content) {
  std::string params;
  params.append(R"({"to":)").append(place).append(R"(,"clientMsgId":")").append(client_msg_id);
  params.append(R"(","kind":"text","content":")").append(content).append(R"("})");
  return call_request(id, "message.send", params);
}

std::string create_group_request(std::uint64_t id, std::string_view group,
                                 const std::vector<std::uint64_t>& members) {
  std::string params;
  params.append(R"({"groupId":")")
      .append(group)
      .append(R"(","name":")")
      .append(group)
      .append(R"(","members":[)");
  for (std::size_t i = 0; i < members.size(); ++i)
    params.append(i == 0 ? "\"" : ",\"").append(std::to_string(members[i])).append("\"");
  return call_request(id, "group.create", params.append("]}"));
}

std::string sync_request(std::uint64_t id, std::string_view epoch,
                         const std::vector<std::pair<std::int64_t, std::int64_t>>& positions) {
  std::string params;
  params.append(R"({"epoch":")").append(epoch).append(R"(","positions":{)");
  for (std::size_t i = 0; i < positions.size(); ++i)
    params.append(i == 0 ? "\"" : ",\"")
        .append(std::to_string(positions[i].first))
        .append("\":")
        .append(std::to_string(positions[i].second));
  return call_request(id, "sync", params.append("}}"));
}

v1_text read_text(std::string_view text) {
  v1_text read;
  if (!skip(text, envelope) || !text.ends_with('}')) return {};
  text.remove_suffix(1);
  if (skip(text, R"("id":)")) {
    if (!skip(text, "null") && !take_number(text, read.id)) return {};
    if (skip(text, R"(,"result":)")) {
      read.kind = v1_kind::result;
    } else if (skip(text, R"(,"error":)")) {
      read.kind = v1_kind::failure;
    }
  } else if (skip(text, R"("method":")")) {
    const auto method = take_string(text);
    if (skip(text, R"(","params":)"))
      read.kind = method == "message"    ? v1_kind::message
                  : method == "messages" ? v1_kind::messages
                  : method == "session"  ? v1_kind::session
                                         : v1_kind::other;
  }
  read.body = text;
  return read;
}

std::optional<v1_message> read_message(std::string_view body) { return take_message(body); }

std::optional<v1_session_facts> read_session(std::string_view body) {
  v1_session_facts facts;
  auto epoch = body;
  if (!skip_to(epoch, R"("epoch":")")) return {};
  facts.epoch = take_string(epoch);
  if (!skip_to(body, R"("heartbeatSeconds":)") || !take_number(body, facts.heartbeat_seconds)) return {};
  if (facts.heartbeat_seconds <= 0) return {};
  return facts;
}

bool read_messages(std::string_view body, std::vector<v1_message>& messages) {
  messages.clear();
  while (skip_to(body, message_begin)) {
    const auto m = take_message(body);
    if (!m) return false;
    messages.push_back(*m);
  }
  return true;
}

std::optional<v1_sync_facts> read_sync(std::string_view body, std::vector<v1_message>& messages) {
  v1_sync_facts facts;
  const auto more = body.rfind(more_key); // the last member; before it each conversation has its own
  if (more == std::string_view::npos) return {};
  facts.has_more = body.substr(more + more_key.size()).starts_with("true");
  facts.reset = body.find(R"("reset":true)") != std::string_view::npos;
  if (!read_messages(body, messages)) return {};
  return facts;
}

std::string read_failure(std::string_view body) {
  int code = 0;
  auto rest = body;
  if (!skip_to(rest, R"("code":)") || !take_number(rest, code)) return beginning_of(body);
  std::string out = std::to_string(code);
  if (skip_to(body, R"("message":")")) out.append(" ").append(take_string(body));
  return out;
}

} // namespace hongyan::bench
