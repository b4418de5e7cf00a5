#include "auth/caller.hpp"

#include <algorithm>
#include <array>
#include <utility>

namespace hongyan::auth {

namespace {

constexpr std::array<std::pair<scope, std::string_view>, 5> scope_names{{{scope::push, "push"},
                                                                         {scope::admin, "admin"},
                                                                         {scope::metrics, "metrics"},
                                                                         {scope::observe, "observe"},
                                                                         {scope::owner, "owner"}}};

error lacks(std::initializer_list<scope> needed) {
  std::string names;
  for (const auto s : needed) {
    if (!names.empty()) names += " or ";
    names += name_of(s);
  }
  return {errc::forbidden, "this API key has not the scope " + names};
}

error no_key() { return {errc::unauthorized, "this needs an API key: Authorization: Bearer ..."}; }

} // namespace

std::string_view name_of(scope s) {
  return std::ranges::find(scope_names, s, [](const auto& n) { return n.first; })->second;
}

const scope* find_scope(std::string_view name) {
  const auto found = std::ranges::find(scope_names, name, [](const auto& n) { return n.second; });
  return found == scope_names.end() ? nullptr : &found->first;
}

result<void> may_act_as(const caller& by, const user_id& user, scope needed) {
  switch (by.is) {
  case caller::kind::anyone: return {};
  case caller::kind::nobody:
    return error{errc::unauthorized, "this needs the user's token, or an API key: Authorization: Bearer ..."};
  case caller::kind::user:
    if (by.token.user == user) return {};
    return error{errc::forbidden, "a token is good for its own user only"};
  case caller::kind::back_end:
    if (by.has(needed)) return {};
    return lacks({needed});
  }
  return error{};
}

result<void> may_manage(const caller& by, std::initializer_list<scope> needed) {
  const bool has_one = std::ranges::any_of(needed, [&](scope s) { return by.has(s); });
  switch (by.is) {
  case caller::kind::anyone: {
    const auto is_open = [](scope s) { return (static_cast<std::uint8_t>(s) & bare_key_scopes) != 0; };
    if (has_one || std::ranges::any_of(needed, is_open)) return {};
    return by.by_header ? lacks(needed) : no_key();
  }
  case caller::kind::nobody: return no_key();
  case caller::kind::user: return error{errc::forbidden, "this is for API keys, not for users"};
  case caller::kind::back_end:
    if (has_one) return {};
    return lacks(needed);
  }
  return error{};
}

} // namespace hongyan::auth
