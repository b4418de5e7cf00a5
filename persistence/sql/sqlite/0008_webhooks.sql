-- Webhooks: what they tell is the log itself, whose entries' ids say after which. position: how far one is; notes: its
-- sender's own; wish: what is wanted of it, a line each.
CREATE TABLE webhook (
  name     TEXT PRIMARY KEY,
  position INTEGER NOT NULL,
  notes    TEXT NOT NULL DEFAULT '',
  wish     TEXT NOT NULL DEFAULT ''
) STRICT, WITHOUT ROWID;

-- Events that were given up.
CREATE TABLE webhook_failed (
  webhook   TEXT NOT NULL,
  event_id  INTEGER NOT NULL,
  at_ms     INTEGER NOT NULL,
  attempts  INTEGER NOT NULL,
  why       TEXT NOT NULL,
  PRIMARY KEY (webhook, event_id)
) STRICT, WITHOUT ROWID;

-- While there are webhooks: what no log has an entry of, with ids of the same sequence as messages, which is reactions
-- and, as of conversation 0, who comes and goes; and what entries were before they were changed or taken back. edits -1: it was still being written.
CREATE TABLE side_event (
  id              INTEGER PRIMARY KEY,
  conversation_id INTEGER NOT NULL,
  seq             INTEGER NOT NULL,
  user_id         TEXT NOT NULL,
  emoji           TEXT NOT NULL,
  is_on           INTEGER NOT NULL,
  at_ms           INTEGER NOT NULL
) STRICT;
CREATE TABLE message_version (
  conversation_id INTEGER NOT NULL,
  seq             INTEGER NOT NULL,
  edits           INTEGER NOT NULL,
  kind            INTEGER NOT NULL,
  content         TEXT NOT NULL,
  ext             TEXT,
  kept_at_ms      INTEGER NOT NULL,
  PRIMARY KEY (conversation_id, seq, edits)
) STRICT, WITHOUT ROWID;
CREATE INDEX message_version_kept ON message_version (kept_at_ms);

-- Whom webhooks were told to be online.
CREATE TABLE presence (user_id TEXT PRIMARY KEY) STRICT, WITHOUT ROWID;

-- Events have ids of the sequence of messages, also before there is one.
INSERT INTO sqlite_sequence (name, seq) SELECT 'message', 0 WHERE NOT EXISTS (SELECT 1 FROM sqlite_sequence WHERE name = 'message');
