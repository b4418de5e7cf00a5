/// All that is one user's: it can be copied, and it can end (contract, section 9). Either goes through it in
/// portions, so that nobody else notices.
#pragma once

#include "core/chat/ban.hpp"
#include "core/chat/conversation.hpp"
#include "core/chat/file.hpp"
#include "core/chat/notice.hpp"

#include <optional>
#include <string>
#include <vector>

namespace hongyan {

/// Where one is in it.
struct own_data_place {
  /// In their order. Stored by number: never renumber.
  enum class part : std::uint8_t {
    person = 0,          ///< profile, logins, grants, blocks, ban
    conversations = 1,   ///< by id
    keyed_messages = 2,  ///< those with a client_msg_id, by it: all but what classic clients sent
    direct_messages = 3, ///< those to one user, by id
    files = 4,           ///< by id
    names = 5,           ///< what others' messages call the user, by the messages' ids
    end = 6,
  };
  part in = part::person;
  std::string after{}; ///< what of that part is done with, up to it

  /// `last`: of what there was, when it was as much as may be at once; else that part is done with.
  void go_on(bool is_more, std::string last) {
    if (!is_more) in = static_cast<part>(static_cast<int>(in) + 1);
    after = is_more ? std::move(last) : std::string();
  }
};

/// A conversation that the user is in.
struct own_membership {
  std::int64_t conversation_id = 0;
  peer_or_group in;
  std::string name{}; ///< of a group
  group_role role = group_role::member;
  bool pinned = false;
  bool muted = false;
};

/// Who the user is, besides the profile.
struct own_person {
  std::vector<std::string> identities{}; ///< of other systems' logins
  std::vector<user_id> blocks{};
  std::optional<ban> banned{};
};

/// A portion of it.
struct own_data {
  std::optional<profile> who{}; ///< set in the first one alone, as are these:
  own_person person{};
  std::vector<push_grant> grants{};
  std::vector<own_membership> conversations{};
  std::vector<message> messages{}; ///< their own, and none that were recalled
  std::vector<stored_file> files{};
  own_data_place next{};
};

/// Whose is to end, and how far that is.
struct erasure {
  user_id user;
  wall_time begun_at{};
  own_data_place place{};
};

} // namespace hongyan
