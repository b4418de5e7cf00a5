/// Where a message goes: to a user (their direct conversation with the sender) or to a group.
#pragma once

#include "core/user_id.hpp"

#include <utility>

namespace hongyan {

enum class place_kind : std::uint8_t { user, group };

/// A group's id is made of the same characters as a user's, but the two never meet: the kind tells.
struct place {
  place_kind kind = place_kind::user;
  user_id id{};

  place() = default;
  place(user_id user) : id(std::move(user)) {} // a user is a place: no ambiguity to guard against
  static place group(user_id id) {
    place p(std::move(id));
    p.kind = place_kind::group;
    return p;
  }

  bool is_group() const { return kind == place_kind::group; }
  bool operator==(const place&) const = default;
};

} // namespace hongyan
