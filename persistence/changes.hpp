/// What users change besides sending: recalls, groups, settings, profiles, blocks. The rules (who may, what
/// is logged, who is told) are here, once; the stores only keep rows.
#pragma once

#include "core/chat/change.hpp"
#include "persistence/store.hpp"

#include <vector>

namespace hongyan {

/// A log entry that a change made, and who is told: the members before and after it. A group's says, as JSON,
/// {"action", "by", "userIds", "name"} with an action of create, update, add, remove, role, leave or dismiss.
/// What the back end does is by the owner. An update adds what else changed ("muted", "history"), a role
/// adds "role".
struct logged_entry {
  message entry;
  audience_ptr audience; ///< of a group; of a direct conversation the message says itself
};

/// A reaction that is new, or gone, and who is told.
struct told_reaction {
  reaction what;
  audience_ptr audience; ///< of a direct conversation its users
};

struct change_outcome {
  std::vector<logged_entry> entries{};
  std::optional<message> edited{}; ///< of edit_message: the message as it is now
  std::optional<told_reaction> reaction{};
  std::optional<open_stream> stream{}; ///< of find_stream, hold_stream and store_stream
  /// Streams that nobody writes on before they have asked: of a message that was recalled, or of a group from
  /// which somebody went.
  std::optional<stream_place> interrupted{};
  std::optional<group_info> group{};       ///< after a change of a group that is still there
  std::optional<user_id> user{};           ///< of identify_user
  std::optional<own_change> own{};         ///< what the user's other sessions are told
  std::vector<std::string> files{};        ///< of take_due_files
  std::optional<file_identity> identity{}; ///< of identify_files
  std::optional<webhook_row> webhook{};    ///< of hold_webhook; of store_webhook what is wished of it
  bool is_more = false;                ///< of forget_presence, take_checks, take_notices: there may be others
  std::vector<waiting_check> checks{}; ///< of take_checks
  std::optional<check_leave> leave{};  ///< of ask_for_leave
  std::optional<content_check> check{};     ///< of find_verdict, where something is known
  std::vector<due_notice> notices{};        ///< of take_notices
  std::optional<dropped_entries> dropped{}; ///< of drop_old
  std::optional<own_data> portion{};        ///< of read_own_data
  std::optional<erasure> erased{};          ///< of go_on_erasing: whose, as it is now
  std::vector<audit_entry> audit{};         ///< of read_audit
  std::optional<message_facts> facts{};     ///< of find_facts
};

/// Does it, in one transaction. What is so already is success without an entry. Errors: besides those of
/// transact(), not_found (no such conversation or entry, or not theirs), forbidden (theirs, but not their
/// right; `reason` says "role"), conflict (a group id that is taken), too_large (a group over its limit, or a
/// user over `limits`), malformed (nobody wants what only a user can want; blocking oneself).
///
/// A user puts nobody into a group who has blocked them: such ids are left out without a word. Nor do they
/// hand one over to them (forbidden).
result<change_outcome> apply(message_writer& writer, const change& what, wall_time now,
                             const change_limits& limits = {});

/// Whether the two may be done in one transaction: changes that write nothing before all is decided, of which
/// there may be many at once, and that lock nothing that is not the other's too.
bool may_share(const change& one, const change& other);
/// Does changes that may share, in their order, in one transaction: an outcome or an error each. Errors:
/// those of transact(), of all of them.
result<std::vector<result<change_outcome>>> apply_all(message_writer& writer, std::span<const change> changes,
                                                      wall_time now);

} // namespace hongyan
