-- Webhooks: what they tell is the log itself, whose entries' ids say after which. position: how far one is; notes: its
-- sender's own; wish: what is wanted of it, a line each. holder: the node that sends, until then by this clock.
CREATE TABLE webhook (
  name       text COLLATE "C" PRIMARY KEY,
  position   bigint NOT NULL,
  notes      text NOT NULL DEFAULT '',
  wish       text NOT NULL DEFAULT '',
  holder     text COLLATE "C" NOT NULL,
  held_until timestamptz NOT NULL
) WITH (fillfactor = 20);

-- Events that were given up.
CREATE TABLE webhook_failed (
  webhook  text COLLATE "C" NOT NULL,
  event_id bigint NOT NULL,
  at_ms    bigint NOT NULL,
  attempts integer NOT NULL,
  why      text NOT NULL,
  PRIMARY KEY (webhook, event_id)
);

-- While there are webhooks: what no log has an entry of, with ids of the same sequence as messages, which is reactions
-- and, as of conversation 0, who comes and goes; and what entries were before they were changed or taken back. edits -1: it was still being written.
CREATE TABLE side_event (
  id              bigint PRIMARY KEY,
  conversation_id bigint NOT NULL,
  seq             bigint NOT NULL,
  user_id         text COLLATE "C" NOT NULL,
  emoji           text COLLATE "C" NOT NULL,
  is_on           boolean NOT NULL,
  at_ms           bigint NOT NULL
);
CREATE TABLE message_version (
  conversation_id bigint NOT NULL,
  seq             bigint NOT NULL,
  edits           integer NOT NULL,
  kind            smallint NOT NULL,
  content         text NOT NULL,
  ext             text,
  kept_at_ms      bigint NOT NULL,
  PRIMARY KEY (conversation_id, seq, edits)
);
CREATE INDEX message_version_kept ON message_version (kept_at_ms);

-- Whom webhooks were told to be online, and the node that saw them come.
CREATE TABLE presence (
  user_id text COLLATE "C" PRIMARY KEY,
  node    text COLLATE "C" NOT NULL
);
CREATE INDEX presence_node ON presence (node);
