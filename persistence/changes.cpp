#include "persistence/changes.hpp"

#include "core/tools/random.hpp"
#include "core/wire/json.hpp"
#include "persistence/views.hpp"

#include <algorithm>
#include <utility>

namespace hongyan {

namespace {

using user_list = std::vector<user_id>;

/// A file to which nothing refers any more is due at once, and deleted so much later.
constexpr std::chrono::minutes release_grace{1};
/// A stream's row is kept so long after its end, for who begins it again.
constexpr std::chrono::hours stream_memory{24};
constexpr std::size_t streams_forgotten_at_once = 100;
/// Whoever has taken files to delete them has so long before others do.
constexpr std::chrono::minutes deletion_time{10};

user_list each_once(user_list users) {
  std::ranges::sort(users);
  const auto repeated = std::ranges::unique(users);
  users.erase(repeated.begin(), repeated.end());
  return users;
}

std::string quoted(std::string_view text) {
  std::string json;
  append_json_string(json, text);
  return json;
}

error no_such_conversation(const peer_or_group& in) {
  return {errc::not_found, in.is_group() ? "there is no group " + quoted(in.id.text()) + " that is yours"
                                         : "you have no conversation with " + quoted(in.id.text())};
}

error owner_stays() {
  return {errc::forbidden,
          "the owner cannot leave or be removed: hand the group over (give another member the"
          " role \"owner\"), or dismiss it"};
}

error too_many() {
  return {errc::too_large, "a group has at most " + std::to_string(group_members_max) + " members"};
}

/// For a group or a user that was given none: nobody can guess it, and nobody has it.
user_id made_up_id(char kind) { return *user_id::parse(kind + random_name(16)); }

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

std::string note_content(const group_note& note, const user_id& by, const std::string& name) {
  std::string json = "{\"action\":" + quoted(note.action);
  json += ",\"by\":" + quoted(by.text());
  json += ",\"userIds\":[";
  for (const user_id& user : note.users) {
    if (json.back() != '[') json += ',';
    append_json_string(json, user.text());
  }
  return json + "],\"name\":" + quoted(name) + note.more + "}";
}

/// Nobody wrote it. What is still being written is a message already.
bool is_log_entry(const message& entry) {
  return is_own_entry(entry.kind) && entry.kind != message_kind::text_stream;
}

error not_recalled() {
  return {errc::forbidden, "this entry is the log's own; only messages can be recalled"};
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

private:
  /// A conversation of the user who wants the change, locked.
  struct own_conversation {
    conversation_row row;
    member_row mine;
  };
  result<own_conversation> open(const peer_or_group& in);
  /// A group that whoever wants the change is in, at least as `needed`.
  result<locked_group> open_group(const user_id& id, group_role needed);

  /// Its entry `seq`, if it is theirs to read.
  result<message> find_entry(const own_conversation& in, std::int64_t seq);
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
  /// A stream that has not ended, and its message in its conversation, which is locked.
  struct running_stream {
    stream_row row;
    conversation_row in;
    message what;
  };
  result<running_stream> open_stream_of(const std::string& id);
  /// The stream for the node that asks, with those who may read it.
  result<void> tell_stream(const running_stream& of);
  /// Its message is a text now, or was recalled; the row stays for a while.
  result<void> finish_stream(running_stream& of, const std::string& content);
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
  result<void> unchanged(const locked_group& group);

  std::optional<error> right_missing(group_role needed) const;
  std::optional<error> user_missing() const;

  change_transaction& tx_;
  const std::optional<user_id>& by_;
  const user_id* user_; ///< whom blocks and limits hold for; null: nobody
  wall_time now_;
  const change_limits& limits_;
  change_outcome& outcome_;
  known_audience* known_;               ///< of changes that share the transaction; else null
  group_role role_ = group_role::owner; ///< in the group at hand; the back end may what its owner may
};

std::optional<error> change_run::user_missing() const {
  if (by_) return {};
  return error{errc::malformed, "this is done for a user: say for which one"};
}

std::optional<error> change_run::right_missing(group_role needed) const {
  if (role_ >= needed) return {};
  return error{errc::forbidden, needed == group_role::owner
                                    ? "only the owner of the group may do this"
                                    : "only the owner and the admins of the group may do this"};
}

result<change_run::own_conversation> change_run::open(const peer_or_group& in) {
  if (auto missing = user_missing()) return *missing;
  auto row = in.is_group() ? tx_.lock_group(in.id) : tx_.lock_direct(*by_, in.id, false);
  if (!row) return row.error();
  // A direct conversation may be there before its first message, which could not be stored.
  if (!*row || (*row)->dismissed || (*row)->last_seq == 0) return no_such_conversation(in);
  auto mine = tx_.member((*row)->id, *by_);
  if (!mine) return mine.error();
  if (!*mine) return no_such_conversation(in);
  return own_conversation{**std::move(row), **std::move(mine)};
}

result<locked_group> change_run::open_group(const user_id& id, group_role needed) {
  auto row = tx_.lock_group(id);
  if (!row) return row.error();
  if (!*row || (*row)->dismissed) return no_such_conversation(peer_or_group::group(id));
  auto members = tx_.members((*row)->id);
  if (!members) return members.error();
  locked_group group{**std::move(row), *std::move(members)};
  if (by_) {
    const member_row* mine = group.find(*by_);
    if (mine == nullptr) return no_such_conversation(peer_or_group::group(id));
    role_ = mine->role;
  }
  if (auto missing = right_missing(needed)) return *missing;
  return group;
}

result<message> change_run::log(conversation_row& in, const peer_or_group& to, const user_id& from,
                                message_kind kind, std::string content, audience_ptr audience) {
  auto entry = tx_.append_entry(in, {.conversation_id = in.id,
                                     .from = from,
                                     .to = to,
                                     .kind = kind,
                                     .content = std::move(content),
                                     .created_at = now_});
  if (entry) outcome_.entries.push_back({*entry, std::move(audience)});
  return entry;
}

result<std::int64_t> change_run::log(locked_group& group, const group_note& note) {
  user_list told = note.users;
  for (const member_row& member : group.members) told.push_back(member.user);
  const user_id by = by_ ? *by_ : group.owner();
  const auto entry =
      log(group.row, group.row.of, by, message_kind::group, note_content(note, by, group.row.name),
          std::make_shared<const user_list>(each_once(std::move(told))));
  if (!entry) return entry.error();
  return entry->seq;
}

result<void> change_run::finish(locked_group& group) {
  group.row.member_count = group.members.size();
  outcome_.group = group.info();
  return tx_.update_conversation(group.row);
}

result<void> change_run::unchanged(const locked_group& group) {
  outcome_.group = group.info();
  return {};
}

result<message> change_run::find_entry(const own_conversation& in, std::int64_t seq) {
  auto entry = tx_.entry(in.row, seq);
  if (!entry) return entry.error();
  if (!*entry || seq < in.mine.first_seq)
    return error{errc::not_found,
                 "there is no message " + std::to_string(seq) + " in this conversation that you may read"};
  return **std::move(entry);
}

result<void> change_run::may_speak(const own_conversation& in) {
  if (in.row.of.is_group()) {
    if (!in.row.muted || in.mine.role != group_role::member) return {};
    return error{.code = errc::forbidden,
                 .detail = "the group is muted: only its owner and admins may write",
                 .param = "in",
                 .reason = "muted"};
  }
  if (user_ == nullptr || in.row.of.id == *by_) return {};
  const auto blockers = tx_.blockers(*by_, std::span(&in.row.of.id, 1));
  if (!blockers) return blockers.error();
  if (blockers->empty()) return {};
  return error{
      .code = errc::forbidden, .detail = "this user has blocked you", .param = "in", .reason = "blocked"};
}

result<audience_ptr> change_run::audience_of(const conversation_row& in) {
  if (!in.of.is_group()) return audience_ptr{};
  if (known_ != nullptr && known_->conversation_id == in.id) return known_->users;
  const auto members = tx_.members(in.id);
  if (!members) return members.error();
  user_list told;
  for (const member_row& member : *members) told.push_back(member.user);
  auto users = std::make_shared<const user_list>(std::move(told));
  if (known_ != nullptr) *known_ = {in.id, users};
  return audience_ptr(std::move(users));
}

result<change_run::readership> change_run::readers_of(const conversation_row& in, std::int64_t seq) {
  const auto members = tx_.members(in.id);
  if (!members) return members.error();
  readership found;
  for (const member_row& member : *members)
    (member.first_seq <= seq ? found.readers : found.others).push_back(member.user);
  return found;
}

result<void> change_run::log_edit(conversation_row& in, const message& now_is) {
  auto users = readers_of(in, now_is.seq);
  if (!users) return users.error();
  auto everyone = users->readers;
  everyone.insert(everyone.end(), users->others.begin(), users->others.end());
  audience_ptr audience;
  if (in.of.is_group()) audience = std::make_shared<const user_list>(each_once(std::move(everyone)));
  const auto logged = log(in, now_is.to, now_is.from, message_kind::edit,
                          "{\"seq\":" + std::to_string(now_is.seq) + "}", std::move(audience));
  if (!logged) return logged.error();
  // It is told as it is read; the store keeps a text once.
  message& entry = outcome_.entries.back().entry;
  entry.content = edit_content(now_is.seq, &now_is.content);
  if (!users->others.empty()) entry.hidden_from = std::make_shared<const user_list>(std::move(users->others));
  return {};
}

std::optional<error> change_run::recall_refused(const message& entry, const own_conversation& in,
                                                std::chrono::seconds window) const {
  if (is_log_entry(entry)) return not_recalled();
  if (in.row.of.is_group() && in.mine.role != group_role::member) return {};
  if (entry.from != *by_)
    return error{
        errc::forbidden,
        in.row.of.is_group()
            ? "this message is another user's; only the owner and the admins of the group recall those"
            : "this message is another user's; only one's own can be recalled"};
  // Either way: what a clock that was ahead has stamped is not to be recalled for ever.
  if (!entry.recalled && std::chrono::abs(now_ - entry.created_at) > window)
    return error{errc::forbidden, "this message is too old; a message can be recalled for " +
                                      std::to_string(window.count()) + " seconds"};
  return {};
}

result<void> change_run::operator()(const recall_message& what) {
  auto opened = open(what.in);
  if (!opened) return opened.error();
  const auto entry = find_entry(*opened, what.seq);
  if (!entry) return entry.error();
  if (auto refused = recall_refused(*entry, *opened, what.window)) return *refused;
  return take_back(opened->row, *entry, *by_, entry->from == *by_ ? "" : quoted(by_->text()));
}

result<void> change_run::operator()(const recall_by_id& what) {
  const auto gone = [&] {
    return error{errc::not_found, "there is no message with the id " + std::to_string(what.id)};
  };
  const auto found = tx_.find_message(what.id);
  if (!found) return found.error();
  if (!*found) return gone();
  const message& m = **found;
  auto row = m.to.is_group() ? tx_.lock_group(m.to.id) : tx_.lock_direct(m.from, m.to.id, false);
  if (!row) return row.error();
  if (!*row) return gone();
  const auto entry = tx_.entry(**row, m.seq); // as it is now that nobody else changes it
  if (!entry) return entry.error();
  if (!*entry || (*entry)->id != what.id) return gone();
  if (is_log_entry(**entry)) return not_recalled();
  return take_back(**row, **entry, (*entry)->from, "null");
}

result<void> change_run::take_back(conversation_row& in, const message& entry, const user_id& from,
                                   const std::string& by) {
  if (entry.recalled) return {};
  auto audience = audience_of(in);
  if (!audience) return audience.error();
  if (auto erased = tx_.erase_content(entry); !erased) return erased;
  if (has_file(entry.kind) || entry.ext)
    if (auto released = release_files(entry); !released) return released;
  if (entry.kind == message_kind::text_stream) outcome_.stopped.emplace(in.id, entry.seq);
  auto to = entry.to;
  if (!in.of.is_group() && from != entry.from) to = entry.from;
  const auto logged = log(in, to, from, message_kind::recall,
                          "{\"seq\":" + std::to_string(entry.seq) + (by.empty() ? "" : ",\"by\":" + by) + "}",
                          *std::move(audience));
  if (!logged) return logged.error();
  return {};
}

std::optional<error> change_run::edit_refused(const message& entry, std::chrono::seconds window) const {
  if (window == std::chrono::seconds(0))
    return error{errc::forbidden, "on this server messages are not edited"};
  if (entry.kind == message_kind::text_stream)
    return error{errc::forbidden, "this message is still being written; it can be edited after that"};
  if (entry.kind != message_kind::text) return error{errc::forbidden, "only texts can be edited"};
  if (entry.from != *by_)
    return error{errc::forbidden, "this message is another user's; only one's own can be edited"};
  if (entry.recalled) return error{errc::not_found, "this message was recalled"};
  if (std::chrono::abs(now_ - entry.created_at) > window) // either way, as of a recall
    return error{errc::forbidden, "this message is too old; a message can be edited for " +
                                      std::to_string(window.count()) + " seconds"};
  return {};
}

result<void> change_run::operator()(const edit_message& what) {
  auto opened = open(what.in);
  if (!opened) return opened.error();
  const auto before = find_entry(*opened, what.seq);
  if (!before) return before.error();
  if (auto refused = edit_refused(*before, what.window)) return *refused;
  if (auto may = may_speak(*opened); !may) return may;
  auto reactions = tx_.reactions(*before, *by_);
  if (!reactions) return reactions.error();
  auto now_is = *before;
  now_is.reactions = *std::move(reactions);
  if (before->content == what.content) {
    outcome_.edited = std::move(now_is);
    return {};
  }
  if (before->edits >= edits_max)
    return error{errc::too_large, "this message was edited " + std::to_string(edits_max) +
                                      " times already, which is as often as one can be"};
  now_is.content = what.content;
  ++now_is.edits;
  if (auto rewritten = tx_.rewrite(*before, now_is); !rewritten) return rewritten;
  if (auto logged = log_edit(opened->row, now_is); !logged) return logged;
  outcome_.edited = std::move(now_is);
  return {};
}

result<void> change_run::operator()(const react_to_message& what) {
  const auto opened = open(what.in);
  if (!opened) return opened.error();
  const auto entry = find_entry(*opened, what.seq);
  if (!entry) return entry.error();
  if (entry->recalled) return error{errc::not_found, "this message was recalled"};
  if (is_log_entry(*entry))
    return error{errc::forbidden, "this entry is the log's own; one reacts to messages"};
  if (auto may = may_speak(*opened); !may) return may;
  if (what.on) {
    const auto reactions = tx_.reactions(*entry, *by_);
    if (!reactions) return reactions.error();
    const bool is_new = std::ranges::find(*reactions, what.emoji, &reaction_tally::emoji) == reactions->end();
    if (is_new && reactions->size() >= emoji_a_message_max)
      return error{errc::too_large, "this message has " + std::to_string(emoji_a_message_max) +
                                        " different reactions already; take one of those"};
  }
  auto audience = audience_of(opened->row);
  if (!audience) return audience.error();
  if (!*audience) *audience = std::make_shared<const user_list>(each_once({*by_, what.in.id}));
  const reaction r{opened->row.id, what.seq, *by_, what.emoji, what.on};
  const auto is_new = tx_.put_reaction(r);
  if (!is_new) return is_new.error();
  if (*is_new) outcome_.reaction = told_reaction{r, *std::move(audience)};
  return {};
}

/// Those of a message that is no more.
result<void> change_run::release_files(const message& of) {
  auto files = tx_.detach_files(of);
  if (!files) return files.error();
  std::ranges::sort(*files); // locked in one order everywhere
  for (const std::string& id : *files)
    if (auto released = tx_.release_file(id, now_); !released) return released;
  return {};
}

result<void> change_run::leave_out_blockers(user_list& users) {
  if (user_ == nullptr || users.empty()) return {};
  const auto found = tx_.blockers(*user_, users);
  if (!found) return found.error();
  std::erase_if(users, [&](const user_id& user) { return std::ranges::find(*found, user) != found->end(); });
  return {};
}

result<void> change_run::may_own_another(const user_id& user) {
  if (user_ == nullptr || limits_.groups_owned == 0) return {};
  const auto owned = tx_.groups_owned(user);
  if (!owned) return owned.error();
  if (*owned < limits_.groups_owned) return {};
  return error{errc::too_large, (user == *user_ ? std::string("you own ") : quoted(user.text()) + " owns ") +
                                    std::to_string(*owned) + " groups already, which is as many as one may"};
}

result<void> change_run::operator()(const create_group& what) {
  if (auto missing = user_missing()) return *missing;
  if (auto may = may_own_another(*by_); !may) return may;
  user_list users = what.members;
  if (auto left_out = leave_out_blockers(users); !left_out) return left_out;
  users.push_back(*by_);
  users = each_once(std::move(users));
  if (users.size() > group_members_max) return too_many();

  const user_id id = what.id.text().empty() ? made_up_id('g') : what.id;
  auto row = tx_.make_group(id, what.name, what.history, now_);
  if (!row) return row.error();
  if (!*row)
    return error{errc::conflict, "the group id " + quoted(id.text()) + " is taken; give another, or none"};
  locked_group group{**std::move(row), {}};
  const auto seq = log(group, {.action = "create", .users = users});
  if (!seq) return seq.error();
  for (const user_id& user : users)
    group.members.push_back(
        {.user = user, .role = user == *by_ ? group_role::owner : group_role::member, .joined_seq = *seq});
  if (auto put = tx_.put_members(group.row.id, group.members); !put) return put;
  return finish(group);
}

result<void> change_run::operator()(const update_group& what) {
  auto group = open_group(what.group, group_role::admin);
  if (!group) return group.error();
  conversation_row& row = group->row;
  group_note note{.action = "update"};
  const bool renamed = what.name && *what.name != row.name;
  if (renamed) row.name = *what.name;
  if (what.muted && *what.muted != row.muted) {
    row.muted = *what.muted;
    note.more += row.muted ? ",\"muted\":true" : ",\"muted\":false";
  }
  if (what.history && *what.history != row.history) {
    row.history = *what.history;
    note.more += ",\"history\":" + quoted(group_history_names[static_cast<std::size_t>(row.history)]);
  }
  if (!renamed && note.more.empty()) return unchanged(*group);
  if (const auto seq = log(*group, note); !seq) return seq.error();
  return finish(*group);
}

result<void> change_run::operator()(const add_members& what) {
  auto group = open_group(what.group, what.role ? group_role::owner : group_role::admin);
  if (!group) return group.error();
  const user_list users = each_once(what.users);
  if (auto taken = take_in(*group, users); !taken) return taken;
  if (!what.role) return {};
  for (const user_id& user : users)
    if (group->find(user) != nullptr)
      if (auto given = give_role(*group, user, *what.role); !given) return given;
  return {};
}

result<void> change_run::take_in(locked_group& group, user_list users) {
  std::erase_if(users, [&](const user_id& user) { return group.find(user) != nullptr; });
  if (auto left_out = leave_out_blockers(users); !left_out) return left_out;
  if (users.empty()) return unchanged(group);
  if (group.members.size() + users.size() > group_members_max) return too_many();

  const auto seq = log(group, {.action = "add", .users = users});
  if (!seq) return seq.error();
  std::vector<member_row> rows;
  for (const user_id& user : users)
    rows.push_back(
        {.user = user, .joined_seq = *seq, .first_seq = group.row.history == group_history::all ? 1 : *seq});
  if (auto put = tx_.put_members(group.row.id, rows); !put) return put;
  group.members.insert(group.members.end(), rows.begin(), rows.end());
  std::ranges::sort(group.members, {}, &member_row::user);
  return finish(group);
}

result<void> change_run::take_out(locked_group& group, std::string_view action, const user_list& users) {
  if (std::ranges::binary_search(users, group.owner())) return owner_stays();
  if (const auto seq = log(group, {.action = action, .users = users}); !seq) return seq.error();
  if (auto removed = tx_.remove_members(group.row.id, users); !removed) return removed;
  std::erase_if(group.members,
                [&](const member_row& m) { return std::ranges::binary_search(users, m.user); });
  return finish(group);
}

result<void> change_run::operator()(const remove_members& what) {
  auto group = open_group(what.group, group_role::member);
  if (!group) return group.error();
  user_list users = each_once(what.users);
  std::erase_if(users, [&](const user_id& user) { return group->find(user) == nullptr; });
  if (by_ && users == user_list{*by_}) {
    auto left = take_out(*group, "leave", users);
    outcome_.group.reset(); // it is theirs no more
    return left;
  }
  if (auto missing = right_missing(group_role::admin)) return *missing;
  if (users.empty()) return unchanged(*group);
  const auto out_of_reach = [&](const user_id& user) {
    return user != *by_ && group->find(user)->role == group_role::admin;
  };
  if (role_ == group_role::admin && std::ranges::any_of(users, out_of_reach))
    return error{errc::forbidden, "only the owner of the group may remove an admin"};
  return take_out(*group, "remove", users);
}

result<void> change_run::operator()(const set_role& what) {
  auto group = open_group(what.group, group_role::owner);
  if (!group) return group.error();
  member_row* const target = group->find(what.user);
  if (target == nullptr)
    return error{errc::not_found, quoted(what.user.text()) + " is not a member of this group"};
  return give_role(*group, what.user, what.role);
}

result<void> change_run::give_role(locked_group& group, const user_id& user, group_role role) {
  member_row* const target = group.find(user);
  if (target->role == role) return unchanged(group);
  if (target->role == group_role::owner)
    return error{errc::forbidden, "a group has an owner: give another member the role \"owner\" instead"};
  if (role == group_role::owner) {
    if (auto may = may_own_another(user); !may) return may;
    user_list to{user};
    if (auto left_out = leave_out_blockers(to); !left_out) return left_out;
    if (to.empty()) return error{errc::forbidden, quoted(user.text()) + " takes no group from you"};
  }

  const auto name = quoted(group_role_names[static_cast<std::size_t>(role)]);
  if (const auto seq = log(group, {.action = "role", .users = {user}, .more = ",\"role\":" + name}); !seq)
    return seq.error();
  std::vector<member_row> rows;
  if (role == group_role::owner) {
    member_row* const before = group.find(group.owner());
    before->role = group_role::admin;
    rows.push_back(*before);
  }
  target->role = role;
  rows.push_back(*target);
  if (auto put = tx_.put_members(group.row.id, rows); !put) return put;
  return finish(group);
}

result<void> change_run::operator()(const leave_group& what) {
  if (auto missing = user_missing()) return *missing;
  auto group = open_group(what.group, group_role::member);
  if (!group) return group.error();
  auto left = take_out(*group, "leave", {*by_});
  outcome_.group.reset(); // it is theirs no more
  return left;
}

result<void> change_run::operator()(const dismiss_group& what) {
  auto group = open_group(what.group, group_role::owner);
  if (!group) return group.error();
  if (const auto seq = log(*group, {.action = "dismiss"}); !seq) return seq.error();
  user_list everyone;
  for (const member_row& member : group->members) everyone.push_back(member.user);
  if (auto removed = tx_.remove_members(group->row.id, everyone); !removed) return removed;
  group->row.dismissed = true;
  group->row.member_count = 0;
  return tx_.update_conversation(group->row);
}

/// Told also when nothing is new: who asks again, since they do not know, is to leave all sessions right.
result<void> change_run::put_settings(const own_conversation& of) {
  const auto& mine = of.mine;
  outcome_.own = own_settings{of.row.id, mine.pinned, mine.muted, mine.first_seq - 1, mine.read_seq};
  return tx_.put_members(of.row.id, std::span(&mine, 1));
}

result<void> change_run::operator()(const set_conversation& what) {
  auto opened = open(what.in);
  if (!opened) return opened.error();
  if (what.pinned) opened->mine.pinned = *what.pinned;
  if (what.muted) opened->mine.muted = *what.muted;
  return put_settings(*opened);
}

result<void> change_run::operator()(const clear_conversation& what) {
  auto opened = open(what.in);
  if (!opened) return opened.error();
  opened->mine.first_seq = opened->row.last_seq + 1;
  return put_settings(*opened);
}

/// An avatar may be a file, which everybody sees then: one that its user sees, and no other. Text that is no
/// file's id is as good as any.
result<profile> change_run::put_profile(const profile& p) {
  auto before = tx_.find_profile(p.user);
  if (!before) return before.error();
  const bool is_new = p.avatar && p.avatar != before->avatar;
  if (is_new && is_file_id(*p.avatar)) {
    const auto any = tx_.find_file({{}, *p.avatar}, now_);
    if (!any) return any.error();
    const auto theirs = tx_.find_file({p.user, *p.avatar}, now_);
    if (!theirs) return theirs.error();
    if (*any && !*theirs) return error{errc::not_found, "there is no such file that you may see", "avatar"};
    if (*any && (*any)->kind != media::file_kind::image)
      return error{errc::malformed, "the file is no picture", "avatar"};
    if (auto kept = tx_.keep_file(*p.avatar); !kept) return kept.error();
  }
  if (auto put = tx_.put_profile(p); !put) return put.error();
  if (is_new && before->avatar && is_file_id(*before->avatar))
    if (auto released = tx_.release_file(*before->avatar, now_); !released) return released.error();
  return tx_.find_profile(p.user);
}

result<void> change_run::operator()(const begin_file& what) {
  if (auto missing = user_missing()) return *missing;
  return tx_.add_file(what.id, *by_, now_, now_ + what.unsent);
}

result<void> change_run::operator()(const finish_file& what) {
  const auto finished = tx_.finish_file(what.file);
  if (!finished) return finished.error();
  if (!*finished) return error{errc::timeout, "the upload took so long that the file was given up"};
  return {};
}

result<void> change_run::operator()(const take_due_files& what) {
  // Only what has been due for a while: nobody may read or send it any more, so no message that is on its
  // way, on another node either, has it.
  auto due = tx_.take_due_files(now_ - release_grace, now_ + deletion_time, what.limit);
  if (!due) return due.error();
  outcome_.files = *std::move(due);
  return {};
}

result<void> change_run::operator()(const forget_files& what) { return tx_.forget_files(what.ids); }

result<void> change_run::operator()(const identify_files& what) {
  auto identity = tx_.identify_files({what.store, what.made_up_key});
  if (!identity) return identity.error();
  outcome_.identity = *std::move(identity);
  return {};
}

result<void> change_run::operator()(const update_profile& what) {
  if (auto missing = user_missing()) return *missing;
  auto now_is = put_profile({*by_, what.name, what.avatar});
  if (!now_is) return now_is.error();
  outcome_.own = *std::move(now_is);
  return {};
}

result<void> change_run::operator()(const block_users& what) {
  if (auto missing = user_missing()) return *missing;
  const user_list others = each_once(what.users);
  if (std::ranges::binary_search(others, *by_))
    return error{errc::malformed, "nobody can block themselves; name other users"};
  const auto count = tx_.put_blocks(*by_, others, what.blocked);
  if (!count) return count.error();
  if (user_ != nullptr && limits_.blocks > 0 && *count > limits_.blocks)
    return error{errc::too_large, "you would block " + std::to_string(*count) +
                                      " users; one blocks at most " + std::to_string(limits_.blocks)};
  return {};
}

result<void> change_run::operator()(const identify_user& what) {
  auto user = tx_.user_of_identity(what.identity, made_up_id('u'), now_);
  if (!user) return user.error();
  outcome_.user = *std::move(user);
  return {};
}

result<void> change_run::operator()(const revoke_tokens& what) { return tx_.revoke(what.user, what.at_us); }

error no_such_stream() { return {errc::not_found, "there is no such stream of yours, or it has ended"}; }

/// The stream is locked, and then the conversation: nobody who has locked one of those waits for a stream.
result<change_run::running_stream> change_run::open_stream_of(const std::string& id) {
  const auto place = tx_.find_stream(id);
  if (!place) return place.error();
  if (!*place || (*place)->ended) return no_such_stream();
  auto entry = tx_.entry(conversation_row{.id = (*place)->conversation_id, .of = {}}, (*place)->seq);
  if (!entry) return entry.error();
  if (!*entry) return no_such_stream();
  const message& m = **entry;
  auto in = m.to.is_group() ? tx_.lock_group(m.to.id) : tx_.lock_direct(m.from, m.to.id, false);
  if (!in) return in.error();
  auto row = tx_.find_stream(id);
  if (!row) return row.error();
  if (!*in || !*row || (*row)->ended) return no_such_stream();
  entry = tx_.entry(**in, (*row)->seq);
  if (!entry) return entry.error();
  if (!*entry || (*entry)->kind != message_kind::text_stream || (*entry)->recalled) return no_such_stream();
  return running_stream{**std::move(row), **std::move(in), **std::move(entry)};
}

result<void> change_run::operator()(const find_stream& what) {
  const auto row = tx_.stream_of(what.conversation_id, what.seq);
  if (!row) return row.error();
  if (!*row || (*row)->by != what.by)
    return error{errc::conflict, "this clientMsgId is taken by a message that no stream of yours is of"};
  outcome_.stream = open_stream{.id = (*row)->id, .by = (*row)->by};
  return {};
}

result<void> change_run::operator()(const hold_stream& what) {
  auto of = open_stream_of(what.id);
  if (!of) return of.error();
  if (of->row.by != what.by) return no_such_stream();
  const auto& holder = of->row.node;
  if (auto told = tell_stream(*of); !told) return told;
  if (!holder.empty() && holder != what.node && !what.by_force) {
    outcome_.stream->held_by = holder;
    return {};
  }
  of->row.node = what.node;
  of->row.touched = now_;
  return tx_.put_stream(of->row);
}

result<void> change_run::operator()(const store_stream& what) {
  auto of = open_stream_of(what.id);
  if (!of) return of.error();
  if (of->row.node != what.node) return no_such_stream(); // another has taken it over
  const auto before = of->what;
  of->what.content = what.content;
  if (before.content != what.content)
    if (auto rewritten = tx_.rewrite(before, of->what); !rewritten) return rewritten;
  if (what.let_go) of->row.node.clear();
  of->row.touched = now_;
  if (auto put = tx_.put_stream(of->row); !put) return put;
  return tell_stream(*of);
}

result<void> change_run::tell_stream(const running_stream& of) {
  auto users = readers_of(of.in, of.what.seq);
  if (!users) return users.error();
  outcome_.stream = open_stream{.id = of.row.id,
                                .by = of.row.by,
                                .what = of.what,
                                .audience = std::make_shared<const user_list>(std::move(users->readers))};
  return {};
}

result<void> change_run::finish_stream(running_stream& of, const std::string& content) {
  auto now_is = of.what;
  now_is.kind = message_kind::text;
  now_is.content = content;
  if (auto rewritten = tx_.rewrite(of.what, now_is); !rewritten) return rewritten;
  of.row.ended = true;
  of.row.touched = now_;
  if (auto put = tx_.put_stream(of.row); !put) return put;
  if (auto logged = log_edit(of.in, now_is); !logged) return logged;
  outcome_.edited = std::move(now_is);
  return {};
}

result<void> change_run::operator()(const end_stream& what) {
  auto of = open_stream_of(what.id);
  if (!of) return of.error();
  if (of->row.node != what.node) return no_such_stream();
  return finish_stream(*of, what.content);
}

result<void> change_run::operator()(const end_left_stream& what) {
  const auto left = tx_.old_streams(false, what.untouched_since, 1);
  if (!left) return left.error();
  if (left->empty()) {
    const auto old = tx_.old_streams(true, now_ - stream_memory, streams_forgotten_at_once);
    if (!old) return old.error();
    return tx_.forget_streams(*old);
  }
  auto of = open_stream_of(left->front());
  if (of) return finish_stream(*of, of->what.content);
  if (of.error().code != errc::not_found) return of.error();
  auto row = tx_.find_stream(left->front()); // of a message that was recalled
  if (!row) return row.error();
  if (!*row) return {};
  (*row)->ended = true;
  (*row)->touched = now_;
  outcome_.stream = open_stream{.id = (*row)->id};
  return tx_.put_stream(**row);
}

/// What a change refuses as not their right, a higher role in the group would have allowed.
error with_reason(error why) {
  if (why.code == errc::forbidden && why.reason.empty()) why.reason = "role";
  return why;
}

} // namespace

result<change_outcome> apply(message_writer& writer, const change& what, wall_time now,
                             const change_limits& limits) {
  change_outcome outcome;
  const auto done = writer.transact([&](change_transaction& tx) {
    outcome = {}; // of a run that came to nothing
    return std::visit(change_run(tx, what, now, limits, outcome), what.action);
  });
  if (!done) {
    return with_reason(done.error());
  }
  return outcome;
}

bool may_share(const change& one, const change& other) {
  const auto is_of_file = [](const change& c) {
    return std::holds_alternative<begin_file>(c.action) || std::holds_alternative<finish_file>(c.action);
  };
  if (is_of_file(one) && is_of_file(other)) return true;
  const auto* first = std::get_if<react_to_message>(&one.action);
  const auto* second = std::get_if<react_to_message>(&other.action);
  return first != nullptr && second != nullptr && first->in.is_group() && first->in == second->in;
}

result<std::vector<result<change_outcome>>> apply_all(message_writer& writer, std::span<const change> changes,
                                                      wall_time now) {
  std::vector<result<change_outcome>> outcomes;
  const auto done = writer.transact([&](change_transaction& tx) -> result<void> {
    outcomes.clear(); // of a run that came to nothing
    const change_limits none;
    known_audience known;
    for (const change& what : changes) {
      change_outcome outcome;
      const auto one = std::visit(change_run(tx, what, now, none, outcome, &known), what.action);
      // The transaction is lost, with what the others wrote.
      if (!one && (one.error().code == errc::unavailable || one.error().code == errc::internal)) return one;
      if (one)
        outcomes.emplace_back(std::move(outcome));
      else
        outcomes.emplace_back(with_reason(one.error()));
    }
    return {};
  });
  if (!done) return done.error();
  return outcomes;
}

} // namespace hongyan
