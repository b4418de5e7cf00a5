// What users change of what is their own: settings, profiles, blocks; and who they are.

#include "persistence/changes/change_run.hpp"

namespace hongyan {

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

result<void> change_run::operator()(const ban_user& what) { return tx_.put_ban(what.what, now_); }

} // namespace hongyan
