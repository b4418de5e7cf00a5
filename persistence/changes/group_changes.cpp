// Groups, and who is in them.

#include "persistence/changes/change_run.hpp"

namespace hongyan {

namespace {

error owner_stays() {
  return {errc::forbidden,
          "the owner cannot leave or be removed: hand the group over (give another member the"
          " role \"owner\"), or dismiss it"};
}

error too_many() {
  return {errc::too_large, "a group has at most " + std::to_string(group_members_max) + " members"};
}

} // namespace

result<void> change_run::may_own_another(const user_id& user) {
  if (user_ == nullptr || limits_.groups_owned == 0) return {};
  const auto owned = tx_.groups_owned(user);
  if (!owned) return owned.error();
  if (*owned < limits_.groups_owned) return {};
  return error{errc::too_large,
               (user == *user_ ? std::string("you own ") : json_string(user.text()) + " owns ") +
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
    return error{errc::conflict,
                 "the group id " + json_string(id.text()) + " is taken; give another, or none"};
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
    note.more += ",\"history\":" + json_string(group_history_names[static_cast<std::size_t>(row.history)]);
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
  outcome_.interrupted = stream_place{group.row.id, 0};
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
    return error{errc::not_found, json_string(what.user.text()) + " is not a member of this group"};
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
    if (to.empty()) return error{errc::forbidden, json_string(user.text()) + " takes no group from you"};
  }

  const auto name = json_string(group_role_names[static_cast<std::size_t>(role)]);
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
  outcome_.interrupted = stream_place{group->row.id, 0};
  group->row.dismissed = true;
  group->row.member_count = 0;
  return tx_.update_conversation(group->row);
}

} // namespace hongyan
