-- "Hngy": tells our files from those of other programs.
PRAGMA application_id = 1215195001;

-- Two users' direct conversation; low and high in byte order, equal for a note to oneself.
CREATE TABLE conversation (
  id        INTEGER PRIMARY KEY,
  user_low  TEXT NOT NULL,
  user_high TEXT NOT NULL,
  last_seq  INTEGER NOT NULL,
  UNIQUE (user_low, user_high)
) STRICT;

-- AUTOINCREMENT: an id is never given twice, even when the newest message was deleted.
CREATE TABLE message (
  id              INTEGER PRIMARY KEY AUTOINCREMENT,
  conversation_id INTEGER NOT NULL,
  seq             INTEGER NOT NULL,
  created_at_ms   INTEGER NOT NULL,
  sender          TEXT NOT NULL,
  target          TEXT,
  sender_name     TEXT,
  target_name     TEXT,
  content         TEXT NOT NULL,
  client_msg_id   TEXT
) STRICT;

-- Every index of SQLite ends with the row's id, so these are also in the order of id.
CREATE INDEX message_conversation ON message (conversation_id);
CREATE INDEX message_sender ON message (sender);
CREATE INDEX message_target ON message (target) WHERE target IS NOT NULL;
CREATE UNIQUE INDEX message_seq ON message (conversation_id, seq);
CREATE UNIQUE INDEX message_client_msg_id ON message (sender, client_msg_id) WHERE client_msg_id IS NOT NULL;

-- One row, counted up to see whether the file can be written, see persistence/sqlite/writer.cpp.
CREATE TABLE write_proof (count INTEGER NOT NULL) STRICT;
INSERT INTO write_proof VALUES (0);
