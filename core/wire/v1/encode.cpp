#include "core/wire/v1/encode.hpp"

#include "core/tools/wall_time.hpp"
#include "core/wire/json.hpp"

#include <charconv>
#include <concepts>
#include <limits>

namespace hongyan::v1 {

namespace {

// Pieces that append to one text. Keys, ids and our own names need no escape.

void append(std::string& out, std::integral auto number) {
  char text[std::numeric_limits<std::int64_t>::digits10 + 3];
  out.append(text, std::to_chars(text, text + sizeof text, number).ptr);
}

void append(std::string& out, bool value) { out += value ? "true" : "false"; }

void append_quoted(std::string& out, std::string_view plain) {
  out += '"';
  out += plain;
  out += '"';
}

/// A conversation's id is a string on the wire.
void append_quoted(std::string& out, std::int64_t id) {
  out += '"';
  append(out, id);
  out += '"';
}

void append_time(std::string& out, wall_time t) {
  out += '"';
  append_utc_time(out, t);
  out += '"';
}

void append_optional_string(std::string& out, const std::optional<std::string>& text) {
  if (text) {
    append_json_string(out, *text);
  } else {
    out += "null";
  }
}

void append_peer_or_group(std::string& out, const peer_or_group& where) {
  out += where.is_group() ? R"({"groupId":")" : R"({"userId":")";
  out += where.id.text();
  out += R"("})";
}

/// `[a,b]`, each written by `append_one(out, element)`.
template <class Range, class Append>
void append_list(std::string& out, const Range& range, Append append_one) {
  out += '[';
  bool first = true;
  for (const auto& element : range) {
    if (!first) out += ',';
    first = false;
    append_one(out, element);
  }
  out += ']';
}

void append_id(std::string& out, const user_id& id) { append_quoted(out, id.text()); }

/// What the longest ids and names of a message take besides its content, with room to spare.
std::size_t bytes_around(const message& m) {
  return 320 + m.content.size() + (m.ext ? m.ext->size() : 0) +
         (m.client_msg_id ? m.client_msg_id->size() : 0);
}

bool is_object(const std::string& text) {
  const auto value = parse_json(text);
  return value && value->is_object();
}

void append_message(std::string& out, const message& m) {
  out += R"({"id":)";
  append(out, m.id);
  out += R"(,"conversationId":)";
  append_quoted(out, m.conversation_id);
  out += R"(,"seq":)";
  append(out, m.seq);
  out += R"(,"from":)";
  append_id(out, m.from);
  out += R"(,"to":)";
  append_peer_or_group(out, m.to);
  out += R"(,"kind":)";
  append_quoted(out, name_of(m.kind));
  out += R"(,"content":)";
  if (m.recalled) {
    out += "null";
  } else if (m.kind == message_kind::text) {
    append_json_string(out, m.content);
  } else if (m.kind == message_kind::unknown && !is_object(m.content)) {
    out += "null"; // whatever a newer release may keep there
  } else {
    out += m.content; // a JSON object already
  }
  out += R"(,"ext":)";
  out += m.ext && !m.recalled ? std::string_view(*m.ext) : "null";
  out += R"(,"clientMsgId":)";
  append_optional_string(out, m.client_msg_id);
  out += R"(,"createTime":)";
  append_time(out, m.created_at);
  out += R"(,"recalled":)";
  append(out, m.recalled);
  out += '}';
}

void append_messages(std::string& out, const std::vector<message>& messages) {
  std::size_t bytes = 2;
  for (const auto& m : messages) bytes += bytes_around(m);
  out.reserve(out.size() + bytes);
  append_list(out, messages, append_message);
}

/// `"conversationId":…,…,"unread":…`: how a conversation begins, in the list and in a sync.
void append_membership(std::string& out, const membership& of, std::size_t unread) {
  out += R"("conversationId":)";
  append_quoted(out, of.conversation_id);
  out += R"(,"place":)";
  append_peer_or_group(out, of.with);
  out += R"(,"lastSeq":)";
  append(out, of.last_seq);
  out += R"(,"readSeq":)";
  append(out, of.read_seq);
  out += R"(,"peerReadSeq":)";
  if (of.peer_read_seq) {
    append(out, *of.peer_read_seq);
  } else {
    out += "null";
  }
  out += R"(,"unread":)";
  append(out, unread);
}

void append_settings(std::string& out, const membership& of) {
  out += R"(,"pinned":)";
  append(out, of.pinned);
  out += R"(,"muted":)";
  append(out, of.muted);
}

void append_view(std::string& out, const conversation_view& view) {
  out += '{';
  append_membership(out, view.of, view.unread);
  out += R"(,"lastMessage":)";
  if (view.last) {
    append_message(out, *view.last);
  } else {
    out += "null";
  }
  append_settings(out, view.of);
  out += '}';
}

void append_synced(std::string& out, const synced_conversation& c) {
  out += '{';
  append_membership(out, c.of, c.unread);
  append_settings(out, c.of);
  out += R"(,"mentionSeq":null,"firstSeq":)";
  append(out, c.of.first_seq);
  out += R"(,"messages":)";
  append_messages(out, c.messages);
  out += R"(,"changed":[])";
  out += R"(,"hasMore":)";
  append(out, c.has_more);
  out += '}';
}

void append_group(std::string& out, const group_info& g) {
  out += R"({"groupId":)";
  append_id(out, g.id);
  out += R"(,"name":)";
  append_json_string(out, g.name);
  out += R"(,"owner":)";
  append_id(out, g.owner);
  out += R"(,"memberCount":)";
  append(out, g.member_count);
  out += R"(,"muted":)";
  append(out, g.muted);
  out += R"(,"history":)";
  append_quoted(out, g.history == group_history::all ? "all" : "joined");
  out += R"(,"createTime":)";
  append_time(out, g.created_at);
  out += '}';
}

void append_member(std::string& out, const group_member& m) {
  out += R"({"userId":)";
  append_id(out, m.user);
  out += R"(,"role":)";
  append_quoted(out, group_role_names[static_cast<std::size_t>(m.role)]);
  out += R"(,"joinedSeq":)";
  append(out, m.joined_seq);
  out += '}';
}

void append_profile(std::string& out, const profile& p) {
  out += R"({"userId":)";
  append_id(out, p.user);
  out += R"(,"name":)";
  append_optional_string(out, p.name);
  out += R"(,"avatar":)";
  append_optional_string(out, p.avatar);
  out += '}';
}

/// `,"cursor":…}`, the end of a page.
std::string end_page(std::string out, std::string_view cursor) {
  out += R"(,"cursor":)";
  if (cursor.empty()) {
    out += "null";
  } else {
    append_json_string(out, cursor);
  }
  return out += '}';
}

/// A notification up to its params, which end_notification() closes.
std::string begin_notification(std::string_view method, std::size_t bytes) {
  std::string out;
  out.reserve(64 + bytes);
  out += R"({"jsonrpc":"2.0","method":")";
  out += method;
  out += R"(","params":{)";
  return out;
}

std::string end_notification(std::string out) { return out += "}}"; }

/// Of edits and files, which are not there yet, a client is told that they are not.
void append_limits(std::string& out, const limits& limits, std::chrono::seconds recall_window) {
  const std::pair<std::string_view, std::size_t> told[] = {
      {"contentChars", limits.content_chars},
      {"objectBytes", limits.object_bytes},
      {"extBytes", limits.ext_bytes},
      {"messageBytes", limits.message_bytes},
      {"jsonDepth", v1_json_depth_max},
      {"nameChars", limits.name_chars},
      {"groupMembers", group_members_max},
      {"sendsInFlight", sends_in_flight_max},
      {"historyLimit", history_limit_max},
      {"syncLimit", sync_limit_max},
      {"watchedUsers", watched_users_max},
      {"userIds", user_ids_max},
      {"blocks", limits.blocks},
      {"groupsOwned", limits.groups_owned},
      {"recallSeconds", static_cast<std::size_t>(recall_window.count())},
      {"editSeconds", 0},
      {"fileBytes", 0},
  };
  out += '{';
  for (const auto& [name, value] : told) {
    if (out.back() != '{') out += ',';
    append_quoted(out, name);
    out += ':';
    append(out, value);
  }
  out += R"(,"fileTypes":[]})";
}

} // namespace

std::string encode_message(const message& m) {
  std::string out;
  out.reserve(bytes_around(m));
  append_message(out, m);
  return out;
}

std::string session_notification(const hello_facts& facts, const limits& limits) {
  auto out = begin_notification("session", 640);
  out += R"("userId":)";
  append_id(out, facts.user);
  out += R"(,"sessionId":)";
  append_json_string(out, facts.session_id);
  out += R"(,"node":)";
  append_json_string(out, facts.node);
  out += R"(,"epoch":)";
  append_json_string(out, facts.epoch);
  out += R"(,"heartbeatSeconds":)";
  append(out, facts.heartbeat.count());
  out += R"(,"serverTime":)";
  append_time(out, facts.now);
  out += R"(,"limits":)";
  append_limits(out, limits, facts.recall_window);
  out += R"(,"expiresAt":)";
  if (facts.expires) {
    append_time(out, *facts.expires);
  } else {
    out += "null";
  }
  return end_notification(std::move(out));
}

std::string message_notification(const message& m) {
  auto out = begin_notification("message", bytes_around(m));
  out += R"("message":)";
  append_message(out, m);
  return end_notification(std::move(out));
}

std::string read_notification(std::int64_t conversation, const user_id& user, std::int64_t seq) {
  auto out = begin_notification("read", 128);
  out += R"("conversationId":)";
  append_quoted(out, conversation);
  out += R"(,"userId":)";
  append_id(out, user);
  out += R"(,"seq":)";
  append(out, seq);
  return end_notification(std::move(out));
}

std::string typing_notification(std::int64_t conversation, const user_id& user) {
  auto out = begin_notification("typing", 128);
  out += R"("conversationId":)";
  append_quoted(out, conversation);
  out += R"(,"userId":)";
  append_id(out, user);
  return end_notification(std::move(out));
}

std::string presence_notification(const user_id& user, bool online) {
  auto out = begin_notification("presence", 128);
  out += R"("userId":)";
  append_id(out, user);
  out += R"(,"online":)";
  append(out, online);
  return end_notification(std::move(out));
}

std::string conversation_notification(const own_settings& settings) {
  auto out = begin_notification("conversation", 160);
  out += R"("conversationId":)";
  append_quoted(out, settings.conversation_id);
  out += R"(,"pinned":)";
  append(out, settings.pinned);
  out += R"(,"muted":)";
  append(out, settings.muted);
  out += R"(,"clearedSeq":)";
  append(out, settings.cleared_seq);
  out += R"(,"readSeq":)";
  append(out, settings.read_seq);
  return end_notification(std::move(out));
}

std::string profile_notification(const profile& p) {
  auto out = begin_notification("profile", 256);
  out += std::string_view(profile_result(p)).substr(1); // its members and its end
  return out += '}';
}

std::string closing_notification(close_code code, std::string_view reason,
                                 std::optional<std::chrono::milliseconds> reconnect_after) {
  auto out = begin_notification("closing", 128);
  out += R"("code":)";
  append(out, static_cast<std::uint16_t>(code));
  out += R"(,"reason":)";
  append_json_string(out, reason);
  out += R"(,"reconnectAfterMs":)";
  if (reconnect_after) {
    append(out, reconnect_after->count());
  } else {
    out += "null";
  }
  return end_notification(std::move(out));
}

std::string send_result(const message& m, bool duplicate) {
  std::string out;
  out.reserve(32 + bytes_around(m));
  out += R"({"message":)";
  append_message(out, m);
  out += R"(,"duplicate":)";
  append(out, duplicate);
  return out += '}';
}

std::string history_result(const history_page& page) {
  std::string out = R"({"messages":)";
  append_messages(out, page.messages);
  out += R"(,"hasMore":)";
  append(out, page.has_more);
  return out += '}';
}

std::string search_result(const search_page& page) {
  std::string out = R"({"messages":)";
  append_messages(out, page.messages);
  return end_page(std::move(out), page.cursor);
}

std::string list_result(const conversation_page& page) {
  std::string out = R"({"conversations":)";
  append_list(out, page.conversations, append_view);
  return end_page(std::move(out), page.cursor);
}

std::string sync_result(const sync_page& page, std::string_view epoch, bool reset) {
  std::string out = R"({"epoch":)";
  append_json_string(out, epoch);
  out += R"(,"reset":)";
  append(out, reset);
  out += R"(,"conversations":)";
  append_list(out, page.conversations, append_synced);
  out += R"(,"gone":)";
  append_list(out, page.gone, [](std::string& to, std::int64_t id) { append_quoted(to, id); });
  out += R"(,"hasMore":)";
  append(out, page.has_more);
  return out += '}';
}

std::string presence_result(const std::vector<user_id>& online) {
  std::string out = R"({"online":)";
  append_list(out, online, append_id);
  return out += '}';
}

std::string profiles_result(const std::vector<profile>& profiles) {
  std::string out = R"({"users":)";
  append_list(out, profiles, append_profile);
  return out += '}';
}

std::string profile_result(const profile& p) {
  std::string out;
  append_profile(out, p);
  return out;
}

std::string blocks_result(const std::vector<user_id>& users) {
  std::string out = R"({"userIds":)";
  append_list(out, users, append_id);
  return out += '}';
}

std::string group_result(const group_info& group) {
  std::string out = R"({"group":)";
  append_group(out, group);
  return out += '}';
}

std::string groups_result(const std::vector<group_info>& groups, std::string_view cursor) {
  std::string out = R"({"groups":)";
  append_list(out, groups, append_group);
  return end_page(std::move(out), cursor);
}

std::string members_result(const std::vector<group_member>& members, std::string_view cursor) {
  std::string out = R"({"members":)";
  append_list(out, members, append_member);
  return end_page(std::move(out), cursor);
}

std::string refresh_result(wall_time expires_at) {
  std::string out = R"({"expiresAt":)";
  append_time(out, expires_at);
  return out += '}';
}

std::string token_result(std::string_view token, wall_time expires_at, const user_id* user) {
  std::string out = R"({"token":)";
  append_json_string(out, token);
  out += R"(,"expiresAt":)";
  append_time(out, expires_at);
  if (user != nullptr) {
    out += R"(,"userId":)";
    append_json_string(out, user->text());
  }
  return out += '}';
}

std::string ping_result(wall_time now, const std::vector<std::pair<std::int64_t, std::int64_t>>& positions) {
  std::string out = R"({"serverTime":)";
  append_time(out, now);
  out += R"(,"positions":{)";
  for (const auto& [conversation, seq] : positions) {
    if (out.back() != '{') out += ',';
    append_quoted(out, conversation);
    out += ':';
    append(out, seq);
  }
  return out += "}}";
}

std::string answer(std::string_view id, std::string_view result) {
  std::string out;
  out.reserve(40 + id.size() + result.size());
  out += R"({"jsonrpc":"2.0","id":)";
  out += id;
  out += R"(,"result":)";
  out += result;
  return out += '}';
}

std::string failure(std::string_view id, const error& why) {
  const auto& row = row_of(why.code);
  std::string out = R"({"jsonrpc":"2.0","id":)";
  out += id;
  out += R"(,"error":{"code":)";
  append(out, row.rpc_code);
  out += R"(,"message":)";
  append_json_string(out, why.detail.empty() ? row.title : why.detail);
  if (row.retry_later || why.code == errc::internal) {
    out += R"(,"data":{"retryAfterMs":)";
    append(out, spread_retry(why).count());
    out += '}';
  } else if (!why.reason.empty()) {
    out += R"(,"data":{"reason":)";
    append_json_string(out, why.reason);
    out += '}';
  } else if (why.code == errc::malformed && !why.param.empty()) {
    out += R"(,"data":{"param":)";
    append_json_string(out, why.param);
    out += '}';
  }
  return out += "}}";
}

} // namespace hongyan::v1
