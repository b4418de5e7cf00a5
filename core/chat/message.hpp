/// A chat message, before and after it has its place in a conversation.
#pragma once

#include "core/chat/peer_or_group.hpp"
#include "core/tools/wall_time.hpp"

#include <array>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace hongyan {

struct span_begun;

/// Stored by number: never renumber. The set is open: a newer release may have written others, which are read
/// as `unknown`.
enum class message_kind : std::uint8_t {
  text = 0,
  image = 1,
  voice = 2,
  file = 3,
  location = 4,
  custom = 5,
  recall = 6, ///< the log's own: a message before it was taken back
  group = 7,  ///< the log's own: a change of the group
  video = 8,
  edit = 9,         ///< the log's own: a text before it was changed
  text_stream = 10, ///< a text that is still being written: nothing counts or finds it
  unknown = 255,    ///< of a newer release: an entry with a seq, of which nothing is shown; never stored
};

/// Their names on the wire, by number.
inline constexpr std::array<std::string_view, 11> message_kind_names = {
    "text", "image", "voice", "file", "location", "custom", "recall", "group", "video", "edit", "text"};

static_assert(message_kind_names.size() == static_cast<std::size_t>(message_kind::text_stream) + 1);

/// Of a number that was stored, or told by another node.
inline message_kind kind_of(std::int64_t number) {
  return number >= 0 && number < static_cast<std::int64_t>(message_kind_names.size())
             ? static_cast<message_kind>(number)
             : message_kind::unknown;
}

inline std::string_view name_of(message_kind kind) {
  const auto number = static_cast<std::size_t>(kind);
  return number < message_kind_names.size() ? message_kind_names[number] : "unknown";
}

/// Entries that no user wrote, those that are not ready, and those that we cannot read: they count as no
/// message in unread counts, search and the classic contract.
constexpr bool is_own_entry(message_kind kind) {
  using enum message_kind;
  switch (kind) { // without a default, so that the compiler asks of a new kind; its name is above
  case text:
  case image:
  case voice:
  case video:
  case file:
  case location:
  case custom: return false;
  case recall:
  case group:
  case edit:
  case text_stream:
  case unknown: break;
  }
  return true;
}

/// Its content is the text, and no object.
constexpr bool is_text(message_kind kind) {
  return kind == message_kind::text || kind == message_kind::text_stream;
}

/// Recalls and edits: they are about a message before, and move no conversation in a list.
constexpr bool is_quiet(message_kind kind) {
  return kind == message_kind::recall || kind == message_kind::edit;
}

struct attachment;
struct content_verdict;
struct stream_start;

/// Whom a message calls by name.
struct mentions {
  bool all = false; ///< everybody in the group
  std::vector<user_id> users{};
};
/// Users whom one message calls; the others mean nothing (contract, section 7).
inline constexpr std::size_t mentions_max = 50;

/// How many have reacted to a message with one emoji.
struct reaction_tally {
  std::string emoji;
  std::size_t count = 0;
  bool mine = false; ///< the asker is one of them
};

/// A message as a client sent it, checked: every field is within its limits and valid UTF-8 without U+0000.
struct new_message {
  user_id from;
  peer_or_group to;
  std::optional<std::string> from_name{}; ///< shown with this message only, and only to classic clients
  std::optional<std::string> to_name{};
  message_kind kind = message_kind::text;
  std::string content;                        ///< of a text, the text; of every other kind a JSON object
  std::optional<std::string> ext{};           ///< a JSON object, stored untouched
  std::optional<std::string> client_msg_id{}; ///< makes the send idempotent for this sender
  std::shared_ptr<attachment> attached{};     ///< its files, core/chat/file.hpp; null: none
  std::shared_ptr<const mentions> called{};   ///< by `ext`; null: nobody
  /// Of a text_stream, core/chat/stream.hpp; null: it is whole.
  std::shared_ptr<const stream_start> stream{};
  /// What was sent, where a check has put something else in its place.
  std::optional<std::string> first_content{};
  /// It is only asked whether it would be stored: append_status::unchecked.
  bool is_probe = false;
  bool by_back_end = false; ///< the business says it for `from`: bans and checks are not its concern
  /// What a content check says of it, or that it is to be asked; core/chat/content_check.hpp. Null: none is.
  std::shared_ptr<const content_verdict> judged{};
  /// Where it is followed for trace.otlp_url, core/tools/span_log.hpp; null: it is not.
  std::shared_ptr<const span_begun> traced{};
  /// Whom it is for is to be told of it by WeChat when they have not read it after so long
  /// (core/chat/notice.hpp). Set by whoever stores it.
  std::optional<std::chrono::milliseconds> notice_after{};
};

/// A stored entry of a conversation's log.
struct message {
  std::int64_t id = 0; ///< over the whole server; ascending within a conversation
  std::int64_t conversation_id = 0;
  std::int64_t seq = 0; ///< dense position in the conversation: 1, 2, 3 ...
  user_id from;
  peer_or_group to;
  std::optional<std::string> from_name{};
  std::optional<std::string> to_name{};
  message_kind kind = message_kind::text;
  std::string content; ///< as in new_message; empty when recalled
  std::optional<std::string> ext{};
  std::optional<std::string> client_msg_id{};
  wall_time created_at{};
  bool recalled = false;                   ///< content and ext are gone
  std::int32_t edits = 0;                  ///< how often its text was changed
  std::vector<reaction_tally> reactions{}; ///< as one user sees them, where that was asked for
  /// Of one that is sent again: what was sent first, where that is not what is stored; else 0.
  std::int64_t sent_digest = 0;
  /// Of an edit that has just been committed: who may not read the message that it is about; null: nobody.
  std::shared_ptr<const std::vector<user_id>> hidden_from{};
  /// Of a cluster's entry that has just been committed, when the one before it was; else zero.
  wall_time previous_at{};
};

/// Stored messages are shared, never changed.
using message_ptr = std::shared_ptr<const message>;

/// The members of a group at one seq of its log, sorted; shared by all messages until it changes.
using audience_ptr = std::shared_ptr<const std::vector<user_id>>;

/// A message that was committed, and the members of its group that it goes to; a direct one says itself.
struct committed_message {
  message_ptr stored;
  audience_ptr audience{};
};

} // namespace hongyan
