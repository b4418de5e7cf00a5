/// Who asks, and what they may. Every edge asks here before it does anything for anybody.
#pragma once

#include "auth/token.hpp"

#include <cstdint>
#include <initializer_list>
#include <string>
#include <string_view>

namespace hongyan::auth {

/// What an API key may (contract, section 1): send messages as anyone; manage everything; read /metrics; look
/// at sessions, traces and the state of webhooks, without contents; export, erase, back up, read the audit.
enum class scope : std::uint8_t { push = 1, admin = 2, metrics = 4, observe = 8, owner = 16 };

/// Of a key without a list of its own.
inline constexpr std::uint8_t bare_key_scopes = 7; // push, admin, metrics

/// "push", "admin", ...
std::string_view name_of(scope s);
/// Null: there is no such scope.
const scope* find_scope(std::string_view name);

/// Somebody at the door.
struct caller {
  enum class kind : std::uint8_t {
    anyone,  ///< --auth none: may act as whoever they say
    nobody,  ///< brought nothing
    user,    ///< brought a good token
    back_end ///< brought an API key
  };
  kind is = kind::nobody;
  claims token{};          ///< of a user
  std::uint8_t scopes = 0; ///< of a back end
  std::string key{};       ///< of a back end: which of its keys; nobody learns the key from it
  std::string key_name{};  ///< of a back end: its key's, or the first digits of the key's digest
  bool by_header = false;  ///< the proof came in an Authorization header, which no foreign page can set

  /// It brought an API key, which is a back end's also where nobody has to say who they are.
  bool is_back_end() const { return is == kind::back_end || (is == kind::anyone && !key.empty()); }
  bool has(scope s) const { return (scopes & static_cast<std::uint8_t>(s)) != 0; }
};

/// Nothing, when the caller may act as `user`: it is they, or a back end whose key has `needed`, or --auth
/// none. Errors: unauthorized, forbidden.
result<void> may_act_as(const caller& by, const user_id& user, scope needed);

/// Nothing, when the caller may do what only a back end may: its key has one of `needed`. Under --auth none
/// everybody has push, admin and metrics; observe and owner need a key there too (contract, section 4).
/// Errors: unauthorized, forbidden.
result<void> may_manage(const caller& by, std::initializer_list<scope> needed);
inline result<void> may_manage(const caller& by, scope needed) { return may_manage(by, {needed}); }

} // namespace hongyan::auth
