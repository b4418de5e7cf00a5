-- How often a text was edited.
ALTER TABLE message ADD COLUMN edits smallint NOT NULL DEFAULT 0;
-- A message by its id alone, as a back end names it: rarely asked, and ids go up with the rows, so that a summary of
-- each few pages does, which costs a send next to nothing.
CREATE INDEX message_id ON message USING brin (id) WITH (pages_per_range = 32, autosummarize = on);

-- Recalls and edits are entries, and no messages: while quiet_seq is last_seq, the last entry is one of them, and
-- shown_seq is the last that is none.
ALTER TABLE conversation
  ADD COLUMN quiet_seq   bigint NOT NULL DEFAULT 0,
  ADD COLUMN shown_seq   bigint NOT NULL DEFAULT 0,
  ADD COLUMN shown_at_ms bigint NOT NULL DEFAULT 0;
UPDATE conversation c SET quiet_seq = c.last_seq, shown_seq = coalesce(shown.seq, 0), shown_at_ms = coalesce(shown.at, 0)
  FROM message recalled LEFT JOIN LATERAL (
    SELECT m.seq, m.created_at_ms AS at FROM message m
    WHERE m.conversation_id = recalled.conversation_id AND m.kind <> 6 ORDER BY m.seq DESC LIMIT 1) AS shown ON true
  WHERE recalled.conversation_id = c.id AND recalled.seq = c.last_seq AND recalled.kind = 6;

-- Whom a message calls by name; '' for all of its group. Taken away by a recall.
CREATE TABLE mention (
  conversation_id bigint NOT NULL,
  user_id         text COLLATE "C" NOT NULL,
  seq             bigint NOT NULL,
  sender          text COLLATE "C" NOT NULL,
  PRIMARY KEY (conversation_id, user_id, seq)
);
CREATE INDEX mention_entry ON mention (conversation_id, seq);

-- Who has reacted to a message, and with what; and how many with each, in the order in which each first came, so that
-- nobody counts. Taken away by a recall. The fill factor: a count changes in its page, and touches no index.
CREATE TABLE reaction (
  conversation_id bigint NOT NULL,
  seq             bigint NOT NULL,
  emoji           text COLLATE "C" NOT NULL,
  user_id         text COLLATE "C" NOT NULL,
  PRIMARY KEY (conversation_id, seq, emoji, user_id)
);
CREATE TABLE reaction_count (
  conversation_id bigint NOT NULL,
  seq             bigint NOT NULL,
  emoji           text COLLATE "C" NOT NULL,
  place           integer NOT NULL,
  users           integer NOT NULL,
  PRIMARY KEY (conversation_id, seq, emoji)
) WITH (fillfactor = 50);

-- Messages that are still being written (kind 10), each until a day after its end. node: the server that has what is
-- not stored yet. writer: who began it, 'user:NAME' or 'key:FINGERPRINT'.
CREATE TABLE stream (
  id              text COLLATE "C" PRIMARY KEY,
  conversation_id bigint NOT NULL,
  seq             bigint NOT NULL,
  writer          text COLLATE "C" NOT NULL,
  node            text COLLATE "C" NOT NULL,
  ended           boolean NOT NULL DEFAULT false,
  touched_at_ms   bigint NOT NULL,
  UNIQUE (conversation_id, seq)
) WITH (fillfactor = 70);
CREATE INDEX stream_touched ON stream (ended, touched_at_ms);
