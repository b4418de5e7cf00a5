/// v1, inwards: JSON-RPC texts to commands. Pure: bytes to values.
#pragma once

#include "core/bounds/limits.hpp"
#include "core/chat/change.hpp"
#include "core/chat/query.hpp"

#include <boost/json/object.hpp>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <type_traits>
#include <variant>
#include <vector>

namespace hongyan::v1 {

class params;

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
};
struct unwatch_users {
  std::vector<user_id> users;
};
struct get_profiles {
  std::vector<user_id> users;
  bool only_one = false; ///< of HTTP: the answer is the one profile
};
struct list_blocks {};
struct list_grants {
  std::vector<std::string> templates;
};
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
using command =
    std::variant<new_message, page_query, messages_query, search_query, list_query, resume, read_mark, change,
                 show_typing, watch_users, unwatch_users, get_profiles, list_blocks, get_group, list_groups,
                 list_members, list_grants, refresh_token, ping>;

/// Who carries out a command.
enum class errand : std::uint8_t {
  send,    ///< persistence, in a batch
  change,  ///< persistence, in a transaction of its own
  mark,    ///< persistence, together with other read positions
  read,    ///< a history
  search,  ///< the history of searches
  watch,   ///< the registry, once a history has said who may be watched
  unwatch, ///< the registry
  own,     ///< the session itself
};

/// Every kind of command says whose errand it is: one that does not, or whose errand nobody runs, does not
/// compile.
template <class Command>
struct errand_for;
template <errand What>
using errand_is = std::integral_constant<errand, What>;
// clang-format off
template <> struct errand_for<new_message> : errand_is<errand::send> {};
template <> struct errand_for<change> : errand_is<errand::change> {};
template <> struct errand_for<read_mark> : errand_is<errand::mark> {};
template <> struct errand_for<page_query> : errand_is<errand::read> {};
template <> struct errand_for<messages_query> : errand_is<errand::read> {};
template <> struct errand_for<list_query> : errand_is<errand::read> {};
template <> struct errand_for<resume> : errand_is<errand::read> {};
template <> struct errand_for<show_typing> : errand_is<errand::read> {};
template <> struct errand_for<get_profiles> : errand_is<errand::read> {};
template <> struct errand_for<list_blocks> : errand_is<errand::read> {};
template <> struct errand_for<list_grants> : errand_is<errand::read> {};
template <> struct errand_for<get_group> : errand_is<errand::read> {};
template <> struct errand_for<list_groups> : errand_is<errand::read> {};
template <> struct errand_for<list_members> : errand_is<errand::read> {};
template <> struct errand_for<search_query> : errand_is<errand::search> {};
template <> struct errand_for<watch_users> : errand_is<errand::watch> {};
template <> struct errand_for<unwatch_users> : errand_is<errand::unwatch> {};
template <> struct errand_for<refresh_token> : errand_is<errand::own> {};
template <> struct errand_for<ping> : errand_is<errand::own> {};
// clang-format on
template <class Command>
inline constexpr errand errand_of = errand_for<std::remove_cvref_t<Command>>::value;

/// What a history is asked, but for who may be watched.
template <class Command>
concept readable = (errand_of<Command> == errand::read) || (errand_of<Command> == errand::search);

/// The parameter `content` of a text.
std::string read_words(params& p, std::size_t chars_max);
/// ... of a message of this kind, as it is stored.
std::string read_content(params& p, message_kind kind, const limits& limits);

/// What a command costs of its user's requests: one for each user it names, and at least one (contract,
/// section 1: "A request that names many users or groups counts as many").
std::size_t cost_of(const command& what);

/// A row of the table of methods.
struct method {
  std::string_view name;
  errand what;
  std::string_view http; ///< the route that does the same, as METHOD PATH; empty: there is none
  command (*read)(params& p, const user_id& by, const limits& limits); ///< p.fault() says what was wrong
};

/// Every method there is.
std::span<const method> methods();

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
