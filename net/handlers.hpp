/// What a handler gets, and the handlers.
#pragma once

#include "core/wire/target.hpp"
#include "net/edge.hpp"
#include "net/reply.hpp"
#include "net/request_reader.hpp"

#include <array>
#include <boost/asio/awaitable.hpp>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace hongyan {

/// A body that comes piece by piece, while its handler runs.
class body_stream {
public:
  virtual ~body_stream() = default;
  /// What the header says of its length; nothing: it comes in chunks.
  virtual std::optional<std::uint64_t> length() const = 0;
  /// The next piece, some 64 KiB at most; empty: that was all. The first call lets a client go on that waits
  /// for "100 Continue". Errors: timeout (no progress for 10 s), malformed, unavailable (too much is kept);
  /// internal: the client went away.
  virtual asio::awaitable<result<std::string>> next() = 0;
  /// The handler keeps so much for it, which counts to who asks. False: no more may be.
  virtual bool keep(std::size_t bytes) = 0;
};

/// A request that was routed. Its parts live as long as its handler runs.
struct routed_request {
  const http_request& http; ///< its body is whole, where the route says so
  const target& to;
  std::string client;                         ///< the address of who asks, behind trusted proxies
  std::array<std::string_view, 2> segments{}; ///< of the path, at the route's `{}`
  auth::caller by{};
  body_stream* body = nullptr;                ///< of a route that streams
  std::shared_ptr<const span_begun> traced{}; ///< where it is followed; null: it is not
};

/// May the caller send a message, of so many bytes of content, as `from`, now? A user has a rate, an API key
/// has none. Errors: unauthorized, forbidden, rate_limited.
result<void> may_send(edge& at, const auth::caller& by, const user_id& from, std::size_t content_bytes);

// The handlers of net/routes.cpp, each of one row. Each parses, asks an actor, and maps the answer; nothing
// else.

// The classic contract (contract, section 2): handlers.cpp.
asio::awaitable<reply> push(edge& at, const routed_request& request);
asio::awaitable<reply> get_message(edge& at, const routed_request& request);
asio::awaitable<reply> get_online_user(edge& at, const routed_request& request);
asio::awaitable<reply> close_user(edge& at, const routed_request& request);

// The web chat and the demo (contract, section 4): web_pages.cpp.
asio::awaitable<reply> first_page(edge& at, const routed_request& request);
asio::awaitable<reply> chat_page(edge& at, const routed_request& request);
asio::awaitable<reply> demo_page(edge& at, const routed_request& request);
asio::awaitable<reply> admin_page(edge& at, const routed_request& request);
asio::awaitable<reply> page_asset(edge& at, const routed_request& request);

// For operators (contract, section 4): operator_pages.cpp.
asio::awaitable<reply> health(edge& at, const routed_request& request);
asio::awaitable<reply> readiness(edge& at, const routed_request& request);
/// For this machine, and for API keys.
asio::awaitable<reply> metrics_page(edge& at, const routed_request& request);

asio::awaitable<reply> read_overview(edge& at, const routed_request& request);
/// What became of a message: trace_handlers.cpp.
asio::awaitable<reply> read_trace(edge& at, const routed_request& request);

// How users come by their tokens: token_handlers.cpp.
asio::awaitable<reply> make_token(edge& at, const routed_request& request);
asio::awaitable<reply> log_in(edge& at, const routed_request& request);

// v1 (contract, section 4): v1_handlers.cpp,
asio::awaitable<reply> send_message(edge& at, const routed_request& request);
asio::awaitable<reply> recall_message_of(edge& at, const routed_request& request);
asio::awaitable<reply> write_stream(edge& at, const routed_request& request);
asio::awaitable<reply> end_stream_of(edge& at, const routed_request& request);
asio::awaitable<reply> read_messages(edge& at, const routed_request& request);
asio::awaitable<reply> read_conversations(edge& at, const routed_request& request);
asio::awaitable<reply> mark_conversation(edge& at, const routed_request& request);
asio::awaitable<reply> search_messages(edge& at, const routed_request& request);
// group_handlers.cpp,
asio::awaitable<reply> make_group(edge& at, const routed_request& request);
asio::awaitable<reply> read_group(edge& at, const routed_request& request);
asio::awaitable<reply> update_group_of(edge& at, const routed_request& request);
asio::awaitable<reply> dismiss_group_of(edge& at, const routed_request& request);
asio::awaitable<reply> read_members(edge& at, const routed_request& request);
asio::awaitable<reply> put_member(edge& at, const routed_request& request);
asio::awaitable<reply> remove_member(edge& at, const routed_request& request);
// user_handlers.cpp.
asio::awaitable<reply> read_user(edge& at, const routed_request& request);
asio::awaitable<reply> update_user(edge& at, const routed_request& request);
asio::awaitable<reply> read_sessions(edge& at, const routed_request& request);
asio::awaitable<reply> end_sessions(edge& at, const routed_request& request);
asio::awaitable<reply> read_online(edge& at, const routed_request& request);
// file_handlers.cpp.
asio::awaitable<reply> upload_file(edge& at, const routed_request& request);
asio::awaitable<reply> read_file(edge& at, const routed_request& request);
asio::awaitable<reply> read_file_link(edge& at, const routed_request& request);
// ban_handlers.cpp.
asio::awaitable<reply> make_ban(edge& at, const routed_request& request);
asio::awaitable<reply> read_bans(edge& at, const routed_request& request);
asio::awaitable<reply> lift_ban(edge& at, const routed_request& request);
// wechat_handlers.cpp.
asio::awaitable<reply> prove_callback(edge& at, const routed_request& request);
asio::awaitable<reply> hear_wechat(edge& at, const routed_request& request);
asio::awaitable<reply> read_verdict(edge& at, const routed_request& request);
// owner_handlers.cpp.
asio::awaitable<reply> export_user(edge& at, const routed_request& request);
asio::awaitable<reply> erase_user_of(edge& at, const routed_request& request);
asio::awaitable<reply> read_audit_log(edge& at, const routed_request& request);
// backup_handlers.cpp.
asio::awaitable<reply> make_backup(edge& at, const routed_request& request);
// webhook_handlers.cpp.
asio::awaitable<reply> read_webhooks(edge& at, const routed_request& request);
asio::awaitable<reply> read_failed_events(edge& at, const routed_request& request);
asio::awaitable<reply> replay_events(edge& at, const routed_request& request);
asio::awaitable<reply> enable_webhook(edge& at, const routed_request& request);

} // namespace hongyan
