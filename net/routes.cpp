#include "net/routes.hpp"

#include "net/handlers.hpp"

namespace hongyan {

namespace {

using enum route_access;
using enum body_policy;

constexpr route reads(path_pattern path, route_handler handle, route_access is_for = callers) {
  return {.method = "GET", .path = path, .is_for = is_for, .handle = handle};
}

/// A request with effects; most bring a body.
constexpr route changes(std::string_view method, path_pattern path, route_handler handle,
                        body_policy body = whole, route_access is_for = callers) {
  return {.method = method,
          .path = path,
          .is_for = is_for,
          .body = body,
          .handle = handle,
          .changes_state = true};
}

constexpr route probe(path_pattern path, route_handler handle) {
  return {.method = "GET", .path = path, .is_for = anyone, .handle = handle, .is_probe = true};
}

constexpr route socket(path_pattern path, token_source token) {
  return {.method = "GET", .path = path, .token = token, .changes_state = true};
}

/// What operators do to people, and to the server.
constexpr route audited(route r, auth::scope needed = auth::scope::admin) {
  r.audit = audit_rule::always;
  r.audited_for = needed;
  return r;
}

/// What back ends do all day long, and operators with a reason.
constexpr route explained(route r, auth::scope needed = auth::scope::admin) {
  r.audit = audit_rule::with_reason;
  r.audited_for = needed;
  return r;
}

/// The tutorial's, whose clients may have a token in the query alone.
constexpr route classic(route r) {
  r.token = token_source::query;
  return r;
}

/// A mini-program that logs in has no token yet; its code is a proof that no foreign page has.
constexpr route login(path_pattern path, route_handler handle) {
  auto r = changes("POST", path, handle, whole, anyone);
  r.takes_wechat_page = true;
  return r;
}

constexpr std::array table{
    reads("/", first_page, anyone),
    reads("/chat", chat_page, anyone),
    reads("/demo", demo_page, anyone),
    reads("/admin", admin_page, anyone),
    reads("/assets/{}", page_asset, anyone),
    probe("/healthz", health),
    probe("/readyz", readiness),
    reads("/metrics", metrics_page, this_machine),

    classic(changes("POST", "/push", push)),
    classic(reads("/getMessage", get_message)),
    classic(reads("/getOnlineUser", get_online_user, back_ends)),
    audited(classic(changes("GET", "/close", close_user, none, back_ends))),
    socket("/imserver/{}", token_source::query),

    socket("/v1/connect", token_source::subprotocol),
    reads("/v1/messages", read_messages),
    changes("POST", "/v1/messages", send_message),
    explained(changes("POST", "/v1/messages/{}/recall", recall_message_of, none), auth::scope::push),
    changes("POST", "/v1/streams/{}", write_stream),
    changes("POST", "/v1/streams/{}/end", end_stream_of),
    reads("/v1/conversations", read_conversations),
    changes("POST", "/v1/conversations/read", mark_conversation),
    reads("/v1/search", search_messages),
    explained(changes("POST", "/v1/groups", make_group)),
    reads("/v1/groups/{}", read_group),
    explained(changes("PATCH", "/v1/groups/{}", update_group_of)),
    explained(changes("DELETE", "/v1/groups/{}", dismiss_group_of, none)),
    reads("/v1/groups/{}/members", read_members),
    explained(changes("PUT", "/v1/groups/{}/members/{}", put_member)),
    explained(changes("DELETE", "/v1/groups/{}/members/{}", remove_member, none)),
    reads("/v1/users/{}", read_user),
    explained(changes("PUT", "/v1/users/{}", update_user)),
    reads("/v1/users/{}/sessions", read_sessions),
    audited(changes("DELETE", "/v1/users/{}/sessions", end_sessions, none)),
    reads("/v1/online", read_online, back_ends),
    changes("POST", "/v1/files", upload_file, stream),
    reads("/v1/files/{}", read_file, link_holders),
    reads("/v1/files/{}/url", read_file_link),
    audited(changes("POST", "/v1/bans", make_ban)),
    reads("/v1/bans", read_bans),
    audited(changes("DELETE", "/v1/bans/{}", lift_ban, none)),
    reads("/v1/messages/{}/moderation", read_verdict),
    reads("/v1/wechat/callback", prove_callback, anyone),
    changes("POST", "/v1/wechat/callback", hear_wechat, whole, anyone),
    reads("/v1/webhooks", read_webhooks),
    reads("/v1/webhooks/{}/failed", read_failed_events),
    audited(changes("POST", "/v1/webhooks/{}/replay", replay_events)),
    audited(changes("POST", "/v1/webhooks/{}/enable", enable_webhook, none)),
    audited(changes("POST", "/v1/backup", make_backup, none), auth::scope::owner),
    audited(changes("POST", "/v1/export", export_user), auth::scope::owner),
    audited(changes("DELETE", "/v1/users/{}", erase_user_of, none), auth::scope::owner),
    reads("/v1/audit", read_audit_log),
    reads("/v1/overview", read_overview),
    reads("/v1/messages/{}/trace", read_trace),
    changes("POST", "/v1/tokens", make_token, whole, back_ends),
    login("/v1/login/wechat", log_in),
};

} // namespace

std::span<const route> all_routes() { return table; }

} // namespace hongyan
