#include "core/wire/v1/encode.hpp"

#include "core/tools/wall_time.hpp"
#include "core/wire/json.hpp"

#include <algorithm>
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

void append(std::string& out, std::string_view text) { append_json_string(out, text); }

/// A name of our own.
struct name {
  std::string_view text;
};

void append(std::string& out, name plain) {
  out += '"';
  out += plain.text;
  out += '"';
}

/// A conversation's id is a string on the wire.
struct id_text {
  std::int64_t id;
};

void append(std::string& out, id_text conversation) {
  out += '"';
  append(out, conversation.id);
  out += '"';
}

void append(std::string& out, wall_time t) {
  out += '"';
  append_utc_time(out, t);
  out += '"';
}

void append(std::string& out, std::chrono::milliseconds time) { append(out, time.count()); }

void append(std::string& out, const user_id& user) { append(out, name{user.text()}); }

void append(std::string& out, const peer_or_group& where) {
  out += where.is_group() ? R"({"groupId":")" : R"({"userId":")";
  out += where.id.text();
  out += R"("})";
}

/// `null`, when there is none.
template <class T>
void append(std::string& out, const std::optional<T>& value) {
  if (value) {
    append(out, *value);
  } else {
    out += "null";
  }
}

/// A member of an object: its key with what stands around it, such as `,"seq":`, and its value.
void member(std::string& out, std::string_view key, const auto& value) {
  out += key;
  append(out, value);
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

void append_users(std::string& out, const std::vector<user_id>& users) {
  append_list(out, users, [](std::string& to, const user_id& user) { append(to, user); });
}

/// What the longest ids and names of a message take besides its content, with room to spare.
std::size_t bytes_around(const message& m) {
  return 320 + m.content.size() + (m.ext ? m.ext->size() : 0) +
         (m.client_msg_id ? m.client_msg_id->size() : 0);
}

bool is_object(const std::string& text) {
  const auto value = parse_json(text);
  return value && value->is_object();
}

void append_content(std::string& out, const message& m) {
  if (m.recalled) {
    out += "null";
  } else if (is_text(m.kind)) {
    append(out, m.content);
  } else if (m.kind == message_kind::unknown && !is_object(m.content)) {
    out += "null"; // whatever a newer release may keep there
  } else {
    out += m.content; // a JSON object already
  }
}

void append_tally(std::string& out, const reaction_tally& tally) {
  member(out, R"({"emoji":)", std::string_view(tally.emoji));
  member(out, R"(,"count":)", tally.count);
  member(out, R"(,"mine":)", tally.mine);
  out += '}';
}

/// What few messages have: members that are absent else.
void append_rare(std::string& out, const message& m) {
  if (m.edits > 0) out += R"(,"edited":true)";
  if (m.kind == message_kind::text_stream && !m.recalled) out += R"(,"streaming":true)";
  if (m.reactions.empty()) return;
  out += R"(,"reactions":)";
  append_list(out, m.reactions, append_tally);
}

/// `terse`: without what is null or false, `content` aside.
void append_message(std::string& out, const message& m, bool terse) {
  const bool has_ext = m.ext && !m.recalled;
  member(out, R"({"id":)", m.id);
  member(out, R"(,"conversationId":)", id_text{m.conversation_id});
  member(out, R"(,"seq":)", m.seq);
  member(out, R"(,"from":)", m.from);
  member(out, R"(,"to":)", m.to);
  member(out, R"(,"kind":)", name{name_of(m.kind)});
  out += R"(,"content":)";
  append_content(out, m);
  if (has_ext)
    out.append(R"(,"ext":)").append(*m.ext);
  else if (!terse)
    out += R"(,"ext":null)";
  if (m.client_msg_id || !terse) member(out, R"(,"clientMsgId":)", m.client_msg_id);
  member(out, R"(,"createTime":)", m.created_at);
  if (m.recalled || !terse) member(out, R"(,"recalled":)", m.recalled);
  append_rare(out, m);
  out += '}';
}

void append_message(std::string& out, const message& m) { append_message(out, m, false); }

void append_messages(std::string& out, const std::vector<message>& messages) {
  std::size_t bytes = 2;
  for (const auto& m : messages) bytes += bytes_around(m);
  out.reserve(out.size() + bytes);
  append_list(out, messages, [](std::string& to, const message& m) { append_message(to, m); });
}

/// `"conversationId":…,…,"unread":…`: how a conversation begins, in the list and in a sync.
void append_membership(std::string& out, const membership& of, std::size_t unread) {
  member(out, R"("conversationId":)", id_text{of.conversation_id});
  member(out, R"(,"place":)", of.with);
  member(out, R"(,"lastSeq":)", of.last_seq);
  member(out, R"(,"readSeq":)", of.read_seq);
  member(out, R"(,"peerReadSeq":)", of.peer_read_seq);
  member(out, R"(,"unread":)", unread);
}

void append_settings(std::string& out, const membership& of) {
  member(out, R"(,"pinned":)", of.pinned);
  member(out, R"(,"muted":)", of.muted);
}

void append_view(std::string& out, const conversation_view& view) {
  out += '{';
  append_membership(out, view.of, view.unread);
  member(out, R"(,"mentionSeq":)", view.mention_seq);
  out += R"(,"lastMessage":)";
  if (view.last) {
    append_message(out, *view.last);
  } else {
    out += "null";
  }
  append_settings(out, view.of);
  out += '}';
}

void append_reactions(std::string& out, const message_reactions& r) {
  member(out, R"({"seq":)", r.seq);
  out += R"(,"reactions":)";
  append_list(out, r.tallies, append_tally);
  out += '}';
}

void append_synced(std::string& out, const synced_conversation& c) {
  out += '{';
  append_membership(out, c.of, c.unread);
  append_settings(out, c.of);
  member(out, R"(,"mentionSeq":)", c.mention_seq);
  member(out, R"(,"firstSeq":)", c.of.readable_from());
  out += R"(,"messages":)";
  append_messages(out, c.messages);
  out += R"(,"changed":)";
  append_list(out, c.changed, append_reactions);
  member(out, R"(,"hasMore":)", c.has_more);
  out += '}';
}

void append_group(std::string& out, const group_info& g) {
  member(out, R"({"groupId":)", g.id);
  member(out, R"(,"name":)", g.name);
  member(out, R"(,"owner":)", g.owner);
  member(out, R"(,"memberCount":)", g.member_count);
  member(out, R"(,"muted":)", g.muted);
  member(out, R"(,"history":)", name{g.history == group_history::all ? "all" : "joined"});
  member(out, R"(,"createTime":)", g.created_at);
  out += '}';
}

void append_member(std::string& out, const group_member& m) {
  member(out, R"({"userId":)", m.user);
  member(out, R"(,"role":)", name{group_role_names[static_cast<std::size_t>(m.role)]});
  member(out, R"(,"joinedSeq":)", m.joined_seq);
  out += '}';
}

void append_profile(std::string& out, const profile& p) {
  member(out, R"({"userId":)", p.user);
  member(out, R"(,"name":)", p.name);
  member(out, R"(,"avatar":)", p.avatar);
  out += '}';
}

/// `,"cursor":…}`, the end of a page.
std::string end_page(std::string out, std::string_view cursor) {
  member(out, R"(,"cursor":)", cursor.empty() ? std::nullopt : std::optional(cursor));
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

void append_limits(std::string& out, const limits& limits, const hello_facts& facts) {
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
      {"recallSeconds", static_cast<std::size_t>(facts.recall_window.count())},
      {"editSeconds", static_cast<std::size_t>(facts.edit_window.count())},
      {"fileBytes", facts.file_bytes},
  };
  out += '{';
  for (const auto& [key, value] : told) {
    if (out.back() != '{') out += ',';
    append(out, name{key});
    out += ':';
    append(out, value);
  }
  out += R"(,"fileTypes":[)";
  for (const auto& type : facts.file_types) {
    if (out.back() != '[') out += ',';
    append(out, type);
  }
  out += "]}";
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
  member(out, R"("userId":)", facts.user);
  member(out, R"(,"sessionId":)", facts.session_id);
  member(out, R"(,"node":)", facts.node);
  member(out, R"(,"epoch":)", facts.epoch);
  member(out, R"(,"heartbeatSeconds":)", facts.heartbeat.count());
  member(out, R"(,"serverTime":)", facts.now);
  out += R"(,"limits":)";
  append_limits(out, limits, facts);
  member(out, R"(,"expiresAt":)", facts.expires);
  return end_notification(std::move(out));
}

std::string message_notification(const message& m) {
  auto out = begin_notification("message", bytes_around(m));
  out += R"("message":)";
  append_message(out, m);
  return end_notification(std::move(out));
}

std::string terse_message(const message& m) {
  std::string out;
  out.reserve(bytes_around(m));
  append_message(out, m, true);
  return out;
}

std::string messages_notification(std::span<const std::string> texts) {
  std::size_t bytes = 0;
  for (const auto& text : texts) bytes += text.size() + 1;
  auto out = begin_notification("messages", bytes);
  out += R"("messages":)";
  append_list(out, texts, [](std::string& to, const std::string& text) { to += text; });
  return end_notification(std::move(out));
}

std::string reaction_notification(const reaction& r) {
  auto out = begin_notification("reaction", 192);
  member(out, R"("conversationId":)", id_text{r.conversation_id});
  member(out, R"(,"seq":)", r.seq);
  member(out, R"(,"userId":)", r.user);
  member(out, R"(,"emoji":)", std::string_view(r.emoji));
  member(out, R"(,"on":)", r.on);
  return end_notification(std::move(out));
}

std::string stream_notification(std::int64_t conversation, std::int64_t seq, std::size_t offset,
                                std::string_view delta) {
  auto out = begin_notification("stream", 128 + delta.size());
  member(out, R"("conversationId":)", id_text{conversation});
  member(out, R"(,"seq":)", seq);
  member(out, R"(,"offset":)", offset);
  member(out, R"(,"delta":)", delta);
  return end_notification(std::move(out));
}

std::string read_notification(std::int64_t conversation, const user_id& user, std::int64_t seq) {
  auto out = begin_notification("read", 128);
  member(out, R"("conversationId":)", id_text{conversation});
  member(out, R"(,"userId":)", user);
  member(out, R"(,"seq":)", seq);
  return end_notification(std::move(out));
}

std::string typing_notification(std::int64_t conversation, const user_id& user) {
  auto out = begin_notification("typing", 128);
  member(out, R"("conversationId":)", id_text{conversation});
  member(out, R"(,"userId":)", user);
  return end_notification(std::move(out));
}

std::string presence_notification(const user_id& user, bool online) {
  auto out = begin_notification("presence", 128);
  member(out, R"("userId":)", user);
  member(out, R"(,"online":)", online);
  return end_notification(std::move(out));
}

std::string own_notification(const own_settings& settings) {
  auto out = begin_notification("conversation", 160);
  member(out, R"("conversationId":)", id_text{settings.conversation_id});
  member(out, R"(,"pinned":)", settings.pinned);
  member(out, R"(,"muted":)", settings.muted);
  member(out, R"(,"clearedSeq":)", settings.cleared_seq);
  member(out, R"(,"readSeq":)", settings.read_seq);
  return end_notification(std::move(out));
}

std::string own_notification(const profile& p) {
  auto out = begin_notification("profile", 256);
  out += std::string_view(profile_result(p)).substr(1); // its members and its end
  return out += '}';
}

std::string closing_notification(close_code code, std::string_view reason,
                                 std::optional<std::chrono::milliseconds> reconnect_after) {
  auto out = begin_notification("closing", 128);
  member(out, R"("code":)", static_cast<std::uint16_t>(code));
  member(out, R"(,"reason":)", reason);
  member(out, R"(,"reconnectAfterMs":)", reconnect_after);
  return end_notification(std::move(out));
}

std::string send_result(const message& m, bool duplicate) {
  std::string out;
  out.reserve(32 + bytes_around(m));
  out += R"({"message":)";
  append_message(out, m);
  member(out, R"(,"duplicate":)", duplicate);
  return out += '}';
}

std::string history_result(const history_page& page) {
  std::string out = R"({"messages":)";
  append_messages(out, page.messages);
  member(out, R"(,"hasMore":)", page.has_more);
  return out += '}';
}

std::string messages_result(const std::vector<message>& messages) {
  std::string out = R"({"messages":)";
  append_messages(out, messages);
  return out += '}';
}

std::string message_result(const message& m) {
  std::string out = R"({"message":)";
  append_message(out, m);
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
  std::string out;
  member(out, R"({"epoch":)", epoch);
  member(out, R"(,"reset":)", reset);
  out += R"(,"conversations":)";
  append_list(out, page.conversations, append_synced);
  out += R"(,"gone":)";
  append_list(out, page.gone, [](std::string& to, std::int64_t id) { append(to, id_text{id}); });
  member(out, R"(,"hasMore":)", page.has_more);
  return out += '}';
}

std::string presence_result(const std::vector<user_id>& online) {
  std::string out = R"({"online":)";
  append_users(out, online);
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
  append_users(out, users);
  return out += '}';
}

std::string grants_result(const std::vector<std::string>& templates, const std::vector<push_grant>& granted) {
  std::string out = R"({"grants":{)";
  for (const auto& id : templates) {
    if (&id != &templates.front()) out += ',';
    append(out, std::string_view(id));
    out += ':';
    const auto of = std::ranges::find(granted, id, &push_grant::template_id);
    append(out, of == granted.end() ? 0 : of->grants);
  }
  return out += "}}";
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
  std::string out;
  member(out, R"({"expiresAt":)", expires_at);
  return out += '}';
}

std::string token_result(std::string_view token, wall_time expires_at, const user_id* user) {
  std::string out;
  member(out, R"({"token":)", token);
  member(out, R"(,"expiresAt":)", expires_at);
  if (user != nullptr) member(out, R"(,"userId":)", *user);
  return out += '}';
}

std::string ping_result(wall_time now, const std::vector<std::pair<std::int64_t, std::int64_t>>& positions) {
  std::string out;
  member(out, R"({"serverTime":)", now);
  out += R"(,"positions":{)";
  for (const auto& [conversation, seq] : positions) {
    if (out.back() != '{') out += ',';
    append(out, id_text{conversation});
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
  member(out, R"(,"error":{"code":)", row.rpc_code);
  member(out, R"(,"message":)", why.detail.empty() ? row.title : why.detail);
  if (row.retry_later || why.code == errc::internal) {
    member(out, R"(,"data":{"retryAfterMs":)", spread_retry(why).count());
    out += '}';
  } else if (!why.reason.empty()) {
    member(out, R"(,"data":{"reason":)", why.reason);
    if (why.until) out.append(R"(,"until":)").append(json_until(*why.until));
    out += '}';
  } else if (why.code == errc::malformed && !why.param.empty()) {
    member(out, R"(,"data":{"param":)", why.param);
    out += '}';
  }
  return out += "}}";
}

} // namespace hongyan::v1
