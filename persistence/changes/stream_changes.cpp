// Messages that are still being written; see core/chat/stream.hpp.

#include "core/wire/mentions.hpp"
#include "persistence/changes/change_run.hpp"

namespace hongyan {

namespace {

/// A stream's row is kept so long after its end, for who begins it again.
constexpr std::chrono::hours stream_memory{24};
constexpr std::size_t streams_forgotten_at_once = 100;

} // namespace

/// The stream is locked, and then the conversation: nobody who has locked one of those waits for a stream.
result<change_run::running_stream> change_run::open_stream_of(const std::string& id) {
  const auto place = tx_.find_stream(id);
  if (!place) return place.error();
  if (!*place || (*place)->ended) return no_such_stream();
  auto entry = tx_.entry(conversation_row{.id = (*place)->conversation_id, .of = {}}, (*place)->seq);
  if (!entry) return entry.error();
  if (!*entry) return no_such_stream();
  auto in = lock_conversation_of(**entry);
  if (!in) return in.error();
  auto row = tx_.find_stream(id);
  if (!row) return row.error();
  if (!*in || (*in)->dismissed || !*row || (*row)->ended) return no_such_stream();
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
  return tx_.put_stream(of->row);
}

result<void> change_run::operator()(const store_stream& what) {
  auto of = open_stream_of(what.id);
  if (!of) return of.error();
  if (of->row.node != what.node) return no_such_stream(); // another has taken it over
  const auto goes_on = may_go_on(*of);
  if (!goes_on) return goes_on.error();
  if (!*goes_on) return finish_stream(*of, what.content);
  const auto before = of->what;
  of->what.content = what.content;
  if (before.content != what.content) {
    if (auto rewritten = tx_.rewrite(before, of->what); !rewritten) return rewritten;
    of->row.touched = now_; // else its silence goes on, whoever has it
  }
  if (what.let_go) of->row.node.clear();
  if (auto put = tx_.put_stream(of->row); !put) return put;
  return tell_stream(*of);
}

/// As append() decides: who was removed, muted or blocked meanwhile could not begin it, nor the back end for
/// them.
result<bool> change_run::may_go_on(const running_stream& of) {
  const user_id& sender = of.what.from;
  if (of.in.of.is_group()) {
    const auto theirs = tx_.member(of.in.id, sender);
    if (!theirs) return theirs.error();
    return *theirs && !(of.in.muted && (*theirs)->role == group_role::member);
  }
  if (of.what.to.id == sender) return true;
  const auto blocked = has_blocked(of.what.to.id, sender);
  if (!blocked) return blocked.error();
  return !*blocked;
}

result<void> change_run::tell_stream(const running_stream& of) {
  auto users = readers_of(of.in, of.what.seq);
  if (!users) return users.error();
  outcome_.stream = open_stream{.id = of.row.id,
                                .by = of.row.by,
                                .what = of.what,
                                .touched = of.row.touched,
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
  if (notice_after_)
    if (auto noted = note(now_is); !noted) return noted;
  outcome_.edited = std::move(now_is);
  return {};
}

/// Whom it is for is told of it now that it is whole.
result<void> change_run::note(const message& m) {
  const auto ext = parse_json(m.ext.value_or("null"));
  const auto called = read_mentions(ext ? ext->if_object() : nullptr, m.from);
  return tx_.put_notices(m.conversation_id, m.seq, m.from, noted_for(m.from, m.to, called.get()), now_,
                         now_ + *notice_after_);
}

result<void> change_run::operator()(const end_stream& what) {
  auto of = open_stream_of(what.id);
  if (!of) return of.error();
  if (of->row.node != what.node) return no_such_stream();
  const auto goes_on = may_go_on(*of);
  if (!goes_on) return goes_on.error();
  if (auto done = finish_stream(*of, *goes_on ? what.content : of->what.content); !done) return done;
  return what.judged ? tx_.put_check(of->what.id, *what.judged, now_) : result<void>();
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
  if (of && of->row.by.user) return tell_stream(*of); // who is asked before a user says it, is asked then
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

} // namespace hongyan
