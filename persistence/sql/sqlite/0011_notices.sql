-- Subscribe messages of WeChat. How many a user lets be sent, by template. one_sided: of the last taps, those that only
-- the client (> 0) or only WeChat (< 0) has told of; the other may still tell.
CREATE TABLE push_grant (
  user_id      TEXT NOT NULL,
  template_id  TEXT NOT NULL,
  grants       INTEGER NOT NULL,
  one_sided    INTEGER NOT NULL,
  told_at_ms   INTEGER NOT NULL,
  PRIMARY KEY (user_id, template_id)
) STRICT, WITHOUT ROWID;

-- Of whom it is to be seen at due_ms whether they know what was written to them, from first_seq to last_seq. due_ms NULL:
-- they were told, and are not told again of this conversation before they have been back.
CREATE TABLE notice (
  user_id         TEXT NOT NULL,
  conversation_id INTEGER NOT NULL,
  first_seq       INTEGER NOT NULL,
  last_seq        INTEGER NOT NULL,
  noted_at_ms     INTEGER NOT NULL,
  due_ms          INTEGER,
  PRIMARY KEY (user_id, conversation_id)
) STRICT, WITHOUT ROWID;
CREATE INDEX notice_due ON notice (due_ms) WHERE due_ms IS NOT NULL;
