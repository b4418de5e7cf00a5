#include "persistence/append_rules.hpp"

#include "core/wire/json.hpp"

#include <boost/json/value.hpp>
#include <openssl/sha.h>

#include <initializer_list>

namespace hongyan {

namespace {

/// The members of the object `content` that are strings, with spaces between.
std::string strings_of(const std::string& content, std::initializer_list<std::string_view> names) {
  std::string all;
  const auto value = parse_json(content);
  const auto* object = value ? value->if_object() : nullptr;
  if (object == nullptr) return all;
  for (const std::string_view name : names) {
    const auto* member = object->if_contains(name);
    if (member == nullptr || !member->is_string()) continue;
    if (!all.empty()) all += ' ';
    all += std::string_view(member->get_string());
  }
  return all;
}

/// Of a message that is sent again.
std::string_view what_counts(const new_message& m) {
  if (m.kind == message_kind::text_stream) return std::string_view("\0stream", 7); // no text has U+0000
  if (m.first_content) return *m.first_content;
  return m.attached && !m.attached->sent.empty() ? m.attached->sent : m.content;
}

} // namespace

append_status repeat_status(const new_message& again, const message& stored) {
  // A stream's message is a text once it has ended; its digest tells it from others.
  const auto kind = [](message_kind k) { return k == message_kind::text_stream ? message_kind::text : k; };
  if (again.to != stored.to || kind(again.kind) != kind(stored.kind)) return append_status::conflict;
  if (stored.sent_digest != 0)
    return digest_of(what_counts(again)) == stored.sent_digest ? append_status::duplicate
                                                               : append_status::conflict;
  if (again.kind == message_kind::text_stream) return append_status::conflict;
  if (stored.recalled || again.content == stored.content) return append_status::duplicate;
  if (again.kind == message_kind::text) return append_status::conflict;
  const auto one = parse_json(again.content), other = parse_json(stored.content);
  return one && other && *one == *other ? append_status::duplicate : append_status::conflict;
}

std::int64_t digest_of(std::string_view sent) {
  unsigned char hash[SHA256_DIGEST_LENGTH];
  SHA256(reinterpret_cast<const unsigned char*>(sent.data()), sent.size(), hash);
  std::uint64_t digest = 0;
  for (std::size_t i = 0; i < sizeof digest; ++i) digest = digest << 8 | hash[i];
  return digest != 0 ? static_cast<std::int64_t>(digest) : 1;
}

std::int64_t sent_digest(const new_message& message) {
  if (!message.client_msg_id) return 0;
  const bool is_changed = message.kind == message_kind::text_stream || message.first_content ||
                          (message.attached && !message.attached->sent.empty());
  return is_changed ? digest_of(what_counts(message)) : 0;
}

const std::string& in_message_kinds() {
  static const std::string list = [] {
    std::string sql = "IN (";
    for (std::size_t number = 0; number < message_kind_names.size(); ++number) {
      if (is_own_entry(static_cast<message_kind>(number))) continue;
      if (sql.back() != '(') sql += ", ";
      sql += std::to_string(number);
    }
    return sql + ")";
  }();
  return list;
}

std::string searchable_text(message_kind kind, const std::string& content) {
  switch (kind) {
  case message_kind::text: return content;
  case message_kind::file: return strings_of(content, {"name"});
  case message_kind::location: return strings_of(content, {"name", "address"});
  default: return {};
  }
}

} // namespace hongyan
