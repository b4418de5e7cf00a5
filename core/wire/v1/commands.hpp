/// v1, inwards: JSON-RPC texts to commands. Pure: bytes to values.
#pragma once

#include "core/bounds/limits.hpp"
#include "core/chat/change.hpp"
#include "core/chat/query.hpp"

#include <boost/json/object.hpp>
#include <string>
#include <string_view>
#include <variant>

namespace hongyan::v1 {

struct resume {
  std::optional<std::string> epoch{}; ///< the client's; other than ours: its positions are void
  sync_query query;
};
struct show_typing {
  peer_or_group in;
  bool is_told = true; ///< else it is only asked whether it would be allowed
};
struct watch_users {
  std::vector<user_id> users;
  bool on = true;
};
struct get_profiles {
  std::vector<user_id> users;
  bool only_one = false; ///< of HTTP: the answer is the one profile
};
struct list_blocks {};
struct get_group {
  user_id group;
};
struct list_groups {
  std::string cursor{};
  std::size_t limit = 50;
};
struct list_members {
  user_id group;
  std::string cursor{};
  std::size_t limit = 50;
};
struct refresh_token {
  std::string token;
};
struct ping {};

/// Everything that a client can ask for. The asking user is in it already.
using command = std::variant<new_message, page_query, search_query, list_query, resume, read_mark, change,
                             show_typing, watch_users, get_profiles, list_blocks, get_group, list_groups,
                             list_members, refresh_token, ping>;

/// What a command costs of its user's requests: one for each user it names, and at least one (contract,
/// section 1: "A request that names many users or groups counts as many").
std::size_t cost_of(const command& what);

/// Every method there is.
std::vector<std::string_view> method_names();

/// Reads the parameters of a method. HTTP bodies of the same meaning are read by it too.
/// Errors: no_such_method; malformed (with `param`), too_large.
result<command> parse_command(std::string_view method, const boost::json::object& params, const user_id& by,
                              const limits& limits);

/// A request as it came. `id` is its JSON text; empty: a notification, which is never answered.
struct request {
  std::string id;
  result<command> what;
};

/// Reads one text message. Errors in it come with the id to answer: "null" where none could be read.
request parse_request(std::string_view text, const user_id& by, const limits& limits);

} // namespace hongyan::v1
