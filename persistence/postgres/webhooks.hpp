/// What is kept for webhooks, on PostgreSQL: statements of the writer's transactions.
#pragma once

#include "persistence/store.hpp"

#include <string>

namespace hongyan::postgres {

/// $1 name, $2 holder, $3 seconds. A new one begins behind the last id that was taken. A holder that says
/// nothing loses it, by this clock.
inline constexpr const char* take_webhook_sql = R"(
INSERT INTO webhook (name, position, holder, held_until)
SELECT $1::text, CASE WHEN is_called THEN last_value ELSE last_value - 1 END, $2::text,
       clock_timestamp() + make_interval(secs => $3::bigint)
FROM message_id_seq
ON CONFLICT (name) DO UPDATE SET holder = excluded.holder, held_until = excluded.held_until,
  position = least(webhook.position, excluded.position) -- after a failover the newest ids may be given anew
WHERE webhook.holder = excluded.holder OR webhook.held_until < clock_timestamp()
RETURNING position, notes)";
/// $1 name, $2 position, $3 holder, $4 seconds, $5 notes. Answers what was wished.
inline constexpr const char* put_webhook_sql = R"(
WITH before AS MATERIALIZED (
  SELECT wish FROM webhook WHERE name = $1::text AND holder = $3::text FOR UPDATE
)
UPDATE webhook w SET position = least($2::bigint, (SELECT last_value FROM message_id_seq)), notes = $5::text,
  wish = CASE WHEN $4::bigint > 0 THEN '' ELSE w.wish END, -- who lets it go leaves that to the next
  held_until = clock_timestamp() + make_interval(secs => $4::bigint)
FROM before WHERE w.name = $1::text RETURNING before.wish)";
inline constexpr const char* put_failed_events_sql = R"(
INSERT INTO webhook_failed (webhook, event_id, at_ms, attempts, why)
SELECT $1::text, i.id, i.at, i.attempts, i.why
FROM unnest($2::bigint[], $3::bigint[], $4::bigint[], $5::text[]) AS i (id, at, attempts, why)
ON CONFLICT (webhook, event_id) DO UPDATE SET at_ms = excluded.at_ms, attempts = excluded.attempts, why = excluded.why)";
inline constexpr const char* drop_failed_events_sql =
    "DELETE FROM webhook_failed WHERE webhook = $1::text AND event_id = ANY ($2::bigint[])";
inline constexpr const char* put_wish_sql = R"(
UPDATE webhook SET wish = wish || $2::text || chr(10)
WHERE name = $1::text AND length(wish) + length($2::text) < $3::bigint RETURNING 1)";
/// Puts an event that no log has: `what` are its conversation, seq, user and emoji, for each row of `from`.
inline std::string side_event_sql(const std::string& what, const std::string& is_on,
                                  const std::string& from) {
  return R"(INSERT INTO side_event (conversation_id, seq, user_id, emoji, is_on, id, at_ms)
SELECT )" +
         what + ", " + is_on +
         R"(, nextval('message_id_seq'), (extract(epoch FROM clock_timestamp()) * 1000)::bigint FROM )" +
         from;
}
/// $1 the user, $2 the node. A transaction that waits for another of the same user has its id after that
/// one's.
inline const std::string come_sql = R"(
WITH come AS (
  INSERT INTO presence (user_id, node) SELECT $1::text, $2::text WHERE EXISTS (SELECT FROM webhook)
  ON CONFLICT DO NOTHING RETURNING user_id
)
)" + side_event_sql("0, 0, user_id, ''", "true", "come");
inline std::string go_sql(const std::string& who) {
  return "WITH gone AS (DELETE FROM presence WHERE " + who + " RETURNING user_id) " +
         side_event_sql("0, 0, user_id, ''", "false", "gone") + " RETURNING 1";
}
/// $1 the user.
inline const std::string goes_sql = go_sql("user_id = $1::text");
/// $1 the node, $2 how many.
inline const std::string some_go_sql = go_sql("user_id = ANY (ARRAY (SELECT user_id FROM presence WHERE node "
                                              "IN ($1::text, '') OR $1::text = '' LIMIT $2::bigint))");
/// Some at a time.
inline constexpr const char* forget_kept_sql = R"(
WITH reactions AS (
  DELETE FROM side_event WHERE at_ms < $1::bigint AND id = ANY (ARRAY (SELECT id FROM side_event ORDER BY id LIMIT 2000))
), failed AS (
  DELETE FROM webhook_failed WHERE at_ms < $1::bigint
)
DELETE FROM message_version v USING (
  SELECT conversation_id, seq, edits FROM message_version WHERE kept_at_ms < $1::bigint ORDER BY kept_at_ms LIMIT 2000) AS old
WHERE v.conversation_id = old.conversation_id AND v.seq = old.seq AND v.edits = old.edits)";

/// A part of a statement that is about to give the message $2 of the conversation $1 another content, and the
/// kind `becomes`: keeps it as it is, and of a stream only that it was one, once it is whole. A statement
/// sees its tables as they were before it.
inline std::string keep_version_sql(const std::string& becomes) {
  return R"(kept AS (
  INSERT INTO message_version (conversation_id, seq, edits, kind, content, ext, kept_at_ms)
  SELECT conversation_id, seq, CASE WHEN kind = 10 THEN -1 ELSE edits END, kind,
         CASE WHEN kind = 10 THEN '' ELSE content END, CASE WHEN kind <> 10 THEN ext END,
         (extract(epoch FROM clock_timestamp()) * 1000)::bigint
  FROM message WHERE conversation_id = $1::bigint AND id = $2::bigint AND NOT recalled AND (kind <> 10 OR )" +
         becomes + R"( <> 10) AND EXISTS (SELECT FROM webhook)
  ON CONFLICT DO NOTHING
))";
}

/// A part of a statement that a reaction ($1 to $4) is put by, if `from` has a row. The conversation's row is
/// locked: ids of what happens in it are in its order.
inline std::string keep_reaction_sql(const std::string& from, const std::string& is_on) {
  return "told AS (" +
         side_event_sql("$1::bigint, $2::bigint, $4::text, $3::text", is_on,
                        from + " WHERE EXISTS (SELECT FROM webhook)") +
         ")";
}

} // namespace hongyan::postgres
