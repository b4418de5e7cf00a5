#include "core/wire/classic.hpp"

#include "core/tools/text.hpp"
#include "core/tools/wall_time.hpp"
#include "core/wire/json.hpp"

#include <algorithm>
#include <boost/json.hpp>

namespace hongyan::classic {

namespace {

namespace json = boost::json;

error malformed(std::string detail) { return {errc::malformed, std::move(detail)}; }

result<user_id> read_id(const json::object& chat, std::string_view field) {
  const auto* value = chat.if_contains(field);
  if (value == nullptr || value->is_null())
    return malformed(std::string(field) + " is missing; it is " + std::string(user_id::accepted) +
                     ", as a string or a whole number");
  auto id = read_user_id(*value);
  if (!id) return malformed(std::string(field) + " is not a user id: " + id.error().detail);
  return id;
}

/// An optional string of at most `chars_max` characters; absent and null are the same.
result<std::optional<std::string>> read_text(const json::object& chat, std::string_view field,
                                             std::size_t chars_max) {
  const auto* value = chat.if_contains(field);
  if (value == nullptr || value->is_null()) return std::optional<std::string>{};
  const auto* text = value->if_string();
  if (text == nullptr) return malformed(std::string(field) + " must be a string");
  if (count_characters(*text) > chars_max)
    return malformed(std::string(field) + " is longer than " + std::to_string(chars_max) + " characters");
  if (text->find('\0') != json::string::npos)
    return malformed(std::string(field) + " must not contain the character U+0000");
  return std::optional<std::string>(std::string(*text));
}

result<std::string> read_content(const json::object& chat, std::size_t chars_max) {
  const auto* value = chat.if_contains("content");
  const auto* text = value == nullptr ? nullptr : value->if_string();
  const auto accepted = "1 to " + std::to_string(chars_max) + " characters without U+0000";
  if (text == nullptr) return malformed("content must be a string of " + accepted);
  if (text->empty()) return malformed("content is empty; it has " + accepted);
  if (const auto count = count_characters(*text); count > chars_max)
    return error{errc::too_large, "content has " + std::to_string(count) + " characters; it has " + accepted};
  if (text->find('\0') != json::string::npos)
    return malformed("content must not contain the character U+0000");
  return std::string(*text);
}

void append_id(std::string& out, const user_id& id) {
  // An id's characters need no escape in JSON.
  if (id.is_number()) {
    out += id.text();
  } else {
    out += '"';
    out += id.text();
    out += '"';
  }
}

void append_optional(std::string& out, const std::optional<std::string>& text) {
  if (text) {
    append_json_string(out, *text);
  } else {
    out += "null";
  }
}

} // namespace

result<new_message> parse_push(std::string_view body, const limits& limits) {
  auto parsed = parse_json(body);
  if (!parsed) return parsed.error();
  const auto* chat = parsed->if_object();
  if (chat == nullptr)
    return malformed("the body must be a JSON object: {\"userId\":…,\"targetUserId\":…,\"content\":…}");

  auto from = read_id(*chat, "userId");
  if (!from) return from.error();
  auto to = read_id(*chat, "targetUserId");
  if (!to) return to.error();
  auto content = read_content(*chat, limits.content_chars);
  if (!content) return content.error();
  auto from_name = read_text(*chat, "userName", limits.name_chars);
  if (!from_name) return from_name.error();
  auto to_name = read_text(*chat, "targetUserName", limits.name_chars);
  if (!to_name) return to_name.error();
  auto client_msg_id = read_text(*chat, "clientMsgId", limits.name_chars);
  if (!client_msg_id) return client_msg_id.error();
  if (*client_msg_id && (*client_msg_id)->empty())
    return malformed("clientMsgId is empty; it has 1 to " + std::to_string(limits.name_chars) +
                     " characters");

  return new_message{.from = std::move(*from),
                     .to = std::move(*to),
                     .from_name = std::move(*from_name),
                     .to_name = std::move(*to_name),
                     .content = std::move(*content),
                     .client_msg_id = std::move(*client_msg_id)};
}

std::string_view shown_content(const message& m) {
  switch (m.kind) {
  case message_kind::text: return m.content;
  case message_kind::image: return "[图片]";
  case message_kind::voice: return "[语音]";
  case message_kind::video: return "[视频]";
  case message_kind::file: return "[文件]";
  case message_kind::location: return "[位置]";
  default: break; // custom; the log's own are not shown at all
  }
  return "[消息]";
}

std::string encode_chat(const message& m) {
  std::string out;
  out.reserve(160 + m.content.size());
  out += R"({"id":)";
  out += std::to_string(m.id);
  out += R"(,"userId":)";
  append_id(out, m.from);
  out += R"(,"targetUserId":)";
  append_id(out, m.to.id);
  out += R"(,"createTime":")";
  append_local_time(out, m.created_at);
  out += R"(","userName":)";
  append_optional(out, m.from_name);
  out += R"(,"targetUserName":)";
  append_optional(out, m.to_name);
  out += R"(,"content":)";
  append_json_string(out, shown_content(m));
  out += '}';
  return out;
}

std::string encode_chats(const std::vector<message>& messages) {
  std::string out = "[";
  for (const auto& m : messages) {
    if (out.size() > 1) out += ',';
    out += encode_chat(m);
  }
  return out += ']';
}

std::string encode_online(const std::vector<online_user>& users) {
  std::string out = "{";
  for (const auto& u : users) {
    if (out.size() > 1) out += ',';
    out += '"';
    out += u.user.text();
    out += R"(":{"userId":)";
    append_id(out, u.user);
    out += R"(,"sessions":)";
    out += std::to_string(u.sessions);
    out += R"(,"nodes":)";
    for (const auto& node : u.nodes) {
      out += &node == u.nodes.data() ? '[' : ',';
      append_json_string(out, node);
    }
    out += R"(],"since":")";
    append_utc_time(out, u.since);
    out += R"("})";
  }
  return out += '}';
}

void window::add(chat c) {
  const auto at = std::ranges::upper_bound(chats_, c.id, {}, &chat::id);
  if (at != chats_.begin() && std::prev(at)->id == c.id) return;
  if (chats_.size() == capacity_) {
    if (at == chats_.begin()) return; // older than all that are kept
    // Shift the older ones down by one over the oldest, which falls out.
    std::move(chats_.begin() + 1, at, chats_.begin());
    *std::prev(at) = std::move(c);
  } else {
    chats_.insert(at, std::move(c));
  }
}

std::size_t window::json_bytes() const {
  std::size_t bytes = chats_.empty() ? 2 : 1 + chats_.size(); // brackets and commas
  for (const auto& c : chats_) bytes += c.json->size();
  return bytes;
}

void window::append_json(std::string& out) const {
  out.reserve(out.size() + json_bytes());
  char before = '[';
  for (const auto& c : chats_) {
    out += before;
    out += *c.json;
    before = ',';
  }
  out += chats_.empty() ? "[]" : "]";
}

} // namespace hongyan::classic
