// What changes of several kinds need.

#include "persistence/changes/change_run.hpp"

#include "persistence/views.hpp"

namespace hongyan {

namespace {

std::string note_content(const group_note& note, const user_id& by, const std::string& name) {
  std::string json = "{\"action\":" + json_string(note.action);
  json += ",\"by\":" + json_string(by.text());
  json += ",\"userIds\":[";
  for (const user_id& user : note.users) {
    if (json.back() != '[') json += ',';
    append_json_string(json, user.text());
  }
  return json + "],\"name\":" + json_string(name) + note.more + "}";
}

} // namespace

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

result<change_run::own_entry> change_run::open_entry(const peer_or_group& in, std::int64_t seq) {
  auto opened = open(in);
  if (!opened) return opened.error();
  auto entry = tx_.entry(opened->row, seq);
  if (!entry) return entry.error();
  if (!*entry || seq < opened->mine.first_seq)
    return error{errc::not_found,
                 "there is no message " + std::to_string(seq) + " in this conversation that you may read"};
  return own_entry{*std::move(opened), **std::move(entry)};
}

result<std::optional<conversation_row>> change_run::lock_conversation_of(const message& m) {
  return m.to.is_group() ? tx_.lock_group(m.to.id) : tx_.lock_direct(m.from, m.to.id, false);
}

result<std::optional<change_run::found_entry>> change_run::find_entry(std::int64_t id) {
  const auto found = tx_.find_message(id);
  if (!found) return found.error();
  if (!*found) return std::optional<found_entry>();
  auto row = lock_conversation_of(**found);
  if (!row) return row.error();
  if (!*row) return std::optional<found_entry>();
  auto entry = tx_.entry(**row, (*found)->seq); // as it is now that nobody else changes it
  if (!entry) return entry.error();
  if (!*entry || (*entry)->id != id) return std::optional<found_entry>();
  return std::optional(found_entry{**std::move(row), **std::move(entry)});
}

result<bool> change_run::has_blocked(const user_id& user, const user_id& sender) {
  const auto blockers = tx_.blockers(sender, std::span(&user, 1));
  if (!blockers) return blockers.error();
  return !blockers->empty();
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
  const auto blocked = has_blocked(in.row.of.id, *by_);
  if (!blocked) return blocked.error();
  if (!*blocked) return {};
  return blocked_by_peer();
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
  const auto logged =
      log(in, now_is.to, now_is.from, message_kind::edit, edit_entry(now_is), std::move(audience));
  if (!logged) return logged.error();
  // It is told as it is read; the store keeps a text once.
  message& entry = outcome_.entries.back().entry;
  entry.content = edit_content(now_is.seq, &now_is.content);
  if (!users->others.empty()) entry.hidden_from = std::make_shared<const user_list>(std::move(users->others));
  return {};
}

/// Those of a message that is no more.
result<void> change_run::release_files(const message& of) {
  auto files = tx_.detach_files(of);
  if (!files) return files.error();
  return release_files(*std::move(files));
}

result<void> change_run::release_files(std::vector<std::string> ids) {
  std::ranges::sort(ids); // locked in one order everywhere
  const auto repeated = std::ranges::unique(ids);
  ids.erase(repeated.begin(), repeated.end());
  for (const std::string& id : ids)
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

} // namespace hongyan
