// What content checks say of messages.

#include "persistence/changes/change_run.hpp"

namespace hongyan {

namespace {

/// Of one that somebody has taken up and nothing is said of: its node has ended, or WeChat was away. Longer
/// than a question takes.
constexpr std::chrono::seconds taken_again{15};

} // namespace

/// The minute is the clock's, as WeChat counts.
result<void> change_run::operator()(const ask_for_leave& what) {
  auto identity = tx_.identity_of(what.user, what.identities);
  if (!identity) return identity.error();
  outcome_.leave.emplace();
  if (!*identity) return {};
  outcome_.leave->openid = (*identity)->substr(what.identities.size());
  const auto minute = std::chrono::floor<std::chrono::minutes>(now_).time_since_epoch().count();
  // The user first: who is over their own part takes nothing from the others.
  const auto theirs = tx_.count_use(what.user.text(), minute, what.pieces, user_checks_a_minute);
  if (!theirs) return theirs.error();
  if (!*theirs) return {};
  const auto all = tx_.count_use("", minute, what.pieces, checks_a_minute);
  if (!all) return all.error();
  outcome_.leave->granted = *all;
  return {};
}

result<void> change_run::operator()(const take_checks& what) {
  const auto due = tx_.take_checks(now_, now_ + taken_again, what.limit);
  if (!due) return due.error();
  outcome_.is_more = due->size() == what.limit;
  for (const auto& one : *due) {
    auto found = tx_.find_message(one.message_id);
    if (!found) return found.error();
    if (*found && !(*found)->recalled) {
      outcome_.checks.push_back({**std::move(found), one.attempts, one.trace_id});
      continue;
    }
    // It is gone: nobody need say anything of it.
    if (auto put = tx_.put_check(one.message_id, nobody_asked, now_); !put) return put;
  }
  return {};
}

result<void> change_run::operator()(const expect_verdict& what) {
  return tx_.expect_verdict(what.message_id, what.trace_id, now_ + what.within);
}

result<void> change_run::operator()(const put_verdict& what) {
  auto found = find_entry(what.message_id);
  if (!found) return found.error();
  if (!*found || (*found)->what.edits != what.edits) return {};
  if (auto put = tx_.put_check(what.message_id, what.verdict, now_); !put) return put;
  if (!what.recall) return {};
  return take_back((*found)->in, (*found)->what, (*found)->what.from, "null");
}

result<void> change_run::operator()(const hear_verdict& what) {
  const auto is_new = tx_.note_call(what.call, now_);
  if (!is_new) return is_new.error();
  if (!*is_new) return {};
  const auto check = tx_.find_check_of(what.trace_id);
  if (!check) return check.error();
  if (!*check) return error{errc::not_found, "nobody has asked for that"};
  // It waits: with a verdict, an earlier call's or our own patience's end, its trace is forgotten.
  auto found = find_entry((*check)->message_id);
  if (!found) return found.error();
  if (auto put = tx_.put_check((*check)->message_id, what.verdict, now_); !put) return put;
  if (!*found || !what.recall) return {};
  return take_back((*found)->in, (*found)->what, (*found)->what.from, "null");
}

result<void> change_run::operator()(const find_verdict& what) {
  auto check = tx_.find_check(what.message_id);
  if (!check) return check.error();
  outcome_.check = *std::move(check);
  return {};
}

} // namespace hongyan
