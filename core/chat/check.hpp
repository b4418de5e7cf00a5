/// What is asked before something that users write is stored (contract, section 8), and what is said of it.
#pragma once

#include "core/chat/message.hpp"

#include <optional>
#include <string>
#include <string_view>

namespace hongyan {

/// What a user wants to write.
struct check_question {
  std::string_view event = "send"; ///< "send", "edit" or "name"
  user_id from;
  std::optional<peer_or_group> to{}; ///< null: of a profile, or of a group that is about to be made
  message_kind kind = message_kind::text;
  std::string content{}; ///< as in new_message; of a name the name
  std::optional<std::string> ext{};
  std::string names{}; ///< that classic clients show with it, one a line; the hook is not told of them
  std::shared_ptr<const span_begun> traced{}; ///< as of new_message
};

struct check_verdict {
  enum class action : std::uint8_t { allow, deny, replace };
  action what = action::allow;
  std::string content{}; ///< of replace: as in new_message
  std::string reason{};  ///< of deny: for the user
};

} // namespace hongyan
