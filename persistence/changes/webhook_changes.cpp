// Whose a webhook is, and how far.

#include "persistence/changes/change_run.hpp"

namespace hongyan {

namespace {

error another_has_it(const std::string& webhook) {
  return {errc::conflict, "another node sends what the webhook " + json_string(webhook) + " tells"};
}

} // namespace

result<void> change_run::operator()(const hold_webhook& what) {
  auto row = tx_.take_webhook(what);
  if (!row) return row.error();
  if (!*row) return another_has_it(what.name);
  outcome_.webhook = **std::move(row);
  return {};
}

result<void> change_run::operator()(const store_webhook& what) {
  auto wish = tx_.put_webhook(what);
  if (!wish) return wish.error();
  if (!*wish) return another_has_it(what.name);
  if (auto dropped = tx_.drop_failed_events(what.name, what.retried); !dropped) return dropped;
  if (auto put = tx_.put_failed_events(what.name, what.failed); !put) return put;
  outcome_.webhook = webhook_row{.name = what.name, .position = what.position, .wish = **std::move(wish)};
  return {};
}

result<void> change_run::operator()(const wish_of_webhook& what) {
  const auto put = tx_.put_wish(what.name, what.wish);
  if (!put) return put.error();
  if (!*put)
    return error{errc::rate_limited, "there is no webhook " + json_string(what.name) +
                                         ", or too much waits for it already; try again in some seconds"};
  return {};
}

result<void> change_run::operator()(const tell_presence& what) {
  if (what.is_back)
    if (auto dropped = tx_.drop_notices(what.user); !dropped) return dropped;
  return tx_.put_presence(what);
}

result<void> change_run::operator()(const forget_presence& what) {
  const auto gone = tx_.drop_presence(what.node);
  if (!gone) return gone.error();
  outcome_.is_more = *gone == presence_portion;
  return {};
}

result<void> change_run::operator()(const forget_events& what) { return tx_.forget_kept(what.before); }

} // namespace hongyan
