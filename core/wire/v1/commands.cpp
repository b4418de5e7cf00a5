#include "core/wire/v1/commands.hpp"

#include "core/chat/emoji.hpp"
#include "core/tools/text.hpp"
#include "core/tools/wall_time.hpp"
#include "core/wire/file_json.hpp"
#include "core/wire/json.hpp"
#include "core/wire/mentions.hpp"
#include "core/wire/v1/params.hpp"

#include <algorithm>
#include <array>
#include <boost/json.hpp>
#include <charconv>

namespace hongyan::v1 {

namespace json = boost::json;

namespace {

constexpr std::array<std::string_view, 2> history_names = {"joined", "all"};
/// Kinds that a user may send: all but the log's own.
constexpr std::array sendable = {message_kind::text,  message_kind::image, message_kind::voice,
                                 message_kind::video, message_kind::file,  message_kind::location,
                                 message_kind::custom};
const auto sendable_names = [] {
  std::array<std::string_view, sendable.size()> names;
  std::ranges::transform(sendable, names.begin(), name_of);
  return names;
}();

constexpr std::int64_t seq_max = user_id::number_max; // exact in JavaScript

// What methods have in common.

std::size_t read_limit(params& p, std::size_t default_limit, std::size_t limit_max) {
  return static_cast<std::size_t>(
      p.optional_integer("limit", 1, static_cast<std::int64_t>(limit_max)).value_or(default_limit));
}

std::size_t read_limit(params& p) { return read_limit(p, 50, history_limit_max); }

/// Clients begin with null, absent or "".
std::string read_cursor(params& p) {
  if (const auto* value = p.find("cursor");
      value != nullptr && value->is_string() && value->get_string().empty())
    return {};
  return p.optional_text("cursor", token_chars_max).value_or("");
}

std::int64_t read_seq(params& p) { return p.integer("seq", 1, seq_max); }

/// At least one of what can be set must be.
void need_one_of(params& p, std::initializer_list<std::string_view> fields, std::string_view why) {
  if (std::ranges::none_of(fields, [&](auto field) { return p.find(field) != nullptr; }))
    p.refuse(errc::malformed, *fields.begin(), why);
}

// message.send.

/// A caption: any string, the empty one too (a chosen place on the map may have no name).
void check_caption(params& p, std::string_view field) {
  if (const auto* value = p.find(field); value != nullptr && !value->is_string())
    p.refuse(errc::malformed, field, "is not a string");
}

void check_content(params& p, message_kind kind) {
  const auto count = [&](std::string_view field) {
    p.optional_number(field, 0, static_cast<double>(user_id::number_max));
  };
  switch (kind) {
  case message_kind::image:
    p.text("fileId", file_id_chars_max);
    count("width"), count("height"), count("size");
    break;
  case message_kind::voice:
    p.text("fileId", file_id_chars_max);
    count("seconds"), count("size");
    break;
  case message_kind::video:
    p.text("fileId", file_id_chars_max);
    count("seconds"), count("width"), count("height"), count("size");
    break;
  case message_kind::file:
    p.text("fileId", file_id_chars_max);
    check_caption(p, "name");
    count("size");
    break;
  case message_kind::location:
    p.number("latitude", -90, 90);
    p.number("longitude", -180, 180);
    check_caption(p, "name"), check_caption(p, "address");
    break;
  default: break; // custom: any object
  }
}

/// An object as it is stored.
std::string write_object(params& p, std::string_view field, const json::object& object,
                         std::size_t bytes_max) {
  std::string out;
  append_json(out, object);
  if (out.size() > bytes_max)
    p.refuse(errc::too_large, field,
             "has " + std::to_string(out.size()) + " bytes as JSON; it has at most " +
                 std::to_string(bytes_max));
  return out;
}

new_message read_message_send(params& p, const user_id& by, const limits& limits) {
  new_message m;
  m.from = by;
  m.to = p.peer_or_group_at("to");
  m.client_msg_id = p.text("clientMsgId", limits.name_chars);
  m.kind = sendable[p.optional_choice("kind", sendable_names).value_or(0)];
  m.content = read_content(p, m.kind, limits);
  const auto* ext = p.optional_object("ext");
  if (ext != nullptr) m.ext = write_object(p, "ext", *ext, limits.ext_bytes);
  const auto* content = p.find("content");
  m.attached = read_attachment(m.kind, content != nullptr ? content->if_object() : nullptr, ext);
  m.called = read_mentions(ext, by);
  return m;
}

// The other methods.

page_query read_message_history(params& p, const user_id& by, const limits&) {
  page_query q{.user = by, .in = p.peer_or_group_at("in")};
  q.before_seq = p.optional_integer("beforeSeq", 1, seq_max);
  q.after_seq = p.optional_integer("afterSeq", 0, seq_max);
  if (q.before_seq && q.after_seq)
    p.refuse(errc::malformed, "beforeSeq", "and afterSeq are both given; give one of them or neither");
  q.limit = read_limit(p);
  return q;
}

search_query read_message_search(params& p, const user_id& by, const limits&) {
  search_query q{.user = by, .text = p.text("query", query_chars_max)};
  q.in = p.optional_peer_or_group("in");
  q.cursor = read_cursor(p);
  q.limit = read_limit(p);
  return q;
}

change read_message_recall(params& p, const user_id& by, const limits&) {
  recall_message action{.in = p.peer_or_group_at("in")};
  action.seq = read_seq(p);
  return change{by, std::move(action)};
}

change read_message_edit(params& p, const user_id& by, const limits& limits) {
  edit_message action{.in = p.peer_or_group_at("in")};
  action.seq = read_seq(p);
  action.content = read_words(p, limits.content_chars);
  return change{by, std::move(action)};
}

change read_message_react(params& p, const user_id& by, const limits&) {
  react_to_message action{.in = p.peer_or_group_at("in")};
  action.seq = read_seq(p);
  action.emoji = p.text("emoji", emoji_bytes_max);
  if (!action.emoji.empty() && !is_emoji(action.emoji))
    p.refuse(errc::malformed, "emoji",
             "is not made of emoji alone; it is 1 to " + std::to_string(emoji_bytes_max) + " bytes of them");
  action.on = p.flag("on");
  return change{by, std::move(action)};
}

messages_query read_message_get(params& p, const user_id& by, const limits&) {
  messages_query q{.user = by, .in = p.peer_or_group_at("in")};
  q.seqs = p.integers("seqs", 1, message_seqs_max, 1, seq_max);
  return q;
}

list_query read_conversation_list(params& p, const user_id& by, const limits&) {
  list_query q{.user = by, .cursor = read_cursor(p)};
  q.limit = read_limit(p);
  return q;
}

read_mark read_conversation_read(params& p, const user_id& by, const limits&) {
  read_mark mark{.user = by, .in = p.peer_or_group_at("in")};
  mark.seq = read_seq(p);
  return mark;
}

show_typing read_conversation_typing(params& p, const user_id&, const limits&) {
  return show_typing{p.peer_or_group_at("in")};
}

change read_conversation_set(params& p, const user_id& by, const limits&) {
  set_conversation action{.in = p.peer_or_group_at("in")};
  action.pinned = p.optional_flag("pinned");
  action.muted = p.optional_flag("muted");
  need_one_of(p, {"pinned", "muted"}, "and muted are both missing; give at least one");
  return change{by, std::move(action)};
}

change read_conversation_clear(params& p, const user_id& by, const limits&) {
  return change{by, clear_conversation{p.peer_or_group_at("in")}};
}

std::map<std::int64_t, std::int64_t> read_positions(params& p) {
  std::map<std::int64_t, std::int64_t> positions;
  const auto* object = p.optional_object("positions");
  if (object == nullptr) return positions;
  params inner(*object, "positions.");
  for (const auto& member : *object) {
    const std::string_view key = member.key();
    std::int64_t conversation = 0;
    const auto [end, ec] = std::from_chars(key.data(), key.data() + key.size(), conversation);
    if (ec != std::errc() || end != key.data() + key.size() || conversation < 1 || key.front() == '0') {
      p.refuse(errc::malformed, "positions",
               "has a key that is not a conversationId, a whole number above 0");
      break;
    }
    positions[conversation] = inner.integer(key, 0, seq_max);
  }
  p.adopt(inner);
  return positions;
}

/// A conversationId as messages carry it; 0: it is none.
std::int64_t parse_conversation(std::string_view text) {
  std::int64_t id = 0;
  const auto [end, ec] = std::from_chars(text.data(), text.data() + text.size(), id);
  return ec == std::errc() && end == text.data() + text.size() && id > 0 && text.front() != '0' ? id : 0;
}

std::vector<held_message> read_last(params& p) {
  std::vector<held_message> last;
  const auto* value = p.find("last");
  if (value == nullptr) return last;
  const auto* list = value->if_array();
  if (list == nullptr || list->size() > sync_last_max) {
    p.refuse(errc::malformed, "last",
             "is not a list of at most " + std::to_string(sync_last_max) + " messages");
    return last;
  }
  for (const auto& element : *list) {
    const auto* object = element.if_object();
    if (object == nullptr) {
      p.refuse(errc::malformed, "last", "has an element that is no object");
      break;
    }
    params inner(*object, "last.");
    held_message held;
    held.conversation_id = parse_conversation(inner.text("conversationId", token_chars_max));
    if (held.conversation_id == 0)
      inner.refuse(errc::malformed, "conversationId", "is not the conversationId of a message");
    held.seq = inner.integer("seq", 1, seq_max);
    held.id = inner.integer("id", 1, seq_max);
    if (const auto time = parse_utc_time(inner.text("createTime", token_chars_max)))
      held.created_at = *time;
    else
      inner.refuse(errc::malformed, "createTime",
                   "is not a time as messages have it, 2026-11-22T10:48:39.123Z");
    p.adopt(inner);
    last.push_back(held);
  }
  return last;
}

resume read_sync(params& p, const user_id& by, const limits&) {
  resume r{.epoch = p.optional_text("epoch", token_chars_max),
           .query = {.user = by, .positions = read_positions(p), .last = read_last(p)}};
  r.query.limit = read_limit(p, r.query.limit, sync_limit_max);
  r.query.recent = static_cast<std::size_t>(
      p.optional_integer("recent", 0, sync_recent_max).value_or(static_cast<std::int64_t>(r.query.recent)));
  return r;
}

watch_users read_presence_watch(params& p, const user_id&, const limits&) {
  return {p.ids("userIds", 0, watched_users_max)};
}

unwatch_users read_presence_unwatch(params& p, const user_id&, const limits&) {
  return {p.ids("userIds", 0, watched_users_max)};
}

get_profiles read_user_get(params& p, const user_id&, const limits&) {
  return get_profiles{p.ids("userIds", 0, user_ids_max)};
}

change read_user_update(params& p, const user_id& by, const limits& limits) {
  // What is not there stays, and null would look like taking it away: it must be a string.
  update_profile action{};
  if (p.holds("name")) action.name = p.text("name", limits.name_chars);
  if (p.holds("avatar")) action.avatar = p.text("avatar", avatar_chars_max);
  need_one_of(p, {"name", "avatar"}, "and avatar are both missing; give at least one");
  return change{by, std::move(action)};
}

change read_block_add(params& p, const user_id& by, const limits&) {
  auto users = p.ids("userIds", 1, user_ids_max);
  if (std::ranges::find(users, by) != users.end())
    p.refuse(errc::malformed, "userIds", "has your own id in it");
  return change{by, block_users{std::move(users), true}};
}

change read_block_remove(params& p, const user_id& by, const limits&) {
  return change{by, block_users{p.ids("userIds", 1, user_ids_max), false}};
}

list_blocks read_block_list(params&, const user_id&, const limits&) { return list_blocks{}; }

std::optional<group_history> read_history(params& p) {
  const auto found = p.optional_choice("history", history_names);
  if (!found) return {};
  return static_cast<group_history>(*found);
}

change read_group_create(params& p, const user_id& by, const limits& limits) {
  create_group action;
  action.name = p.text("name", limits.name_chars);
  action.members = p.optional_ids("members");
  action.id = p.optional_id("groupId").value_or(user_id());
  action.history = read_history(p).value_or(group_history::joined);
  std::erase(action.members, by);
  if (action.members.size() >= group_members_max)
    p.refuse(errc::too_large, "members",
             "has " + std::to_string(action.members.size()) + " users; a group has at most " +
                 std::to_string(group_members_max) + " members, its owner among them");
  return change{by, std::move(action)};
}

get_group read_group_get(params& p, const user_id&, const limits&) { return get_group{p.id("groupId")}; }

list_groups read_group_list(params& p, const user_id&, const limits&) {
  list_groups q{.cursor = read_cursor(p)};
  q.limit = read_limit(p);
  return q;
}

list_members read_group_members(params& p, const user_id&, const limits&) {
  list_members q{.group = p.id("groupId"), .cursor = read_cursor(p)};
  q.limit = read_limit(p);
  return q;
}

change read_group_update(params& p, const user_id& by, const limits& limits) {
  update_group action{.group = p.id("groupId"), .name = p.optional_text("name", limits.name_chars)};
  action.muted = p.optional_flag("muted");
  action.history = read_history(p);
  need_one_of(p, {"name", "muted", "history"}, "and muted and history are all missing; give at least one");
  return change{by, std::move(action)};
}

change read_group_add(params& p, const user_id& by, const limits&) {
  return change{by, add_members{p.id("groupId"), p.ids("userIds", 1, group_members_max)}};
}

change read_group_remove(params& p, const user_id& by, const limits&) {
  return change{by, remove_members{p.id("groupId"), p.ids("userIds", 1, group_members_max)}};
}

change read_group_role(params& p, const user_id& by, const limits&) {
  set_role action{.group = p.id("groupId"), .user = p.id("userId")};
  action.role = static_cast<group_role>(p.choice("role", group_role_names));
  return change{by, std::move(action)};
}

change read_group_leave(params& p, const user_id& by, const limits&) {
  return change{by, leave_group{p.id("groupId")}};
}

change read_group_dismiss(params& p, const user_id& by, const limits&) {
  return change{by, dismiss_group{p.id("groupId")}};
}

change read_push_grant(params& p, const user_id& by, const limits& limits) {
  grant_notices action;
  action.template_id = p.text("templateId", template_id_chars_max);
  action.count = static_cast<std::int32_t>(p.integer("count", 1, grants_a_call_max));
  if (std::ranges::find(limits.notice_templates, action.template_id) == limits.notice_templates.end())
    p.refuse(errc::malformed, "templateId", "is none of this server's; push.status names them");
  return change{by, std::move(action)};
}

list_grants read_push_status(params&, const user_id&, const limits& limits) {
  return {limits.notice_templates};
}

refresh_token read_session_refresh(params& p, const user_id&, const limits&) {
  return refresh_token{p.text("token", bearer_token_chars_max)};
}

ping read_ping(params&, const user_id&, const limits&) { return ping{}; }

// The table.

template <auto Read>
constexpr method row(std::string_view name, std::string_view http = {}) {
  using command_type = std::invoke_result_t<decltype(Read), params&, const user_id&, const limits&>;
  return {name, errand_of<command_type>, http,
          [](params& p, const user_id& by, const limits& limits) -> command { return Read(p, by, limits); }};
}

constexpr std::array table{
    row<read_message_send>("message.send", "POST /v1/messages"),
    row<read_message_history>("message.history", "GET /v1/messages"),
    row<read_message_search>("message.search", "GET /v1/search"),
    row<read_message_recall>("message.recall"),
    row<read_message_edit>("message.edit"),
    row<read_message_react>("message.react"),
    row<read_message_get>("message.get"),
    row<read_conversation_list>("conversation.list", "GET /v1/conversations"),
    row<read_conversation_read>("conversation.read", "POST /v1/conversations/read"),
    row<read_conversation_typing>("conversation.typing"),
    row<read_conversation_set>("conversation.set"),
    row<read_conversation_clear>("conversation.clear"),
    row<read_sync>("sync"),
    row<read_presence_watch>("presence.watch"),
    row<read_presence_unwatch>("presence.unwatch"),
    row<read_user_get>("user.get", "GET /v1/users/{}"),
    row<read_user_update>("user.update", "PUT /v1/users/{}"),
    row<read_block_add>("block.add"),
    row<read_block_remove>("block.remove"),
    row<read_block_list>("block.list"),
    row<read_group_create>("group.create", "POST /v1/groups"),
    row<read_group_get>("group.get", "GET /v1/groups/{}"),
    row<read_group_list>("group.list"),
    row<read_group_members>("group.members", "GET /v1/groups/{}/members"),
    row<read_group_update>("group.update", "PATCH /v1/groups/{}"),
    row<read_group_add>("group.add", "PUT /v1/groups/{}/members/{}"),
    row<read_group_remove>("group.remove", "DELETE /v1/groups/{}/members/{}"),
    row<read_group_role>("group.role"),
    row<read_group_leave>("group.leave"),
    row<read_group_dismiss>("group.dismiss", "DELETE /v1/groups/{}"),
    row<read_push_grant>("push.grant"),
    row<read_push_status>("push.status"),
    row<read_session_refresh>("session.refresh"),
    row<read_ping>("ping"),
};

error no_such_method(std::string_view name) {
  // Ours are short: what is longer is not worth sending back.
  return {errc::no_such_method,
          name.size() <= 64 ? "there is no method " + std::string(name) : "there is no such method"};
}

/// The id as it goes into the answer; nothing when it is not one that JSON-RPC allows.
std::optional<std::string> read_rpc_id(const json::value& value) {
  if (const auto* text = value.if_string(); text != nullptr && text->size() > rpc_id_bytes_max) return {};
  if (!value.is_string() && !value.is_int64() && !value.is_uint64() && !value.is_null()) return {};
  std::string id;
  append_json(id, value);
  return id;
}

} // namespace

std::string read_content(params& p, message_kind kind, const limits& limits) {
  if (kind == message_kind::text) return read_words(p, limits.content_chars);
  const auto* object = p.object("content");
  if (object == nullptr) return {};
  params inner(*object, "content.");
  check_content(inner, kind);
  p.adopt(inner);
  return write_object(p, "content", *object, limits.object_bytes);
}

std::string read_words(params& p, std::size_t chars_max) {
  const auto* value = p.find("content");
  const auto* text = value == nullptr ? nullptr : value->if_string();
  const auto refuse = [&](errc code, std::string why) {
    p.refuse(code, "content",
             why + "; of a text it is a string of 1 to " + std::to_string(chars_max) +
                 " characters without U+0000");
    return std::string();
  };
  if (text == nullptr) return refuse(errc::malformed, value == nullptr ? "is missing" : "is not a string");
  if (text->empty()) return refuse(errc::malformed, "is empty");
  if (const auto count = count_characters(*text); count > chars_max)
    return refuse(errc::too_large, "has " + std::to_string(count) + " characters");
  if (text->find('\0') != json::string::npos) return refuse(errc::malformed, "has U+0000");
  return std::string(*text);
}

std::size_t cost_of(const command& what) {
  const auto named = [](const auto& of) -> std::size_t {
    using T = std::decay_t<decltype(of)>;
    if constexpr (std::is_same_v<T, watch_users> || std::is_same_v<T, unwatch_users> ||
                  std::is_same_v<T, get_profiles>)
      return of.users.size();
    if constexpr (std::is_same_v<T, change>)
      return std::visit(
          [](const auto& action) -> std::size_t {
            if constexpr (requires { action.users; }) return action.users.size();
            if constexpr (requires { action.members; }) return action.members.size();
            return 1;
          },
          of.action);
    return 1;
  };
  return std::max<std::size_t>(std::visit(named, what), 1);
}

std::span<const method> methods() { return table; }

result<command> parse_command(std::string_view name, const json::object& object, const user_id& by,
                              const limits& limits) {
  const auto found = std::ranges::find(table, name, &method::name);
  if (found == table.end()) return no_such_method(name);
  // Without templates there is nothing to grant.
  if (name.starts_with("push.") && limits.notice_templates.empty()) return no_such_method(name);
  params p(object);
  auto what = found->read(p, by, limits);
  if (p.fault()) return *p.fault();
  return what;
}

request parse_request(std::string_view text, const user_id& by, const limits& limits) {
  static const std::string null = "null";
  auto parsed = parse_json(text, v1_json_depth_max);
  if (!parsed) return {null, error{errc::not_json, std::move(parsed.error().detail)}};
  const auto* object = parsed->if_object();
  if (object == nullptr)
    return {null, error{errc::not_a_request, R"(a request is an object {"jsonrpc":"2.0","id":…,"method":…,)"
                                             R"("params":…}; there are no batches)"}};

  const auto* id = object->if_contains("id");
  const auto known = id == nullptr ? null : read_rpc_id(*id);
  if (!known)
    return {null, error{errc::not_a_request, "id is neither a string of at most " +
                                                 std::to_string(rpc_id_bytes_max) +
                                                 " bytes nor a whole number nor null"}};
  const auto* version = object->if_contains("jsonrpc");
  if (version == nullptr || *version != "2.0")
    return {*known, error{errc::not_a_request, R"(jsonrpc is not "2.0")"}};
  const auto* method = object->if_contains("method");
  if (method == nullptr || !method->is_string())
    return {*known, error{errc::not_a_request, "method is not a string"}};

  const auto answer_to = id == nullptr ? std::string() : *known;
  const auto* given = object->if_contains("params");
  const json::object none;
  const auto* parameters = given == nullptr ? &none : given->if_object();
  auto what = parse_command(method->get_string(), parameters == nullptr ? none : *parameters, by, limits);
  if (parameters == nullptr && !(what.has_error() && what.error().code == errc::no_such_method))
    what = error{errc::malformed, "params is not an object", "params"};
  return {answer_to, std::move(what)};
}

} // namespace hongyan::v1
