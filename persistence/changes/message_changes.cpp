// Recalls, edits and reactions.

#include "persistence/changes/change_run.hpp"

namespace hongyan {

namespace {

error not_recalled() {
  return {errc::forbidden, "this entry is the log's own; only messages can be recalled"};
}

} // namespace

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
  auto opened = open_entry(what.in, what.seq);
  if (!opened) return opened.error();
  const message& entry = opened->what;
  if (auto refused = recall_refused(entry, opened->in, what.window)) return *refused;
  return take_back(opened->in.row, entry, *by_, entry.from == *by_ ? "" : json_string(by_->text()));
}

result<void> change_run::operator()(const recall_by_id& what) {
  auto found = find_entry(what.id);
  if (!found) return found.error();
  if (!*found) return error{errc::not_found, "there is no message with the id " + std::to_string(what.id)};
  const message& entry = (*found)->what;
  if (is_log_entry(entry)) return not_recalled();
  return take_back((*found)->in, entry, entry.from, "null");
}

result<void> change_run::take_back(conversation_row& in, const message& entry, const user_id& from,
                                   const std::string& by) {
  if (entry.recalled) return {};
  auto audience = audience_of(in);
  if (!audience) return audience.error();
  if (auto erased = tx_.erase_content(entry); !erased) return erased;
  if (has_file(entry.kind) || entry.ext)
    if (auto released = release_files(entry); !released) return released;
  if (entry.kind == message_kind::text_stream) outcome_.interrupted = stream_place{in.id, entry.seq};
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
  auto opened = open_entry(what.in, what.seq);
  if (!opened) return opened.error();
  const message& before = opened->what;
  if (auto refused = edit_refused(before, what.window)) return *refused;
  if (auto may = may_speak(opened->in); !may) return may;
  auto reactions = tx_.reactions(before, *by_);
  if (!reactions) return reactions.error();
  auto now_is = before;
  now_is.reactions = *std::move(reactions);
  if (before.content == what.content) {
    outcome_.edited = std::move(now_is);
    return {};
  }
  if (before.edits >= edits_max)
    return error{errc::too_large, "this message was edited " + std::to_string(edits_max) +
                                      " times already, which is as often as one can be"};
  now_is.content = what.content;
  ++now_is.edits;
  if (auto rewritten = tx_.rewrite(before, now_is); !rewritten) return rewritten;
  if (auto logged = log_edit(opened->in.row, now_is); !logged) return logged;
  if (what.judged)
    if (auto put = tx_.put_check(now_is.id, *what.judged, now_); !put) return put;
  outcome_.edited = std::move(now_is);
  return {};
}

result<void> change_run::operator()(const react_to_message& what) {
  const auto opened = open_entry(what.in, what.seq);
  if (!opened) return opened.error();
  const message& entry = opened->what;
  const conversation_row& in = opened->in.row;
  if (entry.recalled) return error{errc::not_found, "this message was recalled"};
  if (is_log_entry(entry))
    return error{errc::forbidden, "this entry is the log's own; one reacts to messages"};
  if (auto may = may_speak(opened->in); !may) return may;
  if (what.on) {
    const auto reactions = tx_.reactions(entry, *by_);
    if (!reactions) return reactions.error();
    const bool is_new = std::ranges::find(*reactions, what.emoji, &reaction_tally::emoji) == reactions->end();
    if (is_new && reactions->size() >= emoji_a_message_max)
      return error{errc::too_large, "this message has " + std::to_string(emoji_a_message_max) +
                                        " different reactions already; take one of those"};
  }
  auto audience = audience_of(in);
  if (!audience) return audience.error();
  if (!*audience) *audience = std::make_shared<const user_list>(each_once({*by_, what.in.id}));
  const reaction r{in.id, what.seq, *by_, what.emoji, what.on};
  const auto is_new = tx_.put_reaction(r);
  if (!is_new) return is_new.error();
  if (*is_new) outcome_.reaction = told_reaction{r, *std::move(audience)};
  return {};
}

} // namespace hongyan
