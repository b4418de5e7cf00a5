-- Groups, members, read positions, recalls, search, profiles and blocks.

-- A conversation is direct (user_low, user_high) or a group (group_id). version goes up whenever members, roles,
-- muting or blocks change: what a writer knows of them is good as long as it is the same.
ALTER TABLE conversation ALTER COLUMN user_low DROP NOT NULL;
ALTER TABLE conversation ALTER COLUMN user_high DROP NOT NULL;
ALTER TABLE conversation
  ADD COLUMN group_id      text COLLATE "C" UNIQUE,
  ADD COLUMN name          text,
  ADD COLUMN muted         boolean NOT NULL DEFAULT false,
  ADD COLUMN history       smallint NOT NULL DEFAULT 0,
  ADD COLUMN dismissed     boolean NOT NULL DEFAULT false,
  ADD COLUMN member_count  integer NOT NULL DEFAULT 0,
  ADD COLUMN created_at_ms bigint NOT NULL DEFAULT 0,
  ADD COLUMN last_at_ms    bigint NOT NULL DEFAULT 0,
  ADD COLUMN version       bigint NOT NULL DEFAULT 0;
UPDATE conversation c SET last_at_ms = m.created_at_ms
  FROM message m WHERE m.conversation_id = c.id AND m.seq = c.last_seq;

-- kind: core/message.hpp. A recalled message has no content; its row stays.
ALTER TABLE message
  ADD COLUMN kind     smallint NOT NULL DEFAULT 0,
  ADD COLUMN ext      text,
  ADD COLUMN recalled boolean NOT NULL DEFAULT false;
-- Only the classic contract asks by sender, for direct messages: what a user says in groups is none of its cost.
DROP INDEX message_sender;
CREATE INDEX message_sender ON message (sender, id) WHERE target IS NOT NULL;

-- Who is in a conversation, both users of a direct one too; who left has no row. first_seq: the lowest entry the
-- user may read.
CREATE TABLE member (
  user_id         text COLLATE "C" NOT NULL,
  conversation_id bigint NOT NULL,
  role            smallint NOT NULL DEFAULT 0,
  joined_seq      bigint NOT NULL DEFAULT 0,
  first_seq       bigint NOT NULL DEFAULT 1,
  read_seq        bigint NOT NULL DEFAULT 0,
  pinned          boolean NOT NULL DEFAULT false,
  muted           boolean NOT NULL DEFAULT false,
  PRIMARY KEY (user_id, conversation_id)
) WITH (fillfactor = 80);
CREATE INDEX member_conversation ON member (conversation_id, user_id);
CREATE INDEX member_owner ON member (conversation_id) WHERE role = 2;
INSERT INTO member (user_id, conversation_id)
  SELECT user_low, id FROM conversation UNION SELECT user_high, id FROM conversation;

-- The tokens of core/search_text.hpp, and '@' with the conversation's id, which keeps a search of few conversations
-- away from all others; no row for a message without any. GIN's pending list is merged beside the senders
-- (postgres/index_keeper.hpp); where that fails, at 8 MB, by one of them.
CREATE TABLE message_search (
  message_id      bigint PRIMARY KEY,
  conversation_id bigint NOT NULL,
  tokens          tsvector NOT NULL
);
CREATE INDEX message_search_tokens ON message_search USING gin (tokens) WITH (gin_pending_list_limit = 8192);

CREATE TABLE profile (
  user_id text COLLATE "C" PRIMARY KEY,
  name    text,
  avatar  text
);

CREATE TABLE block (
  user_id text COLLATE "C" NOT NULL,
  blocked text COLLATE "C" NOT NULL,
  PRIMARY KEY (user_id, blocked)
);

-- One row. home: where the store was when epoch was given; elsewhere it is a restored copy and gets another.
CREATE TABLE store_identity (
  only_one boolean PRIMARY KEY DEFAULT true CHECK (only_one),
  epoch    text NOT NULL,
  home     text NOT NULL
);
