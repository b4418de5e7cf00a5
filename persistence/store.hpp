/// Where messages live: the truth, and the sequencer. Synchronous, without actors: its callers are detached
/// actors, which may block. Two implementations, SQLite and PostgreSQL, under one contract suite
/// (tests/persistence/store_contract_test.cpp).
///
/// A store gives primitives. What they are put together to (a whole resume, a recall, the rules of groups) is
/// written once, over these interfaces, in views.hpp and changes.hpp.
///
/// "Stored" means committed and synced by the database's own commit.
#pragma once

#include "core/chat/change.hpp"
#include "core/chat/content_check.hpp"
#include "core/chat/event.hpp"
#include "core/chat/query.hpp"
#include "core/chat/search_text.hpp"
#include "core/cluster/database_timeline.hpp"
#include "persistence/store_copy.hpp"

#include <algorithm>
#include <chrono>
#include <cstdint>
#include <functional>
#include <limits>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <vector>

namespace hongyan {

enum class append_status : std::uint8_t {
  stored,    ///< new, and durable
  duplicate, ///< this sender's client_msg_id was stored before, for the same peer or group, with the same
             ///< kind and content
  conflict,  ///< this sender's client_msg_id was stored before for another, or with another kind or content;
             ///< nothing stored
  blocked,   ///< the user of the direct conversation has blocked the sender; nothing stored
  silenced,  ///< the group is muted and the sender is neither owner nor admin; nothing stored
  no_group,  ///< there is no such group, or the sender is no member of it; nothing stored
  no_file,   ///< the message may not have its files (attachment::refused says why); nothing stored
  unchecked, ///< it would be stored; nothing was, since it is only asked (new_message::is_probe)
  may_not_call_all, ///< only a group's owner and admins may call all of it; nothing stored
};

/// What became of one message of a batch. For a duplicate it tells of the message first stored; where nothing
/// was stored only the status means anything.
struct append_outcome {
  append_status status = append_status::stored;
  std::int64_t id = 0;
  std::int64_t conversation_id = 0;
  std::int64_t seq = 0;
  wall_time created_at{};
  wall_time previous_at{};          ///< see message; with PostgreSQL only
  audience_ptr audience{};          ///< of a group's new message: the members it goes to
  std::optional<std::string> ext{}; ///< of a duplicate: as first stored
  // Of a duplicate, as it is now:
  std::optional<std::string> content{};
  message_kind kind = message_kind::text;
  std::int32_t edits = 0;
  bool recalled = false;
  std::vector<reaction_tally> reactions{}; ///< as its sender sees them; not by append()
};

/// What became of a read_mark.
struct read_outcome {
  bool found = false;   ///< there is such a conversation, and it is the user's
  bool blocked = false; ///< the other user of the direct conversation has blocked the user: nothing moved
  bool moved = false;   ///< the position went forward
  std::int64_t conversation_id = 0;
  std::int64_t seq = 0; ///< the position now: never beyond the last entry, never back
};

/// A conversation's row, as a transaction sees it.
struct conversation_row {
  std::int64_t id = 0;
  peer_or_group of; ///< a group, or for a direct conversation the user that was asked for
  std::int64_t last_seq = 0;
  // of a group:
  std::string name{};
  std::size_t member_count = 0;
  bool muted = false;
  group_history history = group_history::joined;
  bool dismissed = false;
  wall_time created_at{};
};

/// A member's row.
struct member_row {
  user_id user;
  group_role role = group_role::member;
  std::int64_t joined_seq = 0;
  std::int64_t first_seq = 1;
  std::int64_t read_seq = 0;
  bool pinned = false;
  bool muted = false;
};

/// A file, as this user may see it: its sender; whoever may read a message that has it; everybody, when it is
/// somebody's avatar. Nobody: the business back end, which may see all.
struct file_question {
  std::optional<user_id> seen_by{};
  std::string id;
};

/// What an entry that was imported was called where it comes from, and when it was said.
struct imported_entry {
  std::int64_t id = 0;
  wall_time at{};
};

/// How long a node has a webhook that says nothing more. Takes over within 30 s (contract, section 8).
inline constexpr std::chrono::seconds webhook_hold{12};
/// Conversations that drop_old_entries() looks at.
inline constexpr std::size_t old_conversations_looked_at = 200;
/// Users that drop_presence() says to be gone, at most.
inline constexpr std::size_t presence_portion = 500;
/// What may wait for a webhook's holder.
inline constexpr std::size_t wishes_bytes_max = 64 * 1024;

/// Primitives of one transaction that changes something other than by append(): what changes.hpp needs and no
/// more. Every function's error is errc::unavailable (the transaction is lost).
class change_transaction {
public:
  virtual ~change_transaction() = default;

  /// The group's row, locked until the transaction ends; also of a dismissed one. Nothing: no such group.
  virtual result<std::optional<conversation_row>> lock_group(const user_id& id) = 0;
  /// The direct conversation of two users, locked. `make`: it is made, empty, when there is none.
  virtual result<std::optional<conversation_row>> lock_direct(const user_id& one, const user_id& other,
                                                              bool make) = 0;
  /// A new group without members. Nothing: the id is taken, by a dismissed group too.
  virtual result<std::optional<conversation_row>> make_group(const user_id& id, const std::string& name,
                                                             group_history history, wall_time now) = 0;
  /// Writes name, muted, history, dismissed and member_count of a locked group, and outdates what any writer
  /// knows of the conversation (members, roles, blocks).
  virtual result<void> update_conversation(const conversation_row& row) = 0;

  virtual result<std::optional<member_row>> member(std::int64_t conversation, const user_id& user) = 0;
  /// All, sorted by user.
  virtual result<std::vector<member_row>> members(std::int64_t conversation) = 0;
  /// Inserts, or replaces; but a read position that went forward meanwhile stays.
  virtual result<void> put_members(std::int64_t conversation, std::span<const member_row> rows) = 0;
  virtual result<void> remove_members(std::int64_t conversation, std::span<const user_id> users) = 0;

  // What these change, erase or react to is kept for events while there are webhooks: see kept_version and
  // side_event.

  /// The entry `seq` of a locked conversation.
  virtual result<std::optional<message>> entry(const conversation_row& in, std::int64_t seq) = 0;
  /// Appends an entry to a locked conversation: gives it id and seq (row.last_seq goes up), and leaves it out
  /// of the search index.
  virtual result<message> append_entry(conversation_row& in, message entry) = 0;
  /// Appends a text that was said elsewhere (import_rows.hpp) to a locked direct conversation: as
  /// append_entry(), but searchable, and no event comes of it. `id`: what it was called there.
  virtual result<message> append_imported(conversation_row& in, message entry, std::int64_t id) = 0;
  /// What those of a locked conversation were called that append_imported() has stored, in no order.
  virtual result<std::vector<imported_entry>> imported(std::int64_t conversation) = 0;
  /// Takes a message's content and ext away, here and from the search index, and with them whom it calls and
  /// all reactions; marks it recalled.
  virtual result<void> erase_content(const message& of) = 0;
  /// A message by its id, wherever it is; not locked.
  virtual result<std::optional<message>> find_message(std::int64_t id) = 0;
  /// Gives a message of a locked conversation the kind, content and edits of `now_is`, here and in the search
  /// index. What was sent first is still known when it is sent again.
  virtual result<void> rewrite(const message& before, const message& now_is) = 0;
  /// What users have reacted with to an entry of a locked conversation.
  virtual result<std::vector<reaction_tally>> reactions(const message& to, const user_id& seen_by) = 0;
  /// To an entry of a locked conversation. False: it was so before.
  virtual result<bool> put_reaction(const reaction& r) = 0;

  virtual result<void> put_profile(const profile& p) = 0; ///< a member that is not set keeps its value
  /// Without names when none are set. Until the transaction ends nobody else may look.
  virtual result<profile> find_profile(const user_id& user) = 0;
  /// Tokens issued by then are good no more; an earlier time than the one that is stored changes nothing.
  virtual result<void> revoke(const user_id& user, std::int64_t at_us) = 0;
  virtual result<void> put_ban(const ban& what, wall_time now) = 0;
  /// The user of an identity; the first time that is `made_up`.
  virtual result<user_id> user_of_identity(const std::string& identity, const user_id& made_up,
                                           wall_time now) = 0;
  /// `blocked`: `user` blocks them from now on, in conversations that are there and that others make; or no
  /// more. Makes no conversation. Answers how many `user` blocks then (of an unblocking: 0).
  virtual result<std::size_t> put_blocks(const user_id& user, std::span<const user_id> others,
                                         bool blocked) = 0;
  /// Who of `others` has blocked `user`, in no order. Until the transaction ends none of them can begin to.
  virtual result<std::vector<user_id>> blockers(const user_id& user, std::span<const user_id> others) = 0;
  /// How many groups `user` owns. Until the transaction ends nobody else may count them.
  virtual result<std::size_t> groups_owned(const user_id& user) = 0;

  /// A stream by its id; locked until the transaction ends.
  virtual result<std::optional<stream_row>> find_stream(const std::string& id) = 0;
  /// The stream that a message is of.
  virtual result<std::optional<stream_row>> stream_of(std::int64_t conversation, std::int64_t seq) = 0;
  /// Writes node, ended and touched of one that is there.
  virtual result<void> put_stream(const stream_row& row) = 0;
  /// Ids of some that are (or are not) ended and were touched before then, the oldest first.
  virtual result<std::vector<std::string>> old_streams(bool ended, wall_time before, std::size_t limit) = 0;
  virtual result<void> forget_streams(std::span<const std::string> ids) = 0;

  /// `holder` has the webhook from now on, for `webhook_hold`; made, if it is new. Nothing: another has it.
  virtual result<std::optional<webhook_row>> take_webhook(const hold_webhook& hold) = 0;
  /// Writes how far one is that the holder has, and holds it on; answers what others wish of it, which is
  /// taken out. Nothing: another has it.
  virtual result<std::optional<std::string>> put_webhook(const store_webhook& now_is) = 0;
  virtual result<void> put_failed_events(const std::string& webhook,
                                         std::span<const failed_event> events) = 0;
  virtual result<void> drop_failed_events(const std::string& webhook, std::span<const std::int64_t> ids) = 0;
  /// Adds a line to what is wished. False: there is no such webhook, or `wishes_bytes_max` are waiting.
  virtual result<bool> put_wish(const std::string& webhook, const std::string& wish) = 0;
  /// A user has come or gone. Kept for webhooks, while there are any, unless it is known.
  virtual result<void> put_presence(const tell_presence& what) = 0;
  /// Some of those are gone whom that node (empty: any) saw come; answers how many.
  virtual result<std::size_t> drop_presence(const std::string& node) = 0;
  /// Forgets rows of that kind that were kept for events before then, some thousands of each.
  virtual result<void> forget_kept(wall_time before) = 0;

  // Of content checks, core/chat/content_check.hpp.

  /// What is said of a message, in the place of what was; `waiting`: it is to be taken up at `now`.
  virtual result<void> put_check(std::int64_t message, const content_verdict& verdict, wall_time now) = 0;
  virtual result<std::optional<content_check>> find_check(std::int64_t message) = 0;
  virtual result<std::optional<content_check>> find_check_of(const std::string& trace) = 0;
  /// Those that wait and are due, the oldest; they are due again at `again`, and have had one attempt more.
  virtual result<std::vector<content_check>> take_checks(wall_time now, wall_time again,
                                                         std::size_t limit) = 0;
  /// One that waits is due then, and WeChat knows it by this name.
  virtual result<void> expect_verdict(std::int64_t message, const std::string& trace, wall_time due) = 0;
  /// Notes a call of WeChat's, by a name of its own. False: it was noted before, within the last day or so.
  virtual result<bool> note_call(const std::string& name, wall_time now) = 0;
  /// The newest identity of a user that begins so.
  virtual result<std::optional<std::string>> identity_of(const user_id& user, const std::string& prefix) = 0;
  virtual result<std::optional<user_id>> find_identity(const std::string& identity) = 0;
  /// Counts `n` more of `name` in this minute (since 1970), if that is at most `most`; else counts nothing,
  /// and answers false.
  virtual result<bool> count_use(const std::string& name, std::int64_t minute, std::int32_t n,
                                 std::int32_t most) = 0;

  // Of subscribe messages, core/chat/notice.hpp.

  /// What a user has granted, in no order. `lock`: until the transaction ends nobody else may.
  virtual result<std::vector<push_grant>> grants(const user_id& user, bool lock) = 0;
  virtual result<void> put_grant(const user_id& user, const push_grant& grant) = 0;
  /// Notes an entry for those of `whom` (with `all` the members but `sender`) who have granted anything; who
  /// is noted already in this conversation, with what they are noted for.
  virtual result<void> put_notices(std::int64_t conversation, std::int64_t seq, const user_id& sender,
                                   const mentions& whom, wall_time now, wall_time due) = 0;
  /// Those that are due, the longest first; they are due again at `again`.
  virtual result<std::vector<notice_row>> take_notices(wall_time now, wall_time again, std::size_t limit) = 0;
  /// Nothing: there is no such entry, or the reader is not in that conversation.
  virtual result<std::optional<notice_facts>> find_notice(const user_id& reader, std::int64_t conversation,
                                                          std::int64_t seq) = 0;
  /// Nothing: they were told, and what comes is not noted.
  virtual result<void> put_notice_due(const user_id& user, std::int64_t conversation,
                                      std::optional<wall_time> due) = 0;
  /// Unless entries after `up_to` were noted.
  virtual result<void> drop_notice(const user_id& user, std::int64_t conversation, std::int64_t up_to) = 0;
  virtual result<void> drop_notices(const user_id& user) = 0;

  /// As drop_old says: looks at some hundreds of conversations, and drops at most `limit` entries of the
  /// first that has any, with all that is kept of them but their files, which are answered. Their seqs are
  /// never given again.
  virtual result<dropped_entries> drop_old_entries(std::int64_t after, wall_time before,
                                                   std::size_t limit) = 0;

  // Of all that is one user's, core/chat/own_data.hpp: the first `limit` behind `after` of each.

  virtual result<own_person> find_person(const user_id& user) = 0;
  virtual result<std::vector<own_membership>> conversations_of(const user_id& user, std::int64_t after,
                                                               std::size_t limit) = 0;
  virtual result<std::vector<message>> keyed_messages_of(const user_id& user, const std::string& after,
                                                         std::size_t limit) = 0;
  virtual result<std::vector<message>> direct_messages_of(const user_id& user, std::int64_t after,
                                                          std::size_t limit) = 0;
  virtual result<std::vector<stored_file>> files_of(const user_id& user, const std::string& after,
                                                    std::size_t limit) = 0;
  /// Profile, logins, grants and notices.
  virtual result<void> erase_person(const user_id& user) = 0;
  /// As erase_content() of a message of a locked conversation, and nothing of it is kept anywhere.
  virtual result<void> erase_message(const message& of) = 0;
  /// What messages to the user call them is forgotten; answers the last one's id. Nothing: there are no more.
  virtual result<std::optional<std::int64_t>> erase_names(const user_id& user, std::int64_t after,
                                                          std::size_t limit) = 0;
  /// It is deleted, whatever refers to it.
  virtual result<void> discard_file(const std::string& id, wall_time now) = 0;
  /// The oldest that was begun by then; nobody else may have it until the transaction ends.
  virtual result<std::optional<erasure>> next_erasure(wall_time begun_by) = 0;
  /// Makes it, or writes where it is; at the end of all it is forgotten.
  virtual result<void> put_erasure(const erasure& now_is) = 0;

  virtual result<void> put_audit(const audit_entry& entry) = 0;
  /// As read_audit says.
  virtual result<std::vector<audit_entry>> audit(std::int64_t below, std::size_t limit) = 0;

  /// A new row without bytes, to be deleted at `due` when nothing refers to it by then.
  virtual result<void> add_file(const std::string& id, const user_id& owner, wall_time now,
                                wall_time due) = 0;
  /// Its bytes are stored: it can be read. False: its row is no more.
  virtual result<bool> finish_file(const stored_file& file) = 0;
  /// As find_file() of a writer; locked until the transaction ends.
  virtual result<std::optional<stored_file>> find_file(const file_question& question, wall_time now) = 0;
  /// Something refers to it: it stays.
  virtual result<void> keep_file(const std::string& id) = 0;
  /// It is deleted when nothing refers to it.
  virtual result<void> release_file(const std::string& id, wall_time now) = 0;
  /// A message refers to its files no more. Answers which they were.
  virtual result<std::vector<std::string>> detach_files(const message& of) = 0;
  /// Files that are due and that nobody else deletes: nobody can read them any more, and they are due again
  /// at `again`.
  virtual result<std::vector<std::string>> take_due_files(wall_time now, wall_time again,
                                                          std::size_t limit) = 0;
  virtual result<void> forget_files(std::span<const std::string> ids) = 0;
  /// The file store that goes with this database, which is `first` when it has had none.
  virtual result<file_identity> identify_files(const file_identity& first) = 0;
};

/// What a writer has seen of its store beside its answers, since it was made; for the log and the figures.
struct store_watch {
  std::uint64_t set_backs = 0; ///< messages that it had committed were gone: the epoch is new since
  // of PostgreSQL:
  std::string host{}; ///< where it stores, HOST:PORT
  std::uint32_t timeline = 0;
  // of SQLite:
  std::int64_t log_bytes = 0; ///< the write-ahead log's length in use
  std::uint64_t checkpoints_done = 0;
  std::uint64_t checkpoints_blocked = 0; ///< a reader kept them from the end
  std::uint64_t checkpoints_failed = 0;
  /// Why the last one failed, or did not come to its end, for a person; empty: it went well.
  std::string checkpoint_trouble{};
};

/// Writes. One object, one connection, one thread at a time.
class message_writer {
public:
  virtual ~message_writer() = default;

  /// Stores a batch in one transaction, all or none, in its order, and answers one outcome a message, in the
  /// batch's order. Messages of one batch may repeat a client_msg_id: the first is stored, the others are
  /// duplicates or conflicts. A direct conversation is made with its first message; a group must be there,
  /// and the sender in it. A message that is refused takes no seq and does not stop the others. Opens the
  /// database when it is not open.
  ///
  /// Errors: errc::unavailable: nothing was stored, and nothing of this batch ever will be.
  /// errc::outcome_unknown: the commit was under way when the connection broke: call settle() with the same
  /// batch until it answers; no other append() before that.
  virtual result<std::vector<append_outcome>> append(std::span<const new_message> batch, wall_time now) = 0;

  /// After errc::outcome_unknown: what became of that batch. Nothing: it was not stored and never will be.
  /// Errors: errc::unavailable: the database still does not answer; ask again.
  virtual result<std::optional<std::vector<append_outcome>>> settle(std::span<const new_message> batch) = 0;

  /// The file of each question, in their order, as far as all of its bytes are there; nothing: there is none
  /// that they may see. Errors: errc::unavailable.
  virtual result<std::vector<std::optional<stored_file>>> find_files(std::span<const file_question> questions,
                                                                     wall_time now) = 0;

  /// Moves read positions forward, in one transaction; one outcome a mark, in their order.
  /// Errors: errc::unavailable: nothing was stored; errc::outcome_unknown: nobody knows. Marks may be
  /// repeated.
  virtual result<std::vector<read_outcome>> mark_read(std::span<const read_mark> marks) = 0;

  /// Runs `work` in one transaction, and commits when it answers no error; else all of it is undone and its
  /// error is the answer. `work` may be run more than once (a deadlock, a lost race): it must begin anew each
  /// time. Errors of its own: errc::unavailable: nothing was stored; errc::outcome_unknown: the connection
  /// broke in the commit.
  virtual result<void> transact(const std::function<result<void>(change_transaction&)>& work) = 0;

  /// These were delivered, as another node has committed them: they are looked for as its own are.
  virtual void remember(std::span<const held_message> /*delivered*/) {}

  /// Opens the database when it is not open (migrating it when its schema is older) and sees that it answers.
  /// Errors: errc::unavailable, with the reason for a person.
  virtual result<void> check() = 0;

  /// The store's epoch, known from the first good check() on: a random name that changes when the database
  /// was restored from a copy or is another one, so that clients know that their positions are void. Whether
  /// it was set back under us is found within a second, and at each new connection, by what is no more there
  /// of the newest that this writer has committed.
  virtual std::string epoch() const = 0;

  virtual store_watch watch() const { return {}; }
};

/// Which messages: those of direct conversations that involve `user`; with `peer`, only between the two.
/// Recalled ones and the log's own entries are left out.
struct history_query {
  user_id user;
  std::optional<user_id> peer{};
  std::optional<std::int64_t> before_id{}; ///< exclusive
  std::size_t limit = 50;
};

struct conversation_activity {
  std::int64_t conversation_id = 0;
  std::int64_t last_seq = 0;
};

/// A stretch of one conversation's log: the entries with after_seq < seq < before_seq, at most `limit` of
/// them.
struct log_range {
  std::int64_t conversation_id = 0;
  std::int64_t after_seq = 0;
  std::int64_t before_seq = 0;
  std::size_t limit = 0;
  bool newest = false; ///< the limit keeps the newest of them instead of the oldest
};

/// Rows of reactions that one read answers at most: 20 each of all messages of the largest page; what is
/// beyond is left out.
inline constexpr std::size_t reaction_rows_max = 10'000;

/// How many messages count as unread: of others, after read_seq (and from first_seq on), neither recalled nor
/// the log's own; at most `limit`.
struct unread_question {
  std::int64_t conversation_id = 0;
  std::int64_t after_seq = 0;
  /// The last that the asker is told of: what came since is told and counted by itself.
  std::int64_t up_to_seq = std::numeric_limits<std::int64_t>::max();
};
inline constexpr std::size_t unread_max = 999; ///< contract, conversation.list

struct search_question {
  user_id user;
  std::vector<search_term> terms; ///< never empty
  std::optional<std::int64_t> conversation_id{};
  std::optional<std::int64_t> before_id{}; ///< exclusive
  std::size_t limit = 50;
  /// After this long a search answers what it has; others wait behind it. At least one slice is always
  /// walked.
  std::chrono::milliseconds within{1500};
};

struct search_matches {
  std::vector<message> messages; ///< newest first (by id)
  /// The time was up: what is below this id has not been looked at, and may match.
  std::optional<std::int64_t> walked_to{};
};

/// A ban, of its row.
inline ban ban_of(user_id user, std::string_view reason, std::int64_t since_ms, std::int64_t until_ms) {
  ban of{std::move(user), std::string(reason), wall_time(std::chrono::milliseconds(since_ms)), {}};
  if (until_ms > 0) of.until = wall_time(std::chrono::milliseconds(until_ms));
  return of;
}

/// Of all tokens of a user that were issued by then.
struct revocation {
  user_id user;
  std::int64_t at_us = 0; ///< microseconds since 1970
};

/// A statement that reads longer is given up: others wait behind it.
inline constexpr std::chrono::milliseconds read_limit{5000};

/// Reads, on a connection of its own: a slow read never delays a write. One thread at a time. Each opens the
/// database when it is not open. Errors: errc::unavailable, also after read_limit.
class message_reader {
public:
  virtual ~message_reader() = default;

  /// The newest `limit` messages that match, oldest first (by id): what the classic contract shows.
  virtual result<std::vector<message>> latest(const history_query& query) = 0;

  /// Every conversation of the user that is shown (membership::is_shown()), in no order, and without
  /// peer_read_seq: of many thousands that would be half of the work, for the few that anybody looks at.
  virtual result<std::vector<membership>> memberships(const user_id& user) = 0;
  /// The first `limit` behind `after` of those in which an entry is shown, in the order of their
  /// list_key_of().
  virtual result<std::vector<membership>> listed(const user_id& user, const list_key& after,
                                                 std::size_t limit) = 0;
  /// Those of memberships() that `of` names, in no order.
  virtual result<std::vector<membership>> some_memberships(const user_id& user,
                                                           std::span<const std::int64_t> of) = 0;
  /// The conversations of any of these users in which something was said since then and that one of them
  /// sees, in no order, perhaps twice. Asked in a cluster, of many users.
  virtual result<std::vector<conversation_activity>> active(std::span<const user_id> users, wall_time since) {
    std::vector<conversation_activity> found;
    for (const auto& user : users) {
      auto all = memberships(user);
      if (!all) return all.error();
      for (const auto& m : *all)
        if (m.last_at >= since && m.is_shown()) found.push_back({m.conversation_id, m.last_seq});
    }
    return found;
  }
  /// The user's conversation with a peer or group. Nothing: there is none, or it is not theirs.
  virtual result<std::optional<membership>> find_membership(const user_id& user,
                                                            const peer_or_group& with) = 0;
  /// The entries of each range, range after range, each ascending by seq.
  virtual result<std::vector<message>> log(std::span<const log_range> ranges) = 0;
  /// A count for each question, in their order.
  virtual result<std::vector<std::size_t>> unread(const user_id& user,
                                                  std::span<const unread_question> questions) = 0;
  /// For each question, the lowest message that it counts and that calls the user; in their order.
  virtual result<std::vector<std::optional<std::int64_t>>>
  first_mentions(const user_id& user, std::span<const unread_question> questions) = 0;
  /// The reactions to messages of these ranges (whose limits do not count), range after range, each
  /// ascending by seq; at most reaction_rows_max tallies.
  virtual result<std::vector<message_reactions>> reactions(const user_id& seen_by,
                                                           std::span<const log_range> ranges) = 0;
  /// The newest messages of the user's conversations that match, which the user may read.
  virtual result<search_matches> search(const search_question& question) = 0;

  /// The group, when the user is in it.
  virtual result<std::optional<group_info>> find_group(const user_id& user, const user_id& id) = 0;
  /// The user's groups, ascending by group id, after `after`.
  virtual result<std::vector<group_info>> groups(const user_id& user, const std::string& after,
                                                 std::size_t limit) = 0;
  /// A conversation's members, ascending by user id, after `after`; of a direct conversation its one or two
  /// users.
  virtual result<std::vector<group_member>> members(std::int64_t conversation, const std::string& after,
                                                    std::size_t limit) = 0;
  /// One profile for each user, in their order; without names for those who have set none.
  virtual result<std::vector<profile>> profiles(std::span<const user_id> users) = 0;
  /// Whose tokens were revoked at `since_us` or later, in no order.
  virtual result<std::vector<revocation>> revocations(std::int64_t since_us) = 0;
  /// Bans that were made or lifted at `since` or later, in no order.
  virtual result<std::vector<ban>> bans(wall_time since) = 0;
  /// What the user has granted, in no order.
  virtual result<std::vector<push_grant>> grants(const user_id& user) = 0;
  /// As find_files() of a writer.
  virtual result<std::optional<stored_file>> find_file(const file_question& question, wall_time now) = 0;
  /// Whom the user has blocked, sorted.
  virtual result<std::vector<user_id>> blocks(const user_id& user) = 0;
  /// Has `user` blocked `other`?
  virtual result<bool> has_blocked(const user_id& user, const user_id& other) = 0;
  /// Who of `others` has blocked `user`, in their order.
  virtual result<std::vector<user_id>> blockers(const user_id& user, std::span<const user_id> others) {
    std::vector<user_id> found;
    for (const auto& other : others) {
      const auto blocked = has_blocked(other, user);
      if (!blocked) return blocked.error();
      if (*blocked) found.push_back(other);
    }
    return found;
  }
  /// With whom of `others` the user has a conversation in which something was said, a group that both are in
  /// included; in their order.
  virtual result<std::vector<user_id>> acquainted(const user_id& user, std::span<const user_id> others) {
    const auto all = memberships(user);
    if (!all) return all.error();
    std::vector<user_id> found;
    for (const auto& other : others)
      for (const auto& m : *all) {
        const auto in = m.with.is_group() ? find_membership(other, m.with) : std::optional<membership>();
        if (!in) return in.error();
        if (m.with != other && !*in) continue;
        found.push_back(other);
        break;
      }
    return found;
  }

  // For webhooks.

  /// Of entries and reaction events.
  virtual result<settled_ids> settled() = 0;
  /// The entries with after < id <= up_to, ascending by id, without imported ones; at most `limit`, the
  /// lowest.
  virtual result<std::vector<message>> entries_by_id(std::int64_t after, std::int64_t up_to,
                                                     std::size_t limit) = 0;
  /// Likewise.
  virtual result<std::vector<side_event>> side_events(std::int64_t after, std::int64_t up_to,
                                                      std::size_t limit) = 0;
  /// What was kept of the entries of these ranges, in no order; their limits do not count.
  virtual result<std::vector<kept_version>> kept_versions(std::span<const log_range> ranges) = 0;
  /// All, by name.
  virtual result<std::vector<webhook_row>> webhooks() = 0;
  /// Ascending by id, after `after`.
  virtual result<std::vector<failed_event>> failed_events(const std::string& webhook, std::int64_t after,
                                                          std::size_t limit) = 0;

  /// Rows that the database has given so far, and rows that it went over to count for unread().
  std::uint64_t rows_read() const { return rows_read_; }

protected:
  void count_rows(std::size_t rows) { rows_read_ += rows; }

private:
  std::uint64_t rows_read_ = 0;
};

/// A server that shares the database with others.
struct node_row {
  std::string name;    ///< of the node; one has it at a time
  std::string address; ///< HOST:PORT where peers reach it; without a host, where the database sees it
  std::uint64_t incarnation = 0;
};

/// What a node finds in the database.
struct node_list {
  std::vector<node_row> nodes;
  std::string secret; ///< of the cluster: who shows it has this database; as long as cluster_secret_bytes
};
inline constexpr std::size_t cluster_secret_bytes = 64;

/// Where nodes find one another. One thread at a time.
class node_directory {
public:
  virtual ~node_directory() = default;

  /// Says that this node is alive; answers all that have said so within the last 15 s, by the database's
  /// clock, itself with its address completed. Errors: errc::unavailable; errc::conflict: another node that
  /// is alive has the name.
  virtual result<node_list> beat(const node_row& self) = 0;
  /// Says that it is no more.
  virtual void leave(const node_row& self) = 0;
};

/// A message that a back end has written in a transaction of its own (contract, section 8); as it stands in
/// its row.
struct queued_send {
  std::int64_t id = 0;
  std::string sender;
  std::string recipient;
  bool to_group = false;
  std::string kind;
  std::string content; ///< JSON, that of a text too
  std::string client_msg_id;
  std::optional<std::string> ext{}; ///< JSON
};
/// One that will never be sent, and why: for programs and for people.
struct refused_send {
  std::int64_t id = 0;
  std::string reason;
  std::string detail;
};

/// Messages that wait to be sent. One thread at a time. Errors: errc::unavailable.
class send_queue {
public:
  virtual ~send_queue() = default;

  /// The oldest, in the order of their transactions' statements; they are this node's until done() or the
  /// next take() or wait(). Nothing: there is none, or they are another node's.
  virtual result<std::vector<queued_send>> take(std::size_t limit) = 0;
  /// These are sent, and those never will be: they wait no more.
  virtual result<void> done(std::span<const std::int64_t> sent, std::span<const refused_send> refused) = 0;
  /// Until another is committed, or so long.
  virtual void wait(std::chrono::milliseconds limit) = 0;
};

/// A database, by its URL; makes connections to it. Thread-safe.
class store {
public:
  virtual ~store() = default;
  virtual std::unique_ptr<message_writer> make_writer() = 0;
  virtual std::unique_ptr<message_reader> make_reader() = 0;
  /// Null: one server only can use the database.
  virtual std::unique_ptr<node_directory> make_directory() { return nullptr; }
  /// Null: nobody else writes to the database.
  virtual std::unique_ptr<send_queue> make_send_queue() { return nullptr; }
  /// Lets a role of the database send in its own transactions. Errors: malformed, not_found (there is no such
  /// role), unavailable.
  virtual result<void> grant_sql(const std::string& /*role*/) {
    return error{errc::malformed, "this database has no roles"};
  }
  /// All of it as it is now, while it is used. Errors: malformed: it is copied by its own tools; store_full,
  /// unavailable.
  virtual result<std::unique_ptr<store_copy>> copy() {
    return error{errc::malformed, "this server's store is PostgreSQL, which is backed up by its own tools: "
                                  "pg_basebackup and WAL archiving (docs/operations.md)"};
  }
  /// Which of several primaries is the true one; it lives as long as the store, or its writers and readers.
  /// Null: there can be but one.
  virtual newest_timeline* timeline() { return nullptr; }
  /// For logs and metrics: "sqlite" or "postgresql".
  virtual std::string_view kind() const = 0;
};

/// Makes the store for `sqlite:PATH` or a libpq URI. SQLite is opened (and migrated) here, so that a file
/// that cannot be used is known at start; PostgreSQL is only looked at, since it may come later. Errors:
/// errc::malformed: the URL, or a file that cannot be opened, is in use by another server, is not ours or is
/// of a newer version; the detail says which and what to do.
result<std::unique_ptr<store>> open_store(const std::string& url);

/// `url` without its password, for logs and error texts.
std::string redacted(const std::string& url);

} // namespace hongyan
