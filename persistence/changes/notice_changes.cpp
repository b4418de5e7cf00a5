// Subscribe messages: what users let be sent, and who is to be told (core/chat/notice.hpp).

#include "core/chat/notice.hpp"

#include "persistence/changes/change_run.hpp"

namespace hongyan {

namespace {

/// One that was taken up and of which nobody said what became: its node has ended, or WeChat was away. Longer
/// than a call takes.
constexpr std::chrono::seconds taken_again{15};
/// Entries that are looked at for one that the reader should know, from the newest back.
constexpr int entries_looked_at = 10;

push_grant& grant_of(std::vector<push_grant>& all, const std::string& id) {
  const auto at = std::ranges::find(all, id, &push_grant::template_id);
  return at != all.end() ? *at : all.emplace_back(push_grant{.template_id = id});
}

/// Whether the reader should hear of it.
bool is_news(const notice_facts& of, const user_id& reader) {
  const message& m = of.what;
  return !m.recalled && !is_own_entry(m.kind) && m.from != reader && !of.is_blocked &&
         (!m.to.is_group() || of.is_called);
}

} // namespace

result<void> change_run::operator()(const grant_notices& what) {
  if (const auto missing = user_missing()) return *missing;
  auto all = tx_.grants(*by_, true);
  if (!all) return all.error();
  auto& of = grant_of(*all, what.template_id);
  accept(of, what.count, true, now_);
  return tx_.put_grant(*by_, of);
}

result<void> change_run::operator()(const hear_grants& what) {
  const auto is_new = tx_.note_call(what.call, now_);
  if (!is_new) return is_new.error();
  if (!*is_new) return {};
  const auto user = tx_.find_identity(what.identity);
  if (!user) return user.error();
  if (!*user) return {};
  auto all = tx_.grants(**user, true);
  if (!all) return all.error();
  for (const auto& [id, accepted] : what.answers) {
    auto& of = grant_of(*all, id);
    if (accepted)
      accept(of, 1, false, now_);
    else
      of.grants = 0;
    if (auto put = tx_.put_grant(**user, of); !put) return put;
  }
  return {};
}

result<void> change_run::operator()(const take_notices& what) {
  const auto due = tx_.take_notices(now_, now_ + taken_again, what.limit);
  if (!due) return due.error();
  outcome_.is_more = due->size() == what.limit; // most of them may be nobody's concern any more
  for (const auto& row : *due)
    if (auto done = look_at(row, what); !done) return done;
  return {};
}

/// It is told, left for later, or nobody need hear of it.
result<void> change_run::look_at(const notice_row& row, const take_notices& what) {
  const auto drop = [&] { return tx_.drop_notice(row.user, row.conversation_id, row.last_seq); };
  const auto identity = tx_.identity_of(row.user, what.identities);
  if (!identity) return identity.error();
  const auto all = tx_.grants(row.user, false);
  if (!all) return all.error();
  const auto is_left = [&](const notice_template& one) {
    const auto of = std::ranges::find(*all, one.id, &push_grant::template_id);
    return of != all->end() && of->grants > 0;
  };
  const auto to_send = std::ranges::find_if(*what.templates, is_left);
  if (!*identity || to_send == what.templates->end()) return drop();
  if (const auto due = row.noted_at + to_send->delay; due > now_)
    return tx_.put_notice_due(row.user, row.conversation_id, due);
  auto lowest = row.first_seq;
  for (auto seq = row.last_seq; seq >= lowest && seq > row.last_seq - entries_looked_at; --seq) {
    auto facts = tx_.find_notice(row.user, row.conversation_id, seq);
    if (!facts) return facts.error();
    if (!*facts || (*facts)->is_muted) return drop(); // muted, or theirs no more
    lowest = std::max({lowest, (*facts)->read_seq + 1, (*facts)->first_seq});
    if (seq < lowest || !is_news(**facts, row.user)) continue;
    if (!(*facts)->is_checked_yet) return {}; // it is due again by itself
    outcome_.notices.push_back({.user = row.user,
                                .conversation_id = row.conversation_id,
                                .last_seq = row.last_seq,
                                .openid = (*identity)->substr(what.identities.size()),
                                .template_id = to_send->id,
                                .what = std::move((*facts)->what),
                                .sender_name = std::move((*facts)->sender_name),
                                .group_name = std::move((*facts)->group_name)});
    return {};
  }
  return drop();
}

result<void> change_run::operator()(const settle_notice& what) {
  using enum settle_notice::end;
  if (what.what == not_wanted) return tx_.drop_notice(what.user, what.conversation_id, what.last_seq);
  if (what.what != given_up) {
    auto all = tx_.grants(what.user, true);
    if (!all) return all.error();
    auto& of = grant_of(*all, what.template_id);
    of.grants = what.what == sent ? std::max(0, of.grants - 1) : 0;
    if (auto put = tx_.put_grant(what.user, of); !put) return put;
  }
  // With a template used up, another one may do.
  return tx_.put_notice_due(what.user, what.conversation_id,
                            what.what == used_up ? std::optional(now_) : std::nullopt);
}

} // namespace hongyan
