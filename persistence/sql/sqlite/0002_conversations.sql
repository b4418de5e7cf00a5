-- Groups, members, read positions, recalls, search, profiles and blocks.

-- A conversation is direct (user_low, user_high) or a group (group_id). SQLite cannot take NOT NULL away, so the
-- table is made again.
CREATE TABLE new_conversation (
  id            INTEGER PRIMARY KEY,
  user_low      TEXT,
  user_high     TEXT,
  last_seq      INTEGER NOT NULL,
  group_id      TEXT UNIQUE,
  name          TEXT,
  muted         INTEGER NOT NULL DEFAULT 0,
  history       INTEGER NOT NULL DEFAULT 0,
  dismissed     INTEGER NOT NULL DEFAULT 0,
  member_count  INTEGER NOT NULL DEFAULT 0,
  created_at_ms INTEGER NOT NULL DEFAULT 0,
  last_at_ms    INTEGER NOT NULL DEFAULT 0,
  version       INTEGER NOT NULL DEFAULT 0,
  UNIQUE (user_low, user_high)
) STRICT;
INSERT INTO new_conversation (id, user_low, user_high, last_seq, last_at_ms)
  SELECT id, user_low, user_high, last_seq,
         coalesce((SELECT created_at_ms FROM message m WHERE m.conversation_id = c.id AND m.seq = c.last_seq), 0)
  FROM conversation c;
DROP TABLE conversation;
ALTER TABLE new_conversation RENAME TO conversation;

-- kind: core/message.hpp. A recalled message has no content; its row stays.
ALTER TABLE message ADD COLUMN kind INTEGER NOT NULL DEFAULT 0;
ALTER TABLE message ADD COLUMN ext TEXT;
ALTER TABLE message ADD COLUMN recalled INTEGER NOT NULL DEFAULT 0;

-- Who is in a conversation, both users of a direct one too; who left has no row. first_seq: the lowest entry the
-- user may read.
CREATE TABLE member (
  user_id         TEXT NOT NULL,
  conversation_id INTEGER NOT NULL,
  role            INTEGER NOT NULL DEFAULT 0,
  joined_seq      INTEGER NOT NULL DEFAULT 0,
  first_seq       INTEGER NOT NULL DEFAULT 1,
  read_seq        INTEGER NOT NULL DEFAULT 0,
  pinned          INTEGER NOT NULL DEFAULT 0,
  muted           INTEGER NOT NULL DEFAULT 0,
  PRIMARY KEY (user_id, conversation_id)
) STRICT, WITHOUT ROWID;
CREATE INDEX member_conversation ON member (conversation_id, user_id);
CREATE INDEX member_owner ON member (conversation_id) WHERE role = 2;
INSERT INTO member (user_id, conversation_id)
  SELECT user_low, id FROM conversation UNION SELECT user_high, id FROM conversation;

-- The tokens of core/search_text.hpp, by message id, each with its conversation before it (12_hello): a search
-- reads what is in the user's own conversations and nothing else, however many others wrote the same word.
-- Without content of its own: a recall takes a message out by giving the same tokens again. The ascii tokenizer
-- leaves what is not ASCII in one piece, as it was cut.
CREATE VIRTUAL TABLE message_search USING
  fts5(tokens, content = '', columnsize = 0, detail = 'none', tokenize = "ascii tokenchars '_'");

CREATE TABLE profile (
  user_id TEXT PRIMARY KEY,
  name    TEXT,
  avatar  TEXT
) STRICT, WITHOUT ROWID;

CREATE TABLE block (
  user_id TEXT NOT NULL,
  blocked TEXT NOT NULL,
  PRIMARY KEY (user_id, blocked)
) STRICT, WITHOUT ROWID;

-- One row. home: where the file was at the last start, and which start that was, see sqlite_file.hpp; elsewhere
-- it is a restored copy and gets another epoch.
CREATE TABLE store_identity (
  epoch TEXT NOT NULL,
  home  TEXT NOT NULL
) STRICT;

-- Only the classic contract reads by sender, and it shows no groups.
DROP INDEX message_sender;
CREATE INDEX message_sender ON message (sender) WHERE target IS NOT NULL;
