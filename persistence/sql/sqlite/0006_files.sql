-- Files that users have uploaded. A row is there before its first byte is (state 0), and for as long as any byte may be
-- (2: going); 1: all of it is in the file store. due_at_ms: deleted after it; NULL: a message, an avatar or a preview
-- has it.
CREATE TABLE file (
  id            TEXT PRIMARY KEY,
  owner         TEXT NOT NULL,
  created_at_ms INTEGER NOT NULL,
  state         INTEGER NOT NULL DEFAULT 0,
  due_at_ms     INTEGER,
  kind          INTEGER NOT NULL DEFAULT 3,
  mime          TEXT NOT NULL DEFAULT '',
  name          TEXT NOT NULL DEFAULT '',
  size          INTEGER NOT NULL DEFAULT 0,
  width         INTEGER,
  height        INTEGER,
  length_ms     INTEGER
) STRICT, WITHOUT ROWID;
CREATE INDEX file_due ON file (due_at_ms) WHERE due_at_ms IS NOT NULL;

-- Which messages have a file: whoever may read one may read it. Taken away by a recall.
CREATE TABLE message_file (
  file_id         TEXT NOT NULL,
  conversation_id INTEGER NOT NULL,
  seq             INTEGER NOT NULL,
  PRIMARY KEY (file_id, conversation_id, seq)
) STRICT, WITHOUT ROWID;
CREATE INDEX message_file_entry ON message_file (conversation_id, seq);

-- An avatar that is as long as a file's id may be one.
CREATE INDEX profile_avatar ON profile (avatar) WHERE length(avatar) = 32;

-- Of what a client sent, where something else is stored: see digest_of() in append_rules.hpp.
ALTER TABLE message ADD COLUMN sent_digest INTEGER;

-- The file store that goes with this database, and the key that links to its files are signed with.
CREATE TABLE file_store (
  only_one INTEGER PRIMARY KEY CHECK (only_one = 1),
  name     TEXT NOT NULL,
  link_key TEXT NOT NULL
) STRICT;
