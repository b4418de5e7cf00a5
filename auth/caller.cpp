#include "auth/caller.hpp"

namespace hongyan::auth {

namespace {

constexpr std::string_view name_of(scope s) {
  switch (s) {
  case scope::push: return "push";
  case scope::admin: return "admin";
  case scope::metrics: return "metrics";
  }
  return "";
}

error lacks(scope needed) {
  return {errc::forbidden, "this API key has not the scope " + std::string(name_of(needed))};
}

} // namespace

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
    return lacks(needed);
  }
  return error{};
}

result<void> may_manage(const caller& by, scope needed) {
  switch (by.is) {
  case caller::kind::anyone: return {};
  case caller::kind::nobody:
    return error{errc::unauthorized, "this needs an API key: Authorization: Bearer ..."};
  case caller::kind::user: return error{errc::forbidden, "this is for API keys, not for users"};
  case caller::kind::back_end:
    if (by.has(needed)) return {};
    return lacks(needed);
  }
  return error{};
}

} // namespace hongyan::auth
