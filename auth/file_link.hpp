/// Links to a file that need no token: signed by the server, for one user, for a while (contract, section 6).
#pragma once

#include "core/chat/user_id.hpp"

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace hongyan::auth {

/// The query of a link to `file` for `user`, good until then: `user=…&expires=…&signature=…`. Nobody as a
/// user: the business back end.
std::string sign_file_link(std::string_view key, std::string_view file, const std::optional<user_id>& user,
                           std::chrono::sys_seconds until);

/// The parameters of a link, as they came.
struct file_link {
  std::string_view user;
  std::string_view expires;
  std::string_view signature;
};

/// Was it signed for this file, and is it still good? In constant time.
bool is_good_link(std::string_view key, std::string_view file, const file_link& link,
                  std::chrono::sys_seconds now);

} // namespace hongyan::auth
