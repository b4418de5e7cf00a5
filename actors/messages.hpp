/// The vocabulary that the actors speak among themselves: atoms and payloads. None of it crosses the network,
/// so payloads are plain values and shared immutable ones, allowed by name at the end of the file.
#pragma once

#include "core/classic.hpp"
#include "core/flow.hpp"
#include "core/timer_wheel.hpp"
#include "persistence/store.hpp"

#include <caf/all.hpp>
#include <memory>
#include <optional>
#include <vector>

CAF_BEGIN_TYPE_ID_BLOCK(hongyan, first_custom_type_id)
  CAF_ADD_ATOM(hongyan, hongyan, append_atom, "append")
  CAF_ADD_ATOM(hongyan, hongyan, flush_atom, "flush")
  CAF_ADD_ATOM(hongyan, hongyan, tick_atom, "tick")
  CAF_ADD_ATOM(hongyan, hongyan, query_atom, "query")
  CAF_ADD_ATOM(hongyan, hongyan, bind_atom, "bind")
  CAF_ADD_ATOM(hongyan, hongyan, bound_atom, "bound")
  CAF_ADD_ATOM(hongyan, hongyan, unbind_atom, "unbind")
  CAF_ADD_ATOM(hongyan, hongyan, deliver_atom, "deliver")
  CAF_ADD_ATOM(hongyan, hongyan, close_atom, "close")
  CAF_ADD_ATOM(hongyan, hongyan, kick_atom, "kick")
  CAF_ADD_ATOM(hongyan, hongyan, online_atom, "online")
  CAF_ADD_ATOM(hongyan, hongyan, drain_atom, "drain")
CAF_END_TYPE_ID_BLOCK(hongyan)

namespace hongyan {

/// What became of an append: `failure`, or else `outcome`.
struct append_answer {
  std::optional<error> failure{};
  append_outcome outcome{};
};

/// A question to the history. Not worth an answer any more when `until` has passed: nobody waits for it.
struct history_question {
  history_query query;
  steady_time until;
};

/// What a history query found, oldest first: `failure`, or else `messages`.
struct history_answer {
  std::optional<error> failure{};
  std::shared_ptr<const std::vector<message>> messages{};
};

/// Messages that were committed together.
struct committed_batch {
  std::vector<message> messages;
  steady_time at; ///< when the commit had ended
  lease counted;  ///< against the limit of deliveries, until the registry has handled it
};
using committed_ptr = std::shared_ptr<const committed_batch>;

/// New chats for one user, encoded; shared by all sessions of the user. Counted against the limit of
/// deliveries until the last of them has handled it.
struct delivery {
  std::vector<classic::chat> chats; ///< ascending by id
  steady_time committed;
  lease counted;
};
using delivery_ptr = std::shared_ptr<const delivery>;

/// Who is online, sorted by user id.
using online_ptr = std::shared_ptr<const std::vector<classic::online_user>>;

} // namespace hongyan

CAF_ALLOW_UNSAFE_MESSAGE_TYPE(hongyan::new_message)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(hongyan::append_answer)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(hongyan::history_question)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(hongyan::history_answer)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(hongyan::committed_ptr)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(hongyan::delivery_ptr)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(hongyan::online_ptr)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(hongyan::user_id)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(hongyan::close_code)
