-- How often a text was edited.
ALTER TABLE message ADD COLUMN edits INTEGER NOT NULL DEFAULT 0;

-- Recalls and edits are entries, and no messages: while quiet_seq is last_seq, the last entry is one of them, and
-- shown_seq is the last that is none.
ALTER TABLE conversation ADD COLUMN quiet_seq INTEGER NOT NULL DEFAULT 0;
ALTER TABLE conversation ADD COLUMN shown_seq INTEGER NOT NULL DEFAULT 0;
ALTER TABLE conversation ADD COLUMN shown_at_ms INTEGER NOT NULL DEFAULT 0;
UPDATE conversation SET (quiet_seq, shown_seq, shown_at_ms) =
    (SELECT conversation.last_seq, m.seq, m.created_at_ms FROM message m
     WHERE m.conversation_id = conversation.id AND m.kind <> 6 ORDER BY m.seq DESC LIMIT 1)
  WHERE EXISTS (SELECT 1 FROM message m
                WHERE m.conversation_id = conversation.id AND m.seq = conversation.last_seq AND m.kind = 6);

-- Whom a message calls by name; '' for all of its group. Taken away by a recall.
CREATE TABLE mention (
  conversation_id INTEGER NOT NULL,
  user_id         TEXT NOT NULL,
  seq             INTEGER NOT NULL,
  sender          TEXT NOT NULL,
  PRIMARY KEY (conversation_id, user_id, seq)
) STRICT, WITHOUT ROWID;
CREATE INDEX mention_entry ON mention (conversation_id, seq);

-- Who has reacted to a message, and with what; and how many with each, in the order in which each first came, so that
-- nobody counts. Taken away by a recall.
CREATE TABLE reaction (
  conversation_id INTEGER NOT NULL,
  seq             INTEGER NOT NULL,
  emoji           TEXT NOT NULL,
  user_id         TEXT NOT NULL,
  PRIMARY KEY (conversation_id, seq, emoji, user_id)
) STRICT, WITHOUT ROWID;
CREATE TABLE reaction_count (
  conversation_id INTEGER NOT NULL,
  seq             INTEGER NOT NULL,
  emoji           TEXT NOT NULL,
  place           INTEGER NOT NULL,
  users           INTEGER NOT NULL,
  PRIMARY KEY (conversation_id, seq, emoji)
) STRICT, WITHOUT ROWID;

-- Messages that are still being written (kind 10), each until a day after its end. node: the server that has what is
-- not stored yet. writer: who began it, 'user:NAME' or 'key:FINGERPRINT'.
CREATE TABLE stream (
  id              TEXT PRIMARY KEY,
  conversation_id INTEGER NOT NULL,
  seq             INTEGER NOT NULL,
  writer          TEXT NOT NULL,
  node            TEXT NOT NULL,
  ended           INTEGER NOT NULL DEFAULT 0,
  touched_at_ms   INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
CREATE UNIQUE INDEX stream_entry ON stream (conversation_id, seq);
CREATE INDEX stream_touched ON stream (ended, touched_at_ms);
