/// What nodes of a cluster tell one another, as values and as bytes. Pure, and fuzzed: the bytes come over a
/// network.
///
/// An item is its kind (1 byte), its length (4) and its body; numbers are little-endian, a text is its length
/// (4) and its bytes. Newer nodes may add kinds, and fields at a body's end: older ones skip both. So a
/// cluster may be upgraded node by node.
#pragma once

#include "core/chat/change.hpp"
#include "core/chat/presence.hpp"
#include "core/cluster/database_timeline.hpp"
#include "core/errors.hpp"
#include "core/tools/trace_log.hpp"
#include "core/tools/wall_time.hpp"

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

namespace hongyan::cluster {

/// The version of the items and of how they are exchanged. Nodes talk in the lower of their two versions;
/// version_min is the lowest that we still speak.
inline constexpr std::uint16_t version = 1;
inline constexpr std::uint16_t version_min = 1;

/// All sessions of the sender follow, each as one that has come; behind them, and what happens meanwhile,
/// comes snapshot_end.
struct snapshot_begin {};
/// What was known of the sender before snapshot_begin, and has not been told again since, is void.
struct snapshot_end {};
/// A session has come. `stamp` orders sessions of one user and device over all nodes: the highest stays.
struct session_came {
  user_id user;
  std::uint64_t number = 0; ///< of the session, on its node
  std::int64_t stamp = 0;
  session_facts facts;
};
struct session_left {
  user_id user;
  std::uint64_t number = 0;
};
/// Entries of one conversation's log, committed by the sender, in the order of seq.
struct log_entries {
  std::vector<user_id> audience; ///< of a group: its members who are online at the receiver; of direct: empty
  std::vector<message_ptr> entries;
};
/// A read position that moved.
struct position_read {
  std::int64_t conversation_id = 0;
  user_id user;
  std::int64_t seq = 0;
  std::optional<user_id> peer{};
};
/// Somebody types; `users` are to be told.
struct typing {
  std::int64_t conversation_id = 0;
  user_id user;
  std::vector<user_id> users;
};
/// All sessions of the user are to end with 4003. Those that the sender knew of on other nodes are named:
/// they count no more, even before their node says so.
struct user_kicked {
  struct known_session {
    std::string node;
    std::uint64_t number = 0;
  };
  user_id user;
  std::vector<known_session> sessions{};
  bool only_these = false; ///< said by one who was told of it, to their nodes
};
/// The sender had to leave out what it would have told, since then (zero: it is not known): the receiver
/// looks into the store.
struct entries_missed {
  wall_time since{};
};

/// `user` has blocked these: they do not see any more when `user` comes or goes.
struct users_blocked {
  user_id user;
  std::vector<user_id> blocked;
};

/// A user has changed something of their own; their sessions at the receiver are to be told.
struct own_changed {
  user_id user;
  own_change what;
};
/// Tokens of the user that were issued by then are good no more.
struct tokens_revoked {
  user_id user;
  std::int64_t at_us = 0; ///< microseconds since 1970
};

/// The newest timeline of the database that the sender knows of: who stores on an older primary stores on a
/// false one.
struct timeline_met {
  database_timeline at;
};

/// The store's epoch, which has changed. What the sender tells behind it is of the new one.
struct epoch_changed {
  std::string now;
};

/// A user has reacted to a message; `users` are to be told.
struct reacted {
  reaction what;
  std::vector<user_id> users;
};

/// Something was added to a message that is still being written; `users` are to be told.
struct stream_grown {
  std::int64_t conversation_id = 0;
  std::int64_t seq = 0;
  std::uint32_t offset = 0; ///< in Unicode characters
  std::string delta;
  std::vector<user_id> users;
};
/// Whoever has the stream of this message is to let it go: the sender writes on, or it was recalled.
struct stream_wanted {
  std::int64_t conversation_id = 0;
  std::int64_t seq = 0;
};

/// What the receiver knows of a message is to be told by trace_told.
struct trace_wanted {
  std::uint64_t ticket = 0; ///< of the question, at who asks
  std::int64_t conversation_id = 0;
  std::int64_t seq = 0;
  std::int64_t message_id = 0;
};
struct trace_told {
  std::uint64_t ticket = 0;
  trace_log::found known{};
};

/// A message that the sender has stored is followed: what becomes of it is told to a collector.
struct message_followed {
  std::int64_t conversation_id = 0;
  std::int64_t seq = 0;
  std::int64_t message_id = 0;
  std::string under; ///< a traceparent, of what its spans are a part of
};

using item = std::variant<snapshot_begin, session_came, session_left, log_entries, position_read, typing,
                          user_kicked, entries_missed, snapshot_end, users_blocked, own_changed,
                          tokens_revoked, timeline_met, epoch_changed, reacted, stream_grown, stream_wanted,
                          trace_wanted, trace_told, message_followed>;

/// The item as bytes, to be joined with others.
std::string encode(const item& what);

/// Reads joined items. Unknown kinds are left out; in place of one with an unknown value, as a newer node may
/// tell it, there is entries_missed. Errors: malformed: it is cut short, or who came or left cannot be read;
/// nothing of it is to be believed then.
result<std::vector<item>> decode(std::string_view bytes);

} // namespace hongyan::cluster
