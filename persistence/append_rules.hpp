/// What both stores must decide alike about a message to store.
#pragma once

#include "persistence/store.hpp"

#include <optional>
#include <string>
#include <string_view>
#include <utility>

namespace hongyan {

/// The two users of a direct conversation in byte order, which is the conversation's key; equal for a note to
/// oneself. The views are into `message`.
inline std::pair<std::string_view, std::string_view> conversation_key(const user_id& one,
                                                                      const user_id& other) {
  return one < other ? std::pair{std::string_view(one.text()), std::string_view(other.text())}
                     : std::pair{std::string_view(other.text()), std::string_view(one.text())};
}

/// The target column: the other user of a direct conversation; a group's messages have none.
inline std::optional<std::string_view> target_column(const peer_or_group& to) {
  if (to.is_group()) return std::nullopt;
  return std::string_view(to.id.text());
}

/// What a message is whose sender and client_msg_id are stored already. Names and ext do not matter, they may
/// change between two attempts to send. Objects are compared as JSON, not as text. Of a recalled message the
/// content is gone, so only conversation and kind can differ.
append_status repeat_status(const new_message& again, const message& stored);

/// Of what counts of a message when it is sent again, for the column sent_digest, where something else is
/// stored than was sent. Never 0. No security rests on it: who finds another text with the same one can
/// deceive themselves.
std::int64_t digest_of(std::string_view sent);
/// What the column says of a message whose content changes now, if it says nothing yet; 0: it is never sent
/// again.
inline std::int64_t digest_of_first(const message& before) {
  return before.client_msg_id ? digest_of(before.content) : 0;
}
/// The column's value for a message; 0: what is stored is what was sent.
std::int64_t sent_digest(const new_message& message);

/// What of a message can be searched for: a text, a file's name, a location's name and address. Empty:
/// nothing.
std::string searchable_text(message_kind kind, const std::string& content);

/// "IN (0, 1, ...)": the kinds that are messages (is_own_entry() says which are not), for a condition in SQL.
const std::string& in_message_kinds();

/// A user id that was checked before it was stored.
inline user_id stored_user(std::string_view text) {
  auto id = user_id::parse(text);
  return id ? *std::move(id) : user_id{};
}

} // namespace hongyan
