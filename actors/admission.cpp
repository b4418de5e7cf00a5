#include "actors/admission.hpp"

namespace hongyan {

namespace {

error busy(metrics& figures, const char* limit, const char* what) {
  figures.refused.Add({{"reason", limit}}).Increment();
  return {errc::unavailable, std::string(what) + "; try again in a moment"};
}

error wait_for(std::chrono::milliseconds wait, metrics& figures, const char* reason, const char* what) {
  figures.refused.Add({{"reason", reason}}).Increment();
  error e{errc::rate_limited, std::string(what) + "; wait a moment"};
  e.retry_after = wait;
  return e;
}

result<void> take_from(rate_limit& bucket, const std::string& key, rate_limit::time now, metrics& figures,
                       const char* reason, const char* what, std::size_t cost = 1) {
  const auto wait = bucket.take(key, now, cost);
  if (!wait) return {};
  return wait_for(*wait, figures, reason, what);
}

} // namespace

std::optional<error> admit_write(flow& admitted, metrics& figures) {
  if (!admitted.database_up()) return public_error({errc::unavailable});
  if (admitted.memory.full()) return busy(figures, "memory", "the server holds as much as it may");
  if (admitted.deliveries.exhausted())
    return busy(figures, "deliveries", "too many deliveries are under way");
  if (!admitted.appends.try_take()) return busy(figures, "backlog", "too many messages wait to be stored");
  return {};
}

result<void> admit_send(flow& admitted, metrics& figures, const user_id& from, std::size_t content_bytes,
                        rate_limit::time now) {
  if (auto may =
          take_from(admitted.sends, from.text(), now, figures, "sends", "too many messages of one user");
      !may)
    return may;
  return admit_contents(admitted, figures, from, content_bytes, now);
}

result<void> admit_contents(flow& admitted, metrics& figures, const user_id& from, std::size_t content_bytes,
                            rate_limit::time now) {
  if (const auto wait = admitted.contents.take(from.text(), content_bytes, now))
    return wait_for(*wait, figures, "user_day_bytes", "too many bytes of messages of one user within a day");
  return {};
}

result<void> admit_request(flow& admitted, metrics& figures, const user_id& by, rate_limit::time now,
                           std::size_t cost) {
  return take_from(admitted.requests, by.text(), now, figures, "requests", "too many requests of one user",
                   cost);
}

result<void> admit_handshake(flow& admitted, metrics& figures, const std::string& address,
                             rate_limit::time now) {
  if (auto may = take_from(admitted.handshakes, address, now, figures, "handshakes",
                           "too many new sockets of one address");
      !may)
    return may;
  return take_from(admitted.node_handshakes, "", now, figures, "node_handshakes",
                   "too many new sockets at once");
}

result<void> admit_login(flow& admitted, metrics& figures, const std::string& address, rate_limit::time now) {
  return take_from(admitted.login_rate, address, now, figures, "logins", "too many logins of one address");
}

result<void> admit_bad_token(flow& admitted, metrics& figures, const std::string& address,
                             rate_limit::time now) {
  return take_from(admitted.bad_tokens_of, address, now, figures, "bad_tokens",
                   "too many tokens or keys of one address that were not good");
}

result<place_table::place> admit_upload(flow& admitted, metrics& figures, const user_id& by) {
  if (auto place = admitted.uploads.take(by.text())) return std::move(*place);
  return wait_for(retry_after, figures, "uploads", "too many uploads of one user at once");
}

result<void> admit_file_bytes(flow& admitted, metrics& figures, const user_id& by, std::size_t bytes,
                              rate_limit::time now) {
  if (const auto wait = admitted.file_bytes.take(by.text(), bytes, now))
    return wait_for(*wait, figures, "file_day_bytes", "too many bytes of files of one user within a day");
  return {};
}

std::optional<error> admit_code(flow& admitted, metrics& figures) {
  if (!admitted.login_slots.try_take()) return busy(figures, "codes", "too many logins are under way");
  return {};
}

std::optional<error> admit_read(flow& admitted, metrics& figures, bool is_search) {
  if (admitted.memory.full()) return busy(figures, "memory", "the server holds as much as it may");
  if (is_search && !admitted.searches.try_take())
    return busy(figures, "searches", "too many searches are under way");
  if (!is_search && !admitted.history.try_take())
    return busy(figures, "history", "too many history requests are under way");
  return {};
}

error public_read_error(const error& e) {
  if (e.code != errc::unavailable && e.code != errc::internal) return e;
  return {errc::unavailable, "the database could not be read just now; try again in a moment"};
}

error public_error(const error& e) {
  switch (e.code) {
  case errc::unavailable:
    return {e.code, "the database does not answer just now; nothing was stored; try again in a moment"};
  case errc::outcome_unknown:
  case errc::internal:
    return {
        errc::outcome_unknown,
        "the database went away while it stored this: it may be stored or not; ask again (a message with the "
        "same clientMsgId is stored once)"};
  default: return e;
  }
}

std::optional<error> refusal_of(append_status status) {
  switch (status) {
  case append_status::stored:
  case append_status::duplicate: return {};
  case append_status::conflict:
    return error{errc::conflict,
                 "this clientMsgId is taken by a message of the same sender with another target "
                 "or content; nothing was stored",
                 "clientMsgId"};
  case append_status::blocked:
    return error{.code = errc::forbidden,
                 .detail = "this user does not take messages from you",
                 .param = "to",
                 .reason = "blocked"};
  case append_status::silenced:
    return error{.code = errc::forbidden,
                 .detail = "the group is muted: only its owner and admins may send",
                 .param = "to",
                 .reason = "muted"};
  case append_status::may_not_call_all:
    return error{.code = errc::forbidden,
                 .detail = "only the owner and the admins of a group may call all of it (ext.mentions)",
                 .param = "ext.mentions",
                 .reason = "role"};
  case append_status::no_file: return error{errc::not_found, "there is no such file that you may see"};
  case append_status::unchecked: break; // nobody but the checker asks
  case append_status::no_group: return error{errc::not_found, "there is no such group of yours", "to"};
  }
  return error{errc::internal, "unknown outcome"};
}

} // namespace hongyan
