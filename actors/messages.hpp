/// The vocabulary that the actors speak among themselves: atoms and payloads. Only what is in
/// cluster_messages.hpp crosses the network; all other payloads are plain values and shared immutable ones,
/// allowed by name at the end of the file.
#pragma once

#include "actors/cluster_messages.hpp"
#include "actors/frame_sink.hpp"
#include "core/bounds/flow.hpp"
#include "core/chat/presence.hpp"
#include "core/cluster/items.hpp"
#include "core/cluster/remote_sessions.hpp"
#include "core/tools/timer_wheel.hpp"
#include "core/wire/classic.hpp"
#include "core/wire/v1/commands.hpp"
#include "core/wire/v1/session_state.hpp"
#include "files/blob_store.hpp"
#include "persistence/store.hpp"
#include "persistence/views.hpp"
#include "webhooks/poster.hpp"
#include "wechat/api.hpp"

#include <caf/all.hpp>
#include <memory>
#include <optional>
#include <vector>

CAF_BEGIN_TYPE_ID_BLOCK(hongyan, first_custom_type_id)
  CAF_ADD_ATOM(hongyan, hongyan, append_atom, "append")
  CAF_ADD_ATOM(hongyan, hongyan, flush_atom, "flush")
  CAF_ADD_ATOM(hongyan, hongyan, tick_atom, "tick")
  CAF_ADD_ATOM(hongyan, hongyan, change_atom, "change")
  CAF_ADD_ATOM(hongyan, hongyan, read_atom, "read")
  CAF_ADD_ATOM(hongyan, hongyan, query_atom, "query")
  CAF_ADD_ATOM(hongyan, hongyan, bind_atom, "bind")
  CAF_ADD_ATOM(hongyan, hongyan, bound_atom, "bound")
  CAF_ADD_ATOM(hongyan, hongyan, unbind_atom, "unbind")
  CAF_ADD_ATOM(hongyan, hongyan, deliver_atom, "deliver")
  CAF_ADD_ATOM(hongyan, hongyan, notify_atom, "notify")
  CAF_ADD_ATOM(hongyan, hongyan, watch_atom, "watch")
  CAF_ADD_ATOM(hongyan, hongyan, unwatch_atom, "unwatch")
  CAF_ADD_ATOM(hongyan, hongyan, watch_soon_atom, "watch_soon")
  CAF_ADD_ATOM(hongyan, hongyan, block_atom, "block")
  CAF_ADD_ATOM(hongyan, hongyan, close_atom, "close")
  CAF_ADD_ATOM(hongyan, hongyan, kick_atom, "kick")
  CAF_ADD_ATOM(hongyan, hongyan, online_atom, "online")
  CAF_ADD_ATOM(hongyan, hongyan, login_atom, "login")
  CAF_ADD_ATOM(hongyan, hongyan, sessions_atom, "sessions")
  CAF_ADD_ATOM(hongyan, hongyan, drain_atom, "drain")
  CAF_ADD_ATOM(hongyan, hongyan, resync_atom, "resync")
  CAF_ADD_ATOM(hongyan, hongyan, join_atom, "join")
  CAF_ADD_ATOM(hongyan, hongyan, peer_atom, "peer")
  CAF_ADD_ATOM(hongyan, hongyan, heard_atom, "heard")
  CAF_ADD_ATOM(hongyan, hongyan, handled_atom, "handled")
  CAF_ADD_ATOM(hongyan, hongyan, tell_atom, "tell")
  CAF_ADD_ATOM(hongyan, hongyan, settled_atom, "settled")
  CAF_ADD_ATOM(hongyan, hongyan, doubt_atom, "doubt")
  CAF_ADD_ATOM(hongyan, hongyan, revoke_atom, "revoke")
  CAF_ADD_ATOM(hongyan, hongyan, timeline_atom, "timeline")
  CAF_ADD_ATOM(hongyan, hongyan, trace_atom, "trace")
  CAF_ADD_ATOM(hongyan, hongyan, create_atom, "create")
  CAF_ADD_ATOM(hongyan, hongyan, write_atom, "write")
  CAF_ADD_ATOM(hongyan, hongyan, finish_atom, "finish")
  CAF_ADD_ATOM(hongyan, hongyan, drop_atom, "drop")
  CAF_ADD_ATOM(hongyan, hongyan, open_atom, "open")
  CAF_ADD_ATOM(hongyan, hongyan, post_atom, "post")
  CAF_ADD_ATOM(hongyan, hongyan, nodes_atom, "nodes")
  CAF_ADD_ATOM(hongyan, hongyan, dialed_atom, "dialed")
  CAF_ADD_ATOM(hongyan, hongyan, hello_atom, "hello")
  CAF_ADD_ATOM(hongyan, hongyan, envelope_atom, "envelope")
  CAF_ADD_TYPE_ID(hongyan, (hongyan::hello))
  CAF_ADD_TYPE_ID(hongyan, (hongyan::envelope))
CAF_END_TYPE_ID_BLOCK(hongyan)

namespace hongyan {

/// What became of an append: `failure`, or else `outcome`; with the message when it is stored, now or before.
struct append_answer {
  std::optional<error> failure{};
  append_outcome outcome{};
  message_ptr stored{};
};

/// What became of a change: `failure`, or else, of a change of a group, how the group is now, of an identity
/// its user, of files which they are, and of an edit the message.
struct change_answer {
  std::optional<error> failure{};
  std::optional<group_info> group{};
  std::optional<user_id> user{};
  std::vector<std::string> files{};
  std::optional<file_identity> identity{};
  std::optional<message> edited{};      ///< of an edit, and of a stream's end, the message as it is now
  std::optional<open_stream> stream{};  ///< of find_stream, hold_stream and store_stream
  std::optional<webhook_row> webhook{}; ///< of hold_webhook and store_webhook
  bool is_more = false;                ///< of forget_presence, take_checks, take_notices: there may be others
  std::vector<waiting_check> checks{}; ///< of take_checks
  std::optional<check_leave> leave{};  ///< of ask_for_leave
  std::optional<content_check> check{};     ///< of find_verdict
  std::vector<due_notice> notices{};        ///< of take_notices
  std::optional<dropped_entries> dropped{}; ///< of drop_old
  std::optional<own_data> portion{};        ///< of read_own_data
  std::optional<erasure> erased{};          ///< of go_on_erasing
  std::vector<audit_entry> audit{};         ///< of read_audit
  std::optional<message_facts> facts{};     ///< of find_facts
};

/// What became of a read_mark.
struct read_answer {
  std::optional<error> failure{};
};

/// A question to the history. Not worth an answer any more when `until` has passed: nobody waits for it.
struct history_question {
  history_query query;
  steady_time until;
};

/// Which conversations of these users have entries since then. Asked in a cluster, after a fault.
struct activity_question {
  std::vector<user_id> users;
  wall_time since;
  steady_time until;
};
struct activity_answer {
  std::optional<error> failure{};
  std::vector<conversation_activity> rows{};
};

/// Stretches of conversations' logs. Asked in a cluster, for entries that did not come over a link.
struct log_question {
  std::vector<log_range> ranges;
  steady_time until;
};
struct log_answer {
  std::optional<error> failure{};
  /// Range after range, each ascending by seq. Of a group's entry the audience is who is a member now, and
  /// was then.
  std::vector<committed_message> entries{};
};

/// What a history query found, oldest first: `failure`, or else `messages`.
struct history_answer {
  std::optional<error> failure{};
  std::shared_ptr<const std::vector<message>> messages{};
};

/// A v1 client's question to the history: those commands that only read.
struct v1_question {
  user_id user;
  v1::command what;
  steady_time until;
};

/// `failure`, or else the result as JSON.
struct v1_answer {
  std::optional<error> failure{};
  std::string json{};
  typing_audience audience{};                            ///< of show_typing: whom it reaches
  std::optional<v1::resume_progress::positions> given{}; ///< of a page of `sync`: see resume_progress::note()
  std::vector<std::int64_t> left{};                      ///< of a page of `sync`: see sync_page::left
  std::string_view reset{}; ///< of `sync`: why the positions are void, see sync_page::reset
  std::optional<std::vector<user_id>> visible{}; ///< of watch_users: those of them who may be watched
};

// ---- streams ----

/// A text_stream without content.
struct stream_begin {
  new_message message;
  stream_writer by;
};
/// `failure`, or else its message as stored, and under which id it is written.
struct stream_begun {
  std::optional<error> failure{};
  message_ptr message{};
  std::string id{};
  bool duplicate = false;
};
struct stream_delta {
  std::string id;
  stream_writer by;
  std::size_t offset = 0; ///< in Unicode characters: where it belongs
  std::string delta;
};
/// `failure`, or else where the stream ends now.
struct stream_written {
  std::optional<error> failure{};
  std::size_t offset = 0;
};
struct stream_finish {
  std::string id;
  stream_writer by;
  std::optional<std::string> content{}; ///< null: what was streamed
};
/// `failure`, or else the message as it is now.
struct stream_finished {
  std::optional<error> failure{};
  std::optional<message> ended{};
};
/// What was added to a stream; told to the v1 sessions of these users.
struct stream_note {
  stream_place at;
  std::size_t offset = 0;
  std::string delta;
  audience_ptr users;
};

// ---- files ----

/// How far webhooks are; of one that is named, also some of the events that it was given up with, after an
/// id.
struct webhook_question {
  std::string failed_of{}; ///< empty: none
  std::int64_t after = 0;
  std::size_t limit = 0;
  steady_time until;
};
struct webhook_answer {
  std::optional<error> failure{};
  std::vector<webhook_row> rows{};
  std::vector<failed_event> failed{};
};

/// A file's row, as far as somebody may see it.
struct file_row_question {
  file_question what;
  steady_time until;
};
/// `failure`, or else the row; neither: there is none that they may see.
struct file_row_answer {
  std::optional<error> failure{};
  std::optional<stored_file> file{};
};

using blob_writer_ptr = std::shared_ptr<files::blob_writer>;
using blob_reader_ptr = std::shared_ptr<files::blob_reader>;

/// What a file worker is asked for is not worth an answer any more when `until` has passed: behind a store
/// that hung there would be much of that.
struct blob_name {
  std::string id;
  steady_time until{};
};
/// `failure`, or else an upload begun.
struct blob_begun {
  std::optional<error> failure{};
  blob_writer_ptr writer{};
};
/// What is to be written next.
struct blob_piece {
  blob_writer_ptr to;
  std::string bytes;
  steady_time until{};
};
struct blob_end {
  blob_writer_ptr of;
  steady_time until{};
};
/// `failure`, or else a file opened; neither: it is not there.
struct blob_opened {
  std::optional<error> failure{};
  blob_reader_ptr reader{};
};
struct blob_wish {
  blob_reader_ptr from;
  std::uint64_t offset = 0;
  std::size_t count = 0;
  steady_time until{};
};
/// `failure`, or else what was read; of a write nothing.
struct blob_done {
  std::optional<error> failure{};
  std::string bytes{};
};

struct backup_wish {
  steady_time until{};
};

// ---- content checks ----

/// Something of a user's that WeChat is to look at: a text, or a picture or voice.
struct content_question {
  user_id user;
  int scene = 2; ///< WeChat's number: 1 a name, 2 what is said
  std::string text{};
  std::optional<wechat::media_kind> media{}; ///< then the text is its URL
};
/// Nothing is known of a user who has come by no WeChat login (`is_unknown`). Of a picture or voice the
/// verdict waits, and comes under its trace. A failed one may be worth asking for again.
struct content_answer {
  content_verdict verdict{};
  std::string trace_id{};
  bool is_unknown = false;
  bool is_for_later = false;
  std::string why{}; ///< of a failed one, for the log
};

// ---- subscribe messages ----

struct notice_question {
  notice_template of;
  due_notice what;
};
enum class notice_answer : std::uint8_t {
  sent,
  used_up, ///< WeChat says that none are left
  refused, ///< again would be the same
  later,   ///< WeChat is away, or over its limits
};

/// A code of wx.login. Not worth an answer any more when `until` has passed.
struct login_question {
  std::string code;
  steady_time until;
};

/// Whose code it is: `failure`, or else the identity, as in identify_user.
struct login_answer {
  std::optional<error> failure{};
  std::string identity{};
};

/// Messages that were committed together by this node.
struct committed_batch {
  std::vector<committed_message> messages;
  steady_time at; ///< when the commit had ended
  lease counted;  ///< against the limit of deliveries, until the registry has handled it
};
using committed_ptr = std::shared_ptr<const committed_batch>;

/// A read position that moved; told to the reader's other sessions, and in a direct conversation to the peer.
struct read_note {
  std::int64_t conversation_id = 0;
  user_id user;
  std::int64_t seq = 0;
  std::optional<user_id> peer{};
  caf::actor_addr origin{}; ///< the session that said so

  std::vector<user_id> hearers() const { return peer ? std::vector{user, *peer} : std::vector{user}; }
};

/// New chats for one user, encoded; shared by all sessions of the user. Counted against the limit of
/// deliveries until the last of them has handled it.
struct delivery {
  std::vector<classic::chat> chats; ///< ascending by id
  bool reload = false;              ///< one was recalled: the window is to be read anew, and shown
  steady_time committed;
  lease counted;
};
using delivery_ptr = std::shared_ptr<const delivery>;

/// New entries of one conversation for v1 clients: encoded once, whoever receives them.
struct news {
  std::int64_t conversation_id = 0;
  std::int64_t first_seq = 0;
  std::int64_t last_seq = 0;
  shared_frames frames;   ///< the `message` notifications in the order of seq, each a whole WebSocket frame
  shared_frames joined{}; ///< all of them in one `messages`, for clients that asked for it
  steady_time committed;
  lease counted;
};
using news_ptr = std::shared_ptr<const news>;

/// `user` types; told to the v1 sessions of `users`, but not to `origin`.
struct typing_note {
  std::int64_t conversation_id = 0;
  user_id user;
  std::vector<user_id> users;
  caf::actor_addr origin{};
};

/// A reaction, told to the v1 sessions of these users; shared, since a group's are many.
struct reaction_note {
  reaction what;
  audience_ptr users;
};

/// `user` has blocked these: their sessions hear no more of when `user` comes and goes.
struct block_note {
  user_id user;
  std::vector<user_id> blocked;
};

/// A user's own change, told to the user's v1 sessions, but not to `origin`.
struct own_note {
  user_id user;
  own_change what;
  caf::actor_addr origin{}; ///< the session that asked for it; of HTTP: none
};

/// Revocations that were not known here before.
using revocation_list = std::shared_ptr<const std::vector<revocation>>;

using session_list = std::shared_ptr<const std::vector<session_facts>>;

// ---- in a cluster ----

using cluster::node_number;

/// A peer came, went, or has to be told everything anew, since some of what it was told was left out.
struct peer_change {
  enum class what : std::uint8_t { joined, left, fell_behind };
  node_number node = 0;
  std::string name{};
  std::uint64_t incarnation = 0;
  what happened = what::joined;
  wall_time since{}; ///< when it fell behind
};

/// An item for a peer, encoded; `to` 0: for all. Tickets are numbers that go up: when all that were peers
/// have acted on an item, or are peers no more, its ticket is settled, with all before it.
struct telling {
  node_number to = 0;
  std::shared_ptr<const std::string> item;
  std::uint64_t ticket = 0;
};

/// What a peer told.
struct peer_items {
  node_number from = 0;
  std::uint64_t number = 0; ///< of the envelope
  std::vector<cluster::item> items;
};
using peer_items_ptr = std::shared_ptr<const peer_items>;

/// What became of a message, on all nodes.
struct trace_question {
  std::int64_t conversation_id = 0;
  std::int64_t seq = 0;
  std::int64_t message_id = 0;
};
struct node_trace {
  std::string node;
  trace_log::found known;
};
struct trace_answer {
  std::vector<node_trace> nodes{};
  std::vector<std::string> silent{}; ///< nodes that did not answer in time
};

/// Who is online, sorted by user id.
using online_ptr = std::shared_ptr<const std::vector<classic::online_user>>;

} // namespace hongyan

CAF_ALLOW_UNSAFE_MESSAGE_TYPE(hongyan::new_message)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(hongyan::append_answer)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(hongyan::history_question)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(hongyan::history_answer)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(hongyan::change)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(hongyan::change_answer)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(hongyan::read_mark)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(hongyan::read_answer)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(hongyan::read_note)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(hongyan::activity_question)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(hongyan::activity_answer)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(hongyan::log_question)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(hongyan::log_answer)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(hongyan::file_row_question)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(hongyan::file_row_answer)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(hongyan::webhook_question)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(hongyan::webhook_answer)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(hongyan::webhooks::post)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(hongyan::webhooks::posted)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(hongyan::content_question)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(hongyan::content_answer)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(hongyan::notice_question)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(hongyan::notice_answer)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(hongyan::blob_writer_ptr)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(hongyan::blob_name)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(hongyan::blob_begun)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(hongyan::blob_piece)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(hongyan::blob_end)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(hongyan::blob_opened)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(hongyan::blob_wish)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(hongyan::backup_wish)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(hongyan::blob_done)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(hongyan::peer_change)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(hongyan::telling)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(hongyan::peer_items_ptr)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(hongyan::v1_question)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(hongyan::v1_answer)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(hongyan::login_question)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(hongyan::login_answer)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(hongyan::committed_ptr)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(hongyan::news_ptr)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(hongyan::typing_note)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(hongyan::reaction_note)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(hongyan::stream_place)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(hongyan::stream_begin)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(hongyan::stream_begun)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(hongyan::stream_delta)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(hongyan::stream_written)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(hongyan::stream_finish)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(hongyan::stream_finished)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(hongyan::stream_note)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(hongyan::block_note)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(hongyan::own_note)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(hongyan::revocation)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(hongyan::revocation_list)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(hongyan::database_timeline)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(hongyan::shared_frames)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(hongyan::session_facts)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(hongyan::session_list)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(std::vector<hongyan::user_id>)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(hongyan::delivery_ptr)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(hongyan::online_ptr)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(hongyan::trace_question)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(hongyan::trace_answer)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(hongyan::user_id)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(hongyan::close_code)
