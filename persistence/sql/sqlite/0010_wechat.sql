-- What a content check says of a message. state 0: it is to be asked for, or its answer is on its way, and at due_ms
-- somebody takes it up (again); 1 pass, 2 review, 3 risky, 4 nobody could say. said_by 1: our list of words, 2: WeChat.
CREATE TABLE content_check (
  message_id INTEGER PRIMARY KEY,
  state      INTEGER NOT NULL,
  said_by    INTEGER NOT NULL,
  label      INTEGER,
  at_ms      INTEGER NOT NULL,
  due_ms     INTEGER NOT NULL,
  attempts   INTEGER NOT NULL DEFAULT 0,
  trace_id   TEXT
) STRICT;
CREATE INDEX content_check_due ON content_check (due_ms) WHERE state = 0;
CREATE INDEX content_check_trace ON content_check (trace_id) WHERE trace_id IS NOT NULL;

-- How often somebody (a user; '': all) has asked WeChat in that minute since 1970.
CREATE TABLE wechat_use (
  name   TEXT PRIMARY KEY,
  minute INTEGER NOT NULL,
  used   INTEGER NOT NULL
) WITHOUT ROWID, STRICT;

-- What WeChat has told by itself, each by a name of its own: it tells again what it is not sure to have told.
CREATE TABLE wechat_call (
  name  TEXT PRIMARY KEY,
  at_ms INTEGER NOT NULL
) WITHOUT ROWID, STRICT;
CREATE INDEX wechat_call_at ON wechat_call (at_ms);
