/// One run of one change in one transaction: the rules of persistence/changes.hpp. What several kinds of
/// changes need is in change_run.cpp; what each kind does, in the file named after what it is about.
#pragma once

#include "core/tools/random.hpp"
#include "core/wire/json.hpp"
#include "persistence/changes.hpp"

#include <algorithm>
#include <utility>

namespace hongyan {

using user_list = std::vector<user_id>;

inline user_list each_once(user_list users) {
  std::ranges::sort(users);
  const auto repeated = std::ranges::unique(users);
  users.erase(repeated.begin(), repeated.end());
  return users;
}

/// For a group or a user that was given none: nobody can guess it, and nobody has it.
inline user_id made_up_id(char kind) { return *user_id::parse(kind + random_name(16)); }

inline error no_such_conversation(const peer_or_group& in) {
  return {errc::not_found, in.is_group() ? "there is no group " + json_string(in.id.text()) + " that is yours"
                                         : "you have no conversation with " + json_string(in.id.text())};
}

/// A group, locked, with its members as they were before the change, sorted by user.
struct locked_group {
  conversation_row row;
  std::vector<member_row> members;

  member_row* find(const user_id& user) {
    const auto at = std::ranges::lower_bound(members, user, {}, &member_row::user);
    return at != members.end() && at->user == user ? &*at : nullptr;
  }

  user_id owner() const {
    const auto at = std::ranges::find(members, group_role::owner, &member_row::role);
    return at == members.end() ? user_id{} : at->user;
  }

  group_info info() const {
    return {.conversation_id = row.id,
            .id = row.of.id,
            .name = row.name,
            .owner = owner(),
            .member_count = members.size(),
            .muted = row.muted,
            .history = row.history,
            .created_at = row.created_at};
  }
};

/// What an entry of a group's log says besides who did it.
struct group_note {
  std::string_view action;
  user_list users{};  ///< whom it is about
  std::string more{}; ///< further members of the object, each with a comma before it
};

/// Nobody wrote it. What is still being written is a message already.
inline bool is_log_entry(const message& entry) {
  return is_own_entry(entry.kind) && entry.kind != message_kind::text_stream;
}

/// Whom the change before in the same transaction was told to, if it was in the same conversation.
struct known_audience {
  std::int64_t conversation_id = 0;
  audience_ptr users{};
};

/// One run of one change in one transaction.
class change_run {
public:
  change_run(change_transaction& tx, const change& what, wall_time now, const change_limits& limits,
             change_outcome& outcome, known_audience* known = nullptr)
      : tx_(tx)
      , by_(what.by)
      , user_(what.user())
      , now_(now)
      , notice_after_(what.notice_after)
      , limits_(limits)
      , outcome_(outcome)
      , known_(known) {}

  result<void> operator()(const recall_message& what);
  result<void> operator()(const recall_by_id& what);
  result<void> operator()(const edit_message& what);
  result<void> operator()(const react_to_message& what);
  result<void> operator()(const create_group& what);
  result<void> operator()(const update_group& what);
  result<void> operator()(const add_members& what);
  result<void> operator()(const remove_members& what);
  result<void> operator()(const set_role& what);
  result<void> operator()(const leave_group& what);
  result<void> operator()(const dismiss_group& what);
  result<void> operator()(const set_conversation& what);
  result<void> operator()(const clear_conversation& what);
  result<void> operator()(const update_profile& what);
  result<void> operator()(const block_users& what);
  result<void> operator()(const identify_user& what);
  result<void> operator()(const revoke_tokens& what);
  result<void> operator()(const ban_user& what);
  result<void> operator()(const begin_file& what);
  result<void> operator()(const finish_file& what);
  result<void> operator()(const take_due_files& what);
  result<void> operator()(const forget_files& what);
  result<void> operator()(const identify_files& what);
  result<void> operator()(const find_stream& what);
  result<void> operator()(const hold_stream& what);
  result<void> operator()(const store_stream& what);
  result<void> operator()(const end_stream& what);
  result<void> operator()(const end_left_stream& what);
  result<void> operator()(const hold_webhook& what);
  result<void> operator()(const store_webhook& what);
  result<void> operator()(const wish_of_webhook& what);
  result<void> operator()(const tell_presence& what);
  result<void> operator()(const forget_presence& what);
  result<void> operator()(const forget_events& what);
  result<void> operator()(const drop_old& what);
  result<void> operator()(const read_own_data& what);
  result<void> operator()(const erase_user& what);
  result<void> operator()(const go_on_erasing& what);
  result<void> operator()(const find_facts& what);
  result<void> operator()(const note_audit& what);
  result<void> operator()(const read_audit& what);
  result<void> operator()(const ask_for_leave& what);
  result<void> operator()(const take_checks& what);
  result<void> operator()(const expect_verdict& what);
  result<void> operator()(const put_verdict& what);
  result<void> operator()(const hear_verdict& what);
  result<void> operator()(const find_verdict& what);
  result<void> operator()(const grant_notices& what);
  result<void> operator()(const hear_grants& what);
  result<void> operator()(const take_notices& what);
  result<void> operator()(const settle_notice& what);

private:
  /// A conversation of the user who wants the change, locked.
  struct own_conversation {
    conversation_row row;
    member_row mine;
  };
  result<own_conversation> open(const peer_or_group& in);
  /// A group that whoever wants the change is in, at least as `needed`.
  result<locked_group> open_group(const user_id& id, group_role needed);

  /// ... with its entry `seq`, if that is theirs to read.
  struct own_entry {
    own_conversation in;
    message what;
  };
  result<own_entry> open_entry(const peer_or_group& in, std::int64_t seq);
  /// The conversation of a message, locked, whoever wants the change; nothing: there is none.
  result<std::optional<conversation_row>> lock_conversation_of(const message& m);
  /// A message by its id, and its conversation, locked; nothing: there is none.
  struct found_entry {
    conversation_row in;
    message what;
  };
  result<std::optional<found_entry>> find_entry(std::int64_t id);
  /// Whether `user` has blocked `sender`.
  result<bool> has_blocked(const user_id& user, const user_id& sender);
  /// Why one who could send there no more may not do this either, if so.
  result<void> may_speak(const own_conversation& in);
  /// Why an entry cannot be taken back, if so.
  std::optional<error> recall_refused(const message& entry, const own_conversation& in,
                                      std::chrono::seconds window) const;
  /// Why a text cannot be changed, if so.
  std::optional<error> edit_refused(const message& entry, std::chrono::seconds window) const;
  /// Takes a message back; `from` is the entry's that says so, and `by` what it says of who did it.
  result<void> take_back(conversation_row& in, const message& entry, const user_id& from,
                         const std::string& by);
  /// A group's members; null: of a direct conversation.
  result<audience_ptr> audience_of(const conversation_row& in);
  /// Who is in the conversation, and may or may not read its entry `seq`.
  struct readership {
    user_list readers;
    user_list others;
  };
  result<readership> readers_of(const conversation_row& in, std::int64_t seq);
  /// Logs that the content of a message is another now; those are told without it who may not read that.
  result<void> log_edit(conversation_row& in, const message& now_is);
  result<message> log(conversation_row& in, const peer_or_group& to, const user_id& from, message_kind kind,
                      std::string content, audience_ptr audience);
  /// Tells everyone in the group and whom the note is about. The answer is the entry's seq.
  result<std::int64_t> log(locked_group& group, const group_note& note);
  result<void> release_files(const message& of);
  result<void> release_files(std::vector<std::string> ids);
  /// A stream that has not ended, and its message in its conversation, which is locked.
  struct running_stream {
    stream_row row;
    conversation_row in;
    message what;
  };
  result<running_stream> open_stream_of(const std::string& id);
  /// Whether who writes it may still speak there.
  result<bool> may_go_on(const running_stream& of);
  /// The stream for the node that asks, with those who may read it.
  result<void> tell_stream(const running_stream& of);
  /// Its message is a text now, or was recalled; the row stays for a while.
  result<void> finish_stream(running_stream& of, const std::string& content);
  result<void> note(const message& m);
  /// Somebody is told of what was written to them, or nobody need be, or later.
  result<void> look_at(const notice_row& row, const take_notices& what);
  result<profile> put_profile(const profile& p);
  /// Leaves out those who have blocked whoever wants the change.
  result<void> leave_out_blockers(user_list& users);
  /// Error too_large: they own as many groups as one may.
  result<void> may_own_another(const user_id& user);
  result<void> take_in(locked_group& group, user_list users);
  result<void> give_role(locked_group& group, const user_id& user, group_role role);
  result<void> take_out(locked_group& group, std::string_view action, const user_list& users);
  /// Writes what the user has set for it, and has the user's other sessions told.
  result<void> put_settings(const own_conversation& of);
  /// Writes the group's row and answers with it.
  result<void> finish(locked_group& group);
  /// A portion of the part of an erasure that it is at.
  result<void> erase_some(erasure& of);
  result<void> erase_messages(std::vector<message> some);
  /// The user is in it no more, and has read nothing of it.
  result<void> forget_conversation(const user_id& user, const peer_or_group& in);
  result<void> unchanged(const locked_group& group);

  std::optional<error> right_missing(group_role needed) const;
  std::optional<error> user_missing() const;

  change_transaction& tx_;
  const std::optional<user_id>& by_;
  const user_id* user_; ///< whom blocks and limits hold for; null: nobody
  wall_time now_;
  std::optional<std::chrono::milliseconds> notice_after_; ///< see change
  const change_limits& limits_;
  change_outcome& outcome_;
  known_audience* known_;               ///< of changes that share the transaction; else null
  group_role role_ = group_role::owner; ///< in the group at hand; the back end may what its owner may
};

} // namespace hongyan
