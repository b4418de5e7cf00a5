-- Subscribe messages of WeChat. How many a user lets be sent, by template. one_sided: of the last taps, those that only
-- the client (> 0) or only WeChat (< 0) has told of; the other may still tell.
CREATE TABLE push_grant (
  user_id      text COLLATE "C" NOT NULL,
  template_id  text COLLATE "C" NOT NULL,
  grants       integer NOT NULL,
  one_sided    integer NOT NULL,
  told_at_ms   bigint NOT NULL,
  PRIMARY KEY (user_id, template_id)
);

-- Of whom it is to be seen at due_ms whether they know what was written to them, from first_seq to last_seq. due_ms NULL:
-- they were told, and are not told again of this conversation before they have been back.
CREATE TABLE notice (
  user_id         text COLLATE "C" NOT NULL,
  conversation_id bigint NOT NULL,
  first_seq       bigint NOT NULL,
  last_seq        bigint NOT NULL,
  noted_at_ms     bigint NOT NULL,
  due_ms          bigint,
  PRIMARY KEY (user_id, conversation_id)
);
CREATE INDEX notice_due ON notice (due_ms) WHERE due_ms IS NOT NULL;
