-- Files that users have uploaded. A row is there before its first byte is (state 0), and for as long as any byte may be
-- (2: going); 1: all of it is in the file store. due_at_ms: deleted after it; NULL: a message, an avatar or a preview
-- has it.
CREATE TABLE file (
  id            text COLLATE "C" PRIMARY KEY,
  owner         text COLLATE "C" NOT NULL,
  created_at_ms bigint NOT NULL,
  state         smallint NOT NULL DEFAULT 0,
  due_at_ms     bigint,
  kind          smallint NOT NULL DEFAULT 3,
  mime          text NOT NULL DEFAULT '',
  name          text NOT NULL DEFAULT '',
  size          bigint NOT NULL DEFAULT 0,
  width         bigint,
  height        bigint,
  length_ms     bigint
);
CREATE INDEX file_due ON file (due_at_ms) WHERE due_at_ms IS NOT NULL;

-- Which messages have a file: whoever may read one may read it. Taken away by a recall.
CREATE TABLE message_file (
  file_id         text COLLATE "C" NOT NULL,
  conversation_id bigint NOT NULL,
  seq             bigint NOT NULL,
  PRIMARY KEY (file_id, conversation_id, seq)
);
CREATE INDEX message_file_entry ON message_file (conversation_id, seq);

-- An avatar that is as long as a file's id may be one.
CREATE INDEX profile_avatar ON profile (avatar) WHERE length(avatar) = 32;

-- Of what a client sent, where something else is stored: see digest_of() in append_rules.hpp.
ALTER TABLE message ADD COLUMN sent_digest bigint;

-- The file store that goes with this database, and the key that links to its files are signed with.
CREATE TABLE file_store (
  only_one boolean PRIMARY KEY CHECK (only_one),
  name     text NOT NULL,
  link_key text NOT NULL
);
