/// What users change besides sending: recalls, groups, settings, profiles, blocks; as values.
#pragma once

#include "core/chat/audit.hpp"
#include "core/chat/ban.hpp"
#include "core/chat/content_check.hpp"
#include "core/chat/conversation.hpp"
#include "core/chat/file.hpp"
#include "core/chat/notice.hpp"
#include "core/chat/own_data.hpp"
#include "core/chat/stream.hpp"

#include <chrono>
#include <optional>
#include <string>
#include <variant>
#include <vector>

namespace hongyan {

/// Members a group may have (contract, limits).
inline constexpr std::size_t group_members_max = 2000;

// Each change, as checked by an edge: ids well-formed, names and sizes within their limits.

/// One's own, or in a group as its owner or admin anybody's.
struct recall_message {
  peer_or_group in;
  std::int64_t seq = 0;
  std::chrono::seconds window{120}; ///< how old one's own may be
};
/// By the back end.
struct recall_by_id {
  std::int64_t id = 0;
};
/// Gives one's own text another content.
struct edit_message {
  peer_or_group in;
  std::int64_t seq = 0;
  std::string content{};
  std::chrono::seconds window{900};        ///< how old it may be; 0: nothing is edited
  std::optional<content_verdict> judged{}; ///< as of new_message
};
struct react_to_message {
  peer_or_group in;
  std::int64_t seq = 0;
  std::string emoji{};
  bool on = true;
};
/// `id` empty: one is made up.
struct create_group {
  user_id id;
  std::string name;
  std::vector<user_id> members; ///< besides the owner, who may be among them
  group_history history = group_history::joined;
};
struct update_group {
  user_id group;
  std::optional<std::string> name{};
  std::optional<bool> muted{};
  std::optional<group_history> history{};
};
struct add_members {
  user_id group;
  std::vector<user_id> users;
  std::optional<group_role> role{}; ///< each has it afterwards, who was a member before too
};
struct remove_members {
  user_id group;
  std::vector<user_id> users;
};
struct set_role {
  user_id group;
  user_id user;
  group_role role = group_role::member; ///< owner: hands the group over
};
struct leave_group {
  user_id group;
};
struct dismiss_group {
  user_id group;
};
struct set_conversation {
  peer_or_group in;
  std::optional<bool> pinned{};
  std::optional<bool> muted{};
};
struct clear_conversation {
  peer_or_group in;
};
struct update_profile {
  std::optional<std::string> name{};
  std::optional<std::string> avatar{};
};
struct block_users {
  std::vector<user_id> users;
  bool blocked = true;
};
/// Who comes by another system's login. Their user here is made up the first time.
struct identify_user {
  std::string identity; ///< the system and whom it knows there: "wechat:APP_ID:OPENID"
};
/// No token of the user that was issued by then is good any more.
struct revoke_tokens {
  user_id user;
  std::int64_t at_us = 0; ///< microseconds since 1970
};
/// By the back end. Lifted: one that is over.
struct ban_user {
  ban what;
};

/// A file is about to be written: its row is there before its first byte is. Its sender is `change::by`.
struct begin_file {
  std::string id;
  std::chrono::seconds unsent{}; ///< it is deleted after it when nothing refers to it
};
/// All its bytes are in the file store, for good.
struct finish_file {
  stored_file file;
};
/// Which files are to be deleted now: what nothing refers to, a few at a time. They are asked for again when
/// they have not been forgotten after a while.
struct take_due_files {
  std::size_t limit = 100;
};
/// Their bytes are gone.
struct forget_files {
  std::vector<std::string> ids;
};
/// Which file store this database goes with: `store`, if it has none yet.
struct identify_files {
  std::string store;
  std::string made_up_key; ///< for links, if there is none yet
};

// Of messages that are still being written; see core/chat/stream.hpp.

/// Which stream a message is of: who begins it again is told the same.
struct find_stream {
  std::int64_t conversation_id = 0;
  std::int64_t seq = 0;
  stream_writer by;
};
/// A node is to have it: at once when no other has, or by force.
struct hold_stream {
  std::string id;
  stream_writer by;
  std::string node;
  bool by_force = false;
};
/// What a node's stream says by now. Whoever may not write there any more has ended it so.
struct store_stream {
  std::string id;
  std::string node;
  std::string content;
  bool let_go = false; ///< the node has it no more
};
/// It says no more: it is a text from now on.
struct end_stream {
  std::string id;
  std::string node;
  std::string content;
  // For who is asked before; its message and row know them:
  user_id from{};
  peer_or_group to{};
  std::optional<std::string> ext{};
  std::int64_t message_id = 0;
  bool is_back_ends = false;               ///< an API key writes it
  std::optional<content_verdict> judged{}; ///< as of new_message
};
/// Ends one that no node has stored since then, the oldest, or, of a user, tells which one it is, for a node
/// to have and end it; else forgets those that have long ended.
struct end_left_stream {
  wall_time untouched_since{};
};

/// An event that a webhook was given up with.
struct failed_event {
  std::int64_t id = 0; ///< of the event
  wall_time at{};
  std::int32_t attempts = 0;
  std::string why{}; ///< of the last attempt, for people
};

/// How far a webhook is.
struct webhook_row {
  std::string name;
  std::int64_t position = 0; ///< all events up to this id are done with, or in the notes
  std::string notes{};       ///< its sender's own: JSON, or empty
  std::string wish{};        ///< what others want of it, a JSON object a line
};

// Of webhooks, core/chat/event.hpp: what they tell, one node at a time sends.

/// `holder` is to send what it tells. Made by the first of them, and tells what comes from then on.
struct hold_webhook {
  std::string name;
  std::string holder;
};
/// How far its holder is, and which events it has given up. It holds it on.
struct store_webhook {
  std::string name;
  std::string holder;
  std::int64_t position = 0;
  std::string notes{};
  std::vector<failed_event> failed{};
  std::vector<std::int64_t> retried{}; ///< events that have failed and are to be sent again
  bool let_go = false;                 ///< the holder has it no more
};
/// What somebody wants of it, for its holder: a JSON object.
struct wish_of_webhook {
  std::string name;
  std::string wish;
};
/// A user has come to the first of all nodes, or gone from the last.
struct tell_presence {
  user_id user;
  bool online = true;
  std::string node;     ///< that saw it
  bool is_back = false; ///< may be told by WeChat again of what is written from now on
};
/// A node begins: whom it saw come before is gone; some of them.
struct forget_presence {
  std::string node; ///< empty: there is but one
};
/// Forgets what was kept for events before then, some of it.
struct forget_events {
  wall_time before{};
};

// Of content checks (core/chat/content_check.hpp).

/// Somebody is about to ask WeChat about so many pieces of a user's text.
struct ask_for_leave {
  user_id user;
  std::string identities; ///< how those of the mini-program begin: "wechat:APP_ID:"
  std::int32_t pieces = 1;
};
/// Which messages are to be checked now, the oldest, a few at a time; they are asked for again later unless
/// something is said of them.
struct take_checks {
  std::size_t limit = 32;
};
/// WeChat looks at it, and will call back.
struct expect_verdict {
  std::int64_t message_id = 0;
  std::string trace_id{};
  std::chrono::seconds within{}; ///< then it is taken up again
};
/// What a check says; of a message that was edited since it means nothing.
struct put_verdict {
  std::int64_t message_id = 0;
  std::int32_t edits = 0;
  content_verdict verdict{};
  bool recall = false;
};
/// What WeChat says by its callback; of a call that was heard before, nothing. Errors: not_found: nobody
/// knows of that trace.
struct hear_verdict {
  std::string call{}; ///< a name that no other call has
  std::string trace_id{};
  content_verdict verdict{};
  bool recall = false;
};
/// What is known of a message's check.
struct find_verdict {
  std::int64_t message_id = 0;
};

// Of subscribe messages (core/chat/notice.hpp).

/// The user has accepted so many messages of a template, as the client says.
struct grant_notices {
  std::string template_id;
  std::int32_t count = 1;
};
/// What WeChat says that somebody has answered; of a call that was heard before, nothing.
struct hear_grants {
  std::string call{};     ///< a name that no other call has
  std::string identity{}; ///< "wechat:APP_ID:OPENID"; one that nobody has means nothing
  std::vector<std::pair<std::string, bool>> answers{}; ///< by template: accepted one, or takes all back
};
/// Who is to be told now, a few at a time; they are asked for again later unless something is said of them.
struct take_notices {
  std::shared_ptr<const std::vector<notice_template>> templates; ///< the first that has any left is sent
  std::string identities;                                        ///< as of ask_for_leave
  std::size_t limit = 32;
};
/// What became of it.
struct settle_notice {
  enum class end : std::uint8_t {
    sent,       ///< it costs one, and is not told again until the user has been back
    not_wanted, ///< the user is here
    used_up,    ///< WeChat says that none are left
    given_up,   ///< WeChat does not take it
  };
  user_id user;
  std::int64_t conversation_id = 0;
  std::int64_t last_seq = 0;
  std::string template_id{};
  end what = end::sent;
};

// Of what is kept for so long only (retention.days).

/// Drops some of the entries that were made before then: the oldest of one conversation behind `after`.
struct drop_old {
  std::int64_t after = 0; ///< a conversation's id; 0: from the first one on
  wall_time before{};
};

/// What one such step did.
struct dropped_entries {
  std::int64_t up_to = 0; ///< no conversation up to this id has any more of them
  std::size_t count = 0;
  bool is_end = false;              ///< there is no conversation behind it
  std::vector<std::string> files{}; ///< that they had
};

// Of all that is one user's (core/chat/own_data.hpp), and of what operators do (core/chat/audit.hpp).

/// A portion of it.
struct read_own_data {
  user_id user;
  own_data_place from{};
};
/// All of it is to go: the user's tokens at once, the rest soon.
struct erase_user {
  user_id user;
  std::int64_t at_us = 0; ///< as of revoke_tokens
};
/// A portion of whoever is to be erased and was said so first, by then: messages that were under way have
/// come.
struct go_on_erasing {
  wall_time begun_by{};
};
/// What the store knows of a message, for who asks where it went.
struct find_facts {
  std::int64_t message_id = 0;
};
struct message_facts {
  message what;
  std::optional<content_check> check{};
  std::size_t members = 0;        ///< of its conversation, besides its sender
  std::vector<user_id> readers{}; ///< who of them has read up to it
};
struct note_audit {
  audit_entry entry;
};
/// The newest below an id, newest first.
struct read_audit {
  std::int64_t below = 0; ///< 0: from the newest on
  std::size_t limit = 50;
};

using change_action =
    std::variant<recall_message, recall_by_id, edit_message, react_to_message, create_group, update_group,
                 add_members, remove_members, set_role, leave_group, dismiss_group, set_conversation,
                 clear_conversation, update_profile, block_users, identify_user, revoke_tokens, ban_user,
                 begin_file, finish_file, take_due_files, forget_files, identify_files, find_stream,
                 hold_stream, store_stream, end_stream, end_left_stream, hold_webhook, store_webhook,
                 wish_of_webhook, tell_presence, forget_presence, forget_events, ask_for_leave, take_checks,
                 expect_verdict, put_verdict, hear_verdict, find_verdict, grant_notices, hear_grants,
                 take_notices, settle_notice, drop_old, read_own_data, erase_user, go_on_erasing, find_facts,
                 note_audit, read_audit>;

struct change {
  /// Who wants it. Nobody: the business back end, which has every right that the group's owner has.
  std::optional<user_id> by{};
  change_action action;
  /// The business back end does it for `by`: what others have blocked, and the limits of a user, are not its
  /// concern.
  bool by_back_end = false;

  /// As of new_message, of a text that this makes; set by whoever stores it.
  std::optional<std::chrono::milliseconds> notice_after{};

  /// It is only asked whether it would be done: answered by the error refused_content, and nothing is done.
  bool is_probe = false;

  /// The user whom blocks and limits hold for; null: the back end.
  const user_id* user() const { return by && !by_back_end ? &*by : nullptr; }
};

/// Edits of one message (contract, section 7).
inline constexpr std::int32_t edits_max = 20;
/// Different emoji on one message (likewise).
inline constexpr std::size_t emoji_a_message_max = 20;

/// A user has reacted to a message, or does so no more.
struct reaction {
  std::int64_t conversation_id = 0;
  std::int64_t seq = 0;
  user_id user;
  std::string emoji{};
  bool on = true;
};

/// What one user may have; 0: as much as they like.
struct change_limits {
  std::size_t blocks = 0;       ///< users blocked
  std::size_t groups_owned = 0; ///< groups
};

/// What a user has set for a conversation, as it is now.
struct own_settings {
  std::int64_t conversation_id = 0;
  bool pinned = false;
  bool muted = false;
  std::int64_t cleared_seq = 0; ///< the highest that is hidden from the user; 0: none
  std::int64_t read_seq = 0;
};

/// The file store of a database.
struct file_identity {
  std::string store;
  std::string link_key; ///< of links to files, as it stands
};

/// What a change made different for its own user, whose other sessions are told.
using own_change = std::variant<own_settings, profile>;

/// One user's reading of one conversation, up to seq.
struct read_mark {
  user_id user;
  peer_or_group in;
  std::int64_t seq = 0;
};

} // namespace hongyan
