/// The statements of PostgreSQL's writer.
#pragma once

#include "persistence/postgres/checks.hpp"
#include "persistence/postgres/notices.hpp"
#include "persistence/postgres/rows.hpp"

namespace hongyan::postgres {

/// What is known of the direct conversations of these keys that there are. One statement: the version, and
/// whether the two block one another, are of one moment.
inline constexpr const char* conversations_sql = R"(
SELECT i.low, i.high, c.id, c.version,
       EXISTS (SELECT FROM block b WHERE b.user_id = i.low AND b.blocked = i.high),
       EXISTS (SELECT FROM block b WHERE b.user_id = i.high AND b.blocked = i.low)
FROM unnest($1::text[], $2::text[]) AS i (low, high)
CROSS JOIN LATERAL (SELECT id, version FROM conversation WHERE user_low = i.low AND user_high = i.high OFFSET 0) AS c)";

/// Makes those that are not there yet, once their pairs are locked; see rules.hpp. The keys are sorted, so
/// that two nodes that make the same ones wait for one another in one direction only. It commits by itself
/// and without a sync: should the row be lost in a crash, then so is every later commit that used it.
inline const std::string make_conversations_sql =
    R"(
WITH locked AS MATERIALIZED (
  SELECT pg_advisory_xact_lock_shared()" +
    std::string(pair_locks) +
    R"(, stripe) FROM (
    SELECT DISTINCT )" +
    std::string(pair_stripe_sql) +
    R"( AS stripe FROM unnest($1::text[], $2::text[]) AS i (low, high)
    ORDER BY stripe OFFSET 0) AS stripes
), made AS (
  INSERT INTO conversation (user_low, user_high)
  SELECT i.low, i.high FROM unnest($1::text[], $2::text[]) AS i (low, high) WHERE (SELECT count(*) FROM locked) > 0
  ON CONFLICT (user_low, user_high) DO NOTHING RETURNING user_low, user_high, id
), peopled AS (
  INSERT INTO member (user_id, conversation_id) SELECT user_low, id FROM made UNION SELECT user_high, id FROM made
)
SELECT set_config('synchronous_commit', 'off', true))";

/// Groups by their ids: members in the order of the index, and their roles, a digit each.
inline constexpr const char* groups_sql = R"(
SELECT c.group_id, c.id, c.version, c.muted, joined.users, joined.roles
FROM unnest($1::text[]) AS i (group_id) JOIN conversation c ON c.group_id = i.group_id AND NOT c.dismissed
CROSS JOIN LATERAL (
  SELECT string_agg(m.user_id, ' ') AS users, string_agg(CASE m.role WHEN 1 THEN '1' WHEN 2 THEN '2' ELSE '0' END, '') AS roles FROM (
    SELECT user_id, role FROM member WHERE conversation_id = c.id ORDER BY user_id) AS m) AS joined)";

/// What few messages bring: files, users whom they call, streams, what a check says of them, who is to be
/// told of them.
inline const std::string extras_sql =
    R"(, attached AS (
  INSERT INTO message_file (file_id, conversation_id, seq)
  SELECT DISTINCT f.file_id, ($1::bigint[])[($7::int[])[f.row]],
         base.last_seqs[($7::int[])[f.row]] - ($8::int[])[f.row]
  FROM given, base, unnest($19::text[], $20::int[]) AS f (file_id, row)
  WHERE given.ids IS NOT NULL
), held AS MATERIALIZED (
  SELECT f.id FROM given, file f WHERE f.id = ANY ($19::text[]) AND given.ids IS NOT NULL
  ORDER BY f.id FOR NO KEY UPDATE OF f
), kept AS (
  UPDATE file f SET due_at_ms = NULL FROM held WHERE f.id = held.id AND f.due_at_ms IS NOT NULL AND f.state = 1
), called AS (
  INSERT INTO mention (conversation_id, user_id, seq, sender)
  SELECT ($1::bigint[])[($7::int[])[u.row]], u.user_id,
         base.last_seqs[($7::int[])[u.row]] - ($8::int[])[u.row], ($9::text[])[u.row]
  FROM given, base, unnest($21::text[], $22::int[]) AS u (user_id, row)
  WHERE given.ids IS NOT NULL
    AND (u.user_id = '' OR EXISTS (SELECT FROM member m WHERE m.user_id = u.user_id
                                     AND m.conversation_id = ($1::bigint[])[($7::int[])[u.row]]))
  ON CONFLICT DO NOTHING
), begun AS (
  INSERT INTO stream (id, conversation_id, seq, writer, node, touched_at_ms)
  SELECT b.id, ($1::bigint[])[($7::int[])[b.row]], base.last_seqs[($7::int[])[b.row]] - ($8::int[])[b.row],
         b.writer, b.node, $4::bigint
  FROM given, base, unnest($23::text[], $24::int[], $25::text[], $26::text[]) AS b (id, row, writer, node)
  WHERE given.ids IS NOT NULL
), told AS MATERIALIZED (
  SELECT n.user_id, ($1::bigint[])[($7::int[])[n.row]] AS conversation_id,
         base.last_seqs[($7::int[])[n.row]] - ($8::int[])[n.row] AS seq, ($9::text[])[n.row] AS sender
  FROM given, base, unnest($31::text[], $32::int[]) AS n (user_id, row) WHERE given.ids IS NOT NULL
), judged AS (
  )" +
    put_checks_sql("given.ids[j.row]", "$4::bigint, $4::bigint FROM given, unnest($27::int[], $28::bigint[], "
                                       "$29::bigint[], $30::bigint[]) AS j (row, state, said_by, label)"
                                       " WHERE given.ids IS NOT NULL") +
    R"(
), noted AS (
  )" +
    put_notices_sql(R"(
    SELECT t.user_id, t.conversation_id, t.seq FROM told AS t WHERE t.user_id <> ''
    UNION ALL
    SELECT r.user_id, t.conversation_id, t.seq FROM told AS t
    JOIN member r ON r.conversation_id = t.conversation_id AND r.user_id <> t.sender WHERE t.user_id = ''
  )",
                    "$4::bigint, $4::bigint + $33::bigint") +
    R"(
))";

/// A batch. $1 the conversations' ids, ascending, $2 their versions, $3 how many messages each gets, $4 the
/// time, $5 the writer, $6 the batch's number; then one element a message: $7 its conversation's place in $1,
/// $8 how many of the conversation's come after it, $9 sender, $10 target, $11 and $12 their names, $13 kind,
/// $14 content, $15 ext, $16 client_msg_id, $17 its tokens for the search. An array without values is NULL.
/// Of a batch with extras: $18 each message's sent_digest() or 0; $19 the files, and $20 each one's message
/// in the batch, from 1; $21 the users whom messages call ('' for all), and $22 each one's message;
/// $23 to $26 the streams that begin: their ids, each one's message, who writes, and the
/// node; $27 to $30 what checks say: of which message, the state, who says so, and the label or 0; $31 who is
/// to be told by WeChat ('' for all members), and $32 of which message, after $33 milliseconds.
///
/// Steps, each needing the one before, which makes PostgreSQL do them in this order:
/// repeats: is any of the messages stored already? Then nothing is done, and the caller drops those. One that
///   another node is committing at this moment is not seen; it runs into the unique index, and the batch is
///   tried again.
/// counted: the conversations' rows are locked, in the order of id, and counted up.
/// base: their new last_seq, as an array, and when the last entry before was. A conversation that is gone, or
///   has another version than expected, ends the statement by a division by zero, which, other than a
///   constraint, puts no message into the server's log.
/// stored: the messages; FROM base makes their ids be taken after the locks.
/// indexed: their tokens.
/// attached, held, kept: their files. Each is locked, in the order of id, even if it was kept before, which
///   makes a recall that releases it at this moment wait.
/// called: whom they call, of those who are there. begun: the streams that they are of. judged: what a check
/// says of them. told, noted: who is to be told of them.
/// marked: see postgres_store.hpp. A batch number that is not new fails, since the column is NOT NULL.
inline std::string append_statement(bool with_extras) {
  return std::string(R"(
WITH repeats AS MATERIALIZED (
  SELECT count((SELECT m.id FROM message m
                WHERE m.sender = i.sender AND m.client_msg_id = i.client_msg_id)) > 0 AS found
  FROM unnest($9::text[], $16::text[]) AS i (sender, client_msg_id) WHERE i.client_msg_id IS NOT NULL
), counted AS (
  UPDATE conversation c
  SET last_seq = c.last_seq + ($3::bigint[])[width_bucket(c.id, $1::bigint[])], last_at_ms = $4::bigint,
      previous_at_ms = c.last_at_ms
  WHERE c.id = ANY ($1::bigint[]) AND c.version = ($2::bigint[])[width_bucket(c.id, $1::bigint[])]
    AND NOT (SELECT found FROM repeats)
  RETURNING c.id, c.last_seq, c.previous_at_ms
), base AS MATERIALIZED (
  SELECT CASE WHEN count(*) = cardinality($1::bigint[]) THEN array_agg(last_seq ORDER BY id)
              WHEN NOT (SELECT found FROM repeats) THEN ARRAY[1 / (count(*) - count(*))] END AS last_seqs,
         array_agg(previous_at_ms ORDER BY id) AS previous_at_ms
  FROM counted
), stored AS (
  INSERT INTO message (conversation_id, seq, created_at_ms, sender, target, sender_name, target_name, kind, content,
                       ext, client_msg_id)") +
         (with_extras ? ", sent_digest)" : ")") + R"(
  SELECT ($1::bigint[])[i.place], base.last_seqs[i.place] - i.later, $4::bigint, i.sender, i.target,
         i.sender_name, i.target_name, coalesce(i.kind, 0), i.content, i.ext, i.client_msg_id)" +
         (with_extras ? ", nullif(i.digest, 0)" : "") + R"(
  FROM base, unnest($7::int[], $8::int[], $9::text[], $10::text[], $11::text[], $12::text[], $13::int[],
                    $14::text[], $15::text[], $16::text[])" +
         (with_extras ? ", $18::bigint[]" : "") + R"()
    AS i (place, later, sender, target, sender_name, target_name, kind, content, ext, client_msg_id)" +
         (with_extras ? ", digest" : "") + R"()
  WHERE NOT (SELECT found FROM repeats)
  RETURNING id
), given AS MATERIALIZED (
  SELECT array_agg(id) AS ids FROM stored
), indexed AS (
  INSERT INTO message_search (message_id, conversation_id, tokens)
  SELECT i.id, ($1::bigint[])[i.place],
         array_to_tsvector(string_to_array('@' || ($1::bigint[])[i.place] || ' ' || i.tokens, ' '))
  FROM given, unnest(given.ids, $7::int[], $17::text[]) AS i (id, place, tokens)
  WHERE given.ids IS NOT NULL AND i.tokens IS NOT NULL
))" + (with_extras ? extras_sql : "") +
         R"(, marked AS (
  INSERT INTO append_mark (writer, batch, made_at, ids, last_seqs)
  SELECT $5::bigint, $6::bigint, now(), given.ids, base.last_seqs FROM given, base WHERE given.ids IS NOT NULL
  ON CONFLICT (writer) DO UPDATE
  SET batch = CASE WHEN append_mark.batch < excluded.batch THEN excluded.batch END,
      made_at = excluded.made_at, ids = excluded.ids, last_seqs = excluded.last_seqs
)
SELECT repeats.found, given.ids, base.last_seqs, base.previous_at_ms FROM repeats, given, base)";
}
inline constexpr std::string_view outdated_state = "22012"; ///< division_by_zero, see base

/// The stored messages of these senders and client_msg_ids; i.n counts from 1. OFFSET 0 keeps the lookup a
/// lookup.
inline const std::string find_repeats_sql =
    "SELECT i.n, coalesce(m.sent_digest, 0), " + std::string(message_columns) + R"(
FROM unnest($1::text[], $2::text[]) WITH ORDINALITY AS i (sender, client_msg_id, n)
CROSS JOIN LATERAL (
  SELECT * FROM message WHERE sender = i.sender AND client_msg_id = i.client_msg_id OFFSET 0) AS m
JOIN conversation c ON c.id = m.conversation_id)";

/// Waits for the batch's own transaction when that is still under way.
inline constexpr const char* give_up_sql = R"(
INSERT INTO append_mark (writer, batch, made_at) VALUES ($1::bigint, $2::bigint, now())
ON CONFLICT (writer) DO UPDATE SET batch = excluded.batch, made_at = excluded.made_at, ids = NULL, last_seqs = NULL
WHERE append_mark.batch < excluded.batch)";
inline constexpr const char* read_mark_sql =
    "SELECT ids, last_seqs FROM append_mark WHERE writer = $1::bigint AND batch = $2::bigint";

/// Marks of servers that are no more. So late, because one with an unsettled batch may have been without its
/// database for days.
inline constexpr const char* sweep_marks_sql =
    "DELETE FROM append_mark WHERE made_at < now() - interval '30 days'";

/// Read positions. One element a user and place, each once: $1 user, $2 and $3 the key of a direct
/// conversation or $4 a group, $5 seq. The members' rows are locked in one order everywhere. Answers the
/// positions as they were, the conversations' last_seq, which bounds the new ones, and whether nothing moves
/// because the other user has blocked this one.
inline constexpr const char* mark_read_sql = R"(
WITH theirs AS MATERIALIZED (
  SELECT i.n, m.user_id, m.conversation_id, m.read_seq, c.last_seq, least(i.seq, c.last_seq) AS seq,
         EXISTS (SELECT FROM block b WHERE b.user_id = CASE WHEN i.low = i.user_id THEN i.high ELSE i.low END
                   AND b.blocked = i.user_id) AS is_blocked
  FROM unnest($1::text[], $2::text[], $3::text[], $4::text[], $5::bigint[]) WITH ORDINALITY
    AS i (user_id, low, high, group_id, seq, n)
  JOIN conversation c ON c.id = coalesce(
    (SELECT id FROM conversation WHERE user_low = i.low AND user_high = i.high),
    (SELECT id FROM conversation WHERE group_id = i.group_id AND NOT dismissed))
  JOIN member m ON m.user_id = i.user_id AND m.conversation_id = c.id
  ORDER BY m.user_id, m.conversation_id FOR NO KEY UPDATE OF m
), moved AS (
  UPDATE member m SET read_seq = theirs.seq FROM theirs
  WHERE m.user_id = theirs.user_id AND m.conversation_id = theirs.conversation_id AND theirs.seq > theirs.read_seq
    AND NOT theirs.is_blocked
)
SELECT n, conversation_id, read_seq, last_seq, is_blocked FROM theirs)";

/// $1 the system and $2 the timeline of a primary that is used from now on; $3 a new epoch for it, if we are
/// the first there, or NULL. Answers the epoch. No row: the store has seen a newer timeline.
inline constexpr const char* note_timeline_sql = R"(
UPDATE store_identity SET timeline_system = $1::bigint, timeline = $2::bigint,
  epoch = CASE WHEN timeline_system = $1::bigint AND timeline < $2::bigint THEN coalesce($3::text, epoch) ELSE epoch END
WHERE timeline_system IS DISTINCT FROM $1::bigint OR timeline <= $2::bigint RETURNING epoch)";
inline constexpr const char* timeline_sql = "SELECT timeline FROM store_identity";

/// A transaction with nothing in it but a commit that waits for the standby, if one is named.
inline constexpr const char* confirm_sql =
    "UPDATE store_identity SET only_one = true WHERE current_setting('synchronous_standby_names') <> ''";

inline constexpr std::string_view cancelled_state = "57014"; ///< the server's statement_timeout, too
/// Whether a session of this role waits for a standby; of others' a role is told nothing.
inline constexpr const char* waits_for_standby_sql =
    "SELECT EXISTS (SELECT FROM pg_stat_activity WHERE wait_event = 'SyncRep')";

/// Is it the store that it was? $1 conversations, $2 seqs, $3 ids, $4 times of messages that it had. A
/// primary may have become a standby without ending its sessions.
inline constexpr const char* store_state_sql = R"(
SELECT current_setting('transaction_read_only') = 'on',
       coalesce((SELECT epoch FROM store_identity), ''),
       (SELECT count(*) FROM unnest($1::bigint[], $2::bigint[], $3::bigint[], $4::bigint[])
          AS had (conversation_id, seq, id, created_at_ms)
        WHERE EXISTS (SELECT FROM message m WHERE m.conversation_id = had.conversation_id AND m.seq = had.seq
                        AND m.id = had.id AND m.created_at_ms = had.created_at_ms)
           OR EXISTS (SELECT FROM conversation c WHERE c.id = had.conversation_id AND c.first_seq > had.seq)))";

} // namespace hongyan::postgres
