/// Where a message goes: to a user (their direct conversation with the sender) or to a group.
#pragma once

#include "core/chat/user_id.hpp"

#include <utility>

namespace hongyan {

enum class peer_kind : std::uint8_t { user, group };

/// A group's id is made of the same characters as a user's, but the two never meet: the kind tells.
struct peer_or_group {
  peer_kind kind = peer_kind::user;
  user_id id{};

  peer_or_group() = default;
  peer_or_group(user_id user) : id(std::move(user)) {} // no ambiguity to guard against
  static peer_or_group group(user_id id) {
    peer_or_group p(std::move(id));
    p.kind = peer_kind::group;
    return p;
  }

  bool is_group() const { return kind == peer_kind::group; }
  bool operator==(const peer_or_group&) const = default;
};

} // namespace hongyan
