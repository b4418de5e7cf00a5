/// Every actor and every message it answers, a sentence each: who says what to whom.
///
///   HTTP handler -> bridge -> PERSISTENCE -> REGISTRY -> SESSION -> its socket
///                          -> HISTORY
///                          -> REGISTRY
///                          -> LOGIN
///                          -> FILE WORKER
///                          -> BACKUP
///                          -> STREAMS -> PERSISTENCE, REGISTRY
///   with a hook or a content check, in the place of PERSISTENCE: CHECKER -> ASKER, WECHAT, PERSISTENCE
///   MODERATOR -> PERSISTENCE, WECHAT -> ASKER, PERSISTENCE
///   NOTIFIER -> PERSISTENCE, REGISTRY, WECHAT
///   REVOCATIONS -> REGISTRY
///   FILE KEEPER -> PERSISTENCE
///   RETENTION -> PERSISTENCE
///   WEBHOOK -> PERSISTENCE
///   SQL SENDS -> PERSISTENCE
///   SPAN EXPORTER -> ASKER
///   REGISTRY -> PERSISTENCE (who comes and goes, while webhooks are told)
///
///   v1 SESSION -> PERSISTENCE, HISTORY, REGISTRY      classic SESSION -> HISTORY (its window)
///
///   of a cluster: REGISTRY <-> CLUSTER <-> the CLUSTER of each peer        REGISTRY -> a HISTORY of its own
///
/// Who asks waits; nobody waits for who asks him: persistence, history and login ask nobody, the registry
/// asks only the history, and all tell the rest by notifications.
#pragma once

#include "actors/messages.hpp"

namespace hongyan {

/// A SESSION is one live WebSocket of a user. Pinned to the shard of its socket.
using session_actor = caf::typed_actor<
    // The registry has it: the user is online. The session answers the upgrade.
    caf::reacts_to<bound_atom>,
    // Classic: new chats of the user, for the client.
    caf::reacts_to<deliver_atom, delivery_ptr>,
    // v1: new entries of one of the user's conversations, for the client.
    caf::reacts_to<deliver_atom, news_ptr>,
    // v1: a notification that is no log entry, for the client.
    caf::reacts_to<notify_atom, shared_frames>,
    // Ends the session with this close code.
    caf::reacts_to<close_atom, close_code>,
    // The user's tokens that were issued by then (microseconds since 1970) are good no more: ends with 4003
    // when the session's is one.
    caf::reacts_to<revoke_atom, std::int64_t>,
    // Classic: the HISTORY's answer to the session's own query for its window.
    caf::reacts_to<history_answer>>;

/// HISTORY reads. Detached, on a connection of its own, so that reads never delay writes.
using history_actor = caf::typed_actor<
    // The newest messages that match, for classic clients.
    caf::replies_to<query_atom, history_question>::with<history_answer>,
    // What a v1 client wants to read.
    caf::replies_to<query_atom, v1_question>::with<v1_answer>,
    // For the registry of a cluster: what it may have missed, and the entries themselves.
    caf::replies_to<query_atom, activity_question>::with<activity_answer>,
    caf::replies_to<query_atom, log_question>::with<log_answer>,
    // A file's row, if they may see it.
    caf::replies_to<query_atom, file_row_question>::with<file_row_answer>,
    // How far webhooks are, and what one has given up.
    caf::replies_to<query_atom, webhook_question>::with<webhook_answer>,
    // INTERNAL, to itself: what came meanwhile is in line; the next turn.
    caf::reacts_to<flush_atom>,
    // Twice a second, from the application: after reads have failed, sees whether they can be done again.
    caf::reacts_to<tick_atom>>;

/// What the registry needs to be one of several: the actor that speaks with the peers, and a history of its
/// own, to look up what a link has lost.
struct clustering {
  caf::actor cluster;
  history_actor log;
};

/// PERSISTENCE stores messages: it batches what waits while a commit runs. What waits is in a line for each
/// user, and the users take turns. Detached, since it blocks.
using persistence_actor = caf::typed_actor<
    // Stores a message; answers after the commit.
    caf::replies_to<append_atom, new_message>::with<append_answer>,
    // Moves a read position forward; answers after the commit.
    caf::replies_to<read_atom, read_mark>::with<read_answer>,
    // Does any other change, after all that came before it from the same user; answers after the commit.
    caf::replies_to<change_atom, change>::with<change_answer>,
    // INTERNAL, to itself: all that came during the last commit is collected; commit it.
    caf::reacts_to<flush_atom>,
    // Twice a second, from the application: looks after the database's state.
    caf::reacts_to<tick_atom>>;

/// STREAMS has the messages that are written at this node while they are read. Pinned to the first shard.
using streams_actor = caf::typed_actor<
    // Begins one: has it stored, and has it.
    caf::replies_to<create_atom, stream_begin>::with<stream_begun>,
    // Adds to one, which may be at another node until now.
    caf::replies_to<write_atom, stream_delta>::with<stream_written>,
    // Ends one.
    caf::replies_to<finish_atom, stream_finish>::with<stream_finished>,
    // From the registry: another node is asked to write on, or the message was recalled, or somebody who
    // could read it has gone.
    caf::reacts_to<drop_atom, stream_place>,
    // Stores all that it has, and takes nothing more; see metrics::streams_open.
    caf::reacts_to<drain_atom>>;

/// The REGISTRY knows which users are online, and hands committed messages to their sessions.
/// Pinned to the first shard.
using registry_actor = caf::typed_actor<
    // Takes a session in and sends it `bound`; while draining it sends `close` instead. An older session of
    // the same user and device is closed with 4009.
    caf::reacts_to<bind_atom, user_id, session_facts, session_actor>,
    // Forgets a session; one that it does not have (a kick was first) is ignored.
    caf::reacts_to<unbind_atom, user_id, session_actor>,
    // Sends each message to every session of its two users, or of its group's members.
    caf::reacts_to<deliver_atom, committed_ptr>,
    // Tells of a read position.
    caf::reacts_to<read_atom, read_note>,
    // Tells that somebody types.
    caf::reacts_to<notify_atom, typing_note>,
    // Once, before all others: who has the streams of this node, and who stores.
    caf::reacts_to<open_atom, streams_actor, persistence_actor>,
    // Tells what was added to a stream.
    caf::reacts_to<notify_atom, stream_note>,
    // Whoever has the stream of this message, here or at a peer, is to let it go.
    caf::reacts_to<drop_atom, stream_place>,
    // Tells of a reaction; in a conversation of which many are told already, perhaps not.
    caf::reacts_to<notify_atom, reaction_note>,
    // The session is about to ask who may be watched, and then to watch them. Who blocks its user meanwhile
    // will not be watched, although the answer did not know.
    caf::replies_to<watch_soon_atom, session_actor>::with<caf::ok_atom>,
    // A user has blocked others, and it is committed: who of those watches them is told that they are
    // offline, and no more.
    caf::reacts_to<block_atom, block_note>,
    // Tells the user's other sessions of the user's own change.
    caf::reacts_to<notify_atom, own_note>,
    // From now on the session is told when one of the users comes or goes; answers who of them is online.
    // Ends what watch_soon has begun.
    caf::replies_to<watch_atom, std::vector<user_id>, session_actor>::with<std::vector<user_id>>,
    // No more; what was told before is on its way before the answer.
    caf::replies_to<unwatch_atom, std::vector<user_id>, session_actor>::with<caf::ok_atom>,
    // Forgets all sessions of the user and closes them with 4003; answers how many there were.
    caf::replies_to<kick_atom, user_id>::with<std::size_t>,
    // The user's tokens were revoked, and it is stored: nobody comes in with one any more, on any node that
    // is linked; then as a kick.
    caf::replies_to<revoke_atom, revocation>::with<std::size_t>,
    // These were revoked elsewhere: has the users' sessions look at their tokens.
    caf::reacts_to<revoke_atom, revocation_list>,
    // What became of a message, here and at peers; those that do not answer within a second are named.
    caf::replies_to<trace_atom, trace_question>::with<trace_answer>,
    // Who is online.
    caf::replies_to<online_atom>::with<online_ptr>,
    // Who of these is online.
    caf::replies_to<online_atom, std::vector<user_id>>::with<std::vector<user_id>>,
    // The user's sessions.
    caf::replies_to<sessions_atom, user_id>::with<session_list>,
    // From now on nobody is taken in; closes all sessions with 1001.
    caf::reacts_to<drain_atom>,
    // Something may be in the log that was not delivered: closes the v1 sessions with 1001, to come back by
    // sync.
    caf::reacts_to<resync_atom>,
    // Once, before all others: it is the registry of one node of a cluster.
    caf::reacts_to<join_atom, clustering>,
    // A peer came or went. What it told is answered with `handled` to the cluster actor.
    caf::reacts_to<peer_atom, peer_change>, caf::reacts_to<heard_atom, peer_items_ptr>,
    // This node has met a newer timeline of the database: tells its peers.
    caf::reacts_to<timeline_atom, database_timeline>,
    // All tickets up to this one are settled.
    caf::reacts_to<settled_atom, std::uint64_t>,
    // Entries may have been missed from some seconds ago on: looks into the log.
    caf::reacts_to<doubt_atom>>;

// The CHECKER asks the business, and WECHAT, before what users write is stored. It stands before PERSISTENCE,
// answers what that does, and so is a persistence_actor itself. Pinned to the first shard.

/// The ASKER posts to another server, for the checker or WECHAT. Detached, since it waits for answers.
using asker_actor = caf::typed_actor<
    // Posts; answers when the other server has, or its time is up.
    caf::replies_to<post_atom, webhooks::post>::with<webhooks::posted>,
    // INTERNAL, to itself: looks for answers.
    caf::reacts_to<flush_atom>>;

/// WECHAT asks WeChat's server about what users say, and has it tell them. Pinned to the first shard.
using wechat_actor = caf::typed_actor<
    // What it says of that; of a picture or voice, under which name it will say it.
    caf::replies_to<query_atom, content_question>::with<content_answer>,
    // Sends a subscribe message.
    caf::replies_to<post_atom, notice_question>::with<notice_answer>>;

/// The NOTIFIER has those told by WeChat who are away. Pinned to the first shard.
using notifier_actor = caf::typed_actor<
    // The first from the application, then INTERNAL, to itself, each second: looks for what is due.
    caf::reacts_to<tick_atom>>;

/// RETENTION drops what was kept long enough. Pinned to the first shard.
using retention_actor = caf::typed_actor<
    // The first from the application, then INTERNAL, to itself: the next step.
    caf::reacts_to<tick_atom>>;

/// ERASER ends all that is a user's, of whom that was asked for. Pinned to the first shard.
using eraser_actor = caf::typed_actor<
    // The first from the application, then INTERNAL, to itself: the next step.
    caf::reacts_to<tick_atom>>;

/// The SPAN EXPORTER posts to the operator's collector what is followed. Pinned to the first shard.
using span_exporter_actor = caf::typed_actor<
    // The first from the application, then INTERNAL, to itself: the next portion.
    caf::reacts_to<tick_atom>>;

/// The MODERATOR has what was sent checked, and takes back what may not stay. Pinned to the first shard.
using moderator_actor = caf::typed_actor<
    // Something that is to be checked was stored.
    caf::reacts_to<flush_atom>,
    // The first from the application, then INTERNAL, to itself, twice a second: looks for what is due.
    caf::reacts_to<tick_atom>>;

/// FILE WORKERs write and read the bytes of files, a piece at a time, so that all who send and fetch take
/// turns. Detached, since they block; several. One file is one worker's.
using file_worker_actor = caf::typed_actor<
    // A file of this id is to be written; its row is there.
    caf::replies_to<create_atom, blob_name>::with<blob_begun>,
    // The next piece of it.
    caf::replies_to<write_atom, blob_piece>::with<blob_done>,
    // That was all; answers when it is stored for good.
    caf::replies_to<finish_atom, blob_end>::with<blob_done>,
    // Nobody goes on with it: what was written is removed.
    caf::reacts_to<drop_atom, blob_writer_ptr>,
    // A file is to be read, and a piece of it.
    caf::replies_to<open_atom, blob_name>::with<blob_opened>,
    caf::replies_to<read_atom, blob_wish>::with<blob_done>>;

/// BACKUP copies the store and the files, one backup at a time. Detached, since it blocks: for as long as the
/// copy of the database takes, and then a piece at a time.
using backup_actor = caf::typed_actor<
    // Begins one; `failure` is a conflict while another is under way. It ends with the last handle of
    // `reader`.
    caf::replies_to<create_atom, backup_wish>::with<blob_opened>,
    // The next piece of it.
    caf::replies_to<read_atom, blob_wish>::with<blob_done>>;

/// The FILE KEEPER sees that the file store is the database's own, and deletes the files that nothing refers
/// to. Detached, since it blocks.
using file_keeper_actor = caf::typed_actor<
    // From the application, at start: looks whose the store is. `failure` is a conflict: another database's.
    caf::replies_to<tick_atom>::with<blob_done>,
    // INTERNAL, to itself: looks again, or deletes what is due.
    caf::reacts_to<flush_atom>>;

/// A WEBHOOK tells one receiver of the business what happens. Detached, since it reads the log and waits.
using webhook_actor = caf::typed_actor<
    // INTERNAL, to itself: the next turn.
    caf::reacts_to<flush_atom>,
    // From the application, at start: answers when it has asked whether the webhook is this node's. Then:
    // somebody wishes something, which is in its row.
    caf::replies_to<tick_atom>::with<caf::ok_atom>,
    // Sends nothing more, stores what is done, lets the webhook go, and ends.
    caf::replies_to<drain_atom>::with<caf::ok_atom>>;

/// SQL SENDS sends what back ends have written to be sent, in the database. Detached, since it waits for
/// that.
using sql_sends_actor = caf::typed_actor<
    // INTERNAL, to itself: the next turn.
    caf::reacts_to<flush_atom>>;

/// REVOCATIONS reads from the database whose tokens were revoked, and who was banned, by whichever node.
/// Detached, since it blocks.
using revocations_actor = caf::typed_actor<
    // The first from the application, then INTERNAL, to itself, once a second: reads what is new.
    caf::reacts_to<tick_atom>>;

/// LOGIN asks WeChat. Detached, since it blocks.
using login_actor = caf::typed_actor<
    // Whose code it is.
    caf::replies_to<login_atom, login_question>::with<login_answer>>;

} // namespace hongyan

CAF_ALLOW_UNSAFE_MESSAGE_TYPE(hongyan::session_actor)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(hongyan::clustering)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(hongyan::streams_actor)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(hongyan::persistence_actor)
