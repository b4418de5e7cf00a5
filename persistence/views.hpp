/// What users ask for, put together from the store's reads: pages of history, the conversation list, a whole
/// resume, search. Every function checks that the conversation is the user's.
#pragma once

#include "core/chat/query.hpp"
#include "persistence/store.hpp"

namespace hongyan {

/// A direct conversation without a word is empty. Errors: not_found (a group that is not the user's).
result<history_page> read_history(message_reader& reader, const page_query& query);

/// Likewise. Of what is too much for one answer the oldest come.
result<std::vector<message>> read_messages(message_reader& reader, const messages_query& query);

/// Entries as the store has them say which message was edited: puts its present content beside that, where
/// `may_read(conversation, seq)` of the message; elsewhere null.
using may_read = std::function<bool(std::int64_t conversation, std::int64_t seq)>;
result<void> fill_edits(message_reader& reader, std::vector<message>& entries, const may_read& allowed);
/// What a range of one entry reads.
inline log_range only(std::int64_t conversation, std::int64_t seq) {
  return {conversation, seq - 1, seq + 1, 1};
}
/// The content of the entry of an edit: of `seq`, whose content is now this; null: it was recalled.
std::string edit_content(std::int64_t seq, const std::string* content);
/// The content of an edit as it is stored: which message, and how often it was edited then; 0: it was a
/// stream until then.
std::string edit_entry(const message& now_is);
/// What such a content says; a member that is not there is nothing.
struct told_edit {
  std::optional<std::int64_t> seq{};
  std::optional<std::int64_t> edits{};
};
told_edit read_edit_entry(const message& edit);

/// Errors: malformed (a cursor that is not ours).
result<conversation_page> list_conversations(message_reader& reader, const list_query& query);

/// Conversations an answer holds at most; the others follow while has_more.
inline constexpr std::size_t sync_conversations_max = 500;

/// Conversations that a page names at most as left over (sync_page::left): 8 KiB a session that resumes.
inline constexpr std::size_t sync_left_max = 1024;

/// What the contents of one answer may come to: an answer waits in memory until its client has read it. Fewer
/// messages than asked for come then, and the rest with the next page; one at least always comes.
inline constexpr std::size_t answer_bytes_max = 256 * 1024;

/// A whole resume. Conversations in which nothing is new come too, without messages, as far as there is room:
/// their read positions may have moved.
result<sync_page> sync(message_reader& reader, const sync_query& query);

/// Errors: malformed (nothing to search for; a cursor that is not ours), not_found (a group that is not
/// theirs).
result<search_page> search(message_reader& reader, const search_query& query);

/// Whom `user` would reach with a sign of life in `in` (typing): everyone else there. Empty: nothing was ever
/// said there. Errors: not_found, forbidden (the other user of a direct conversation has blocked this one).
struct typing_audience {
  std::int64_t conversation_id = 0;
  std::vector<user_id> users;
};
result<typing_audience> audience(message_reader& reader, const user_id& user, const peer_or_group& in);

} // namespace hongyan
