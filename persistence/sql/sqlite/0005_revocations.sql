-- Tokens of a user that were issued by at_us (microseconds since 1970) are good no more. A row is of use for as long
-- as the longest token lives.
CREATE TABLE revocation (
  user_id TEXT PRIMARY KEY,
  at_us   INTEGER NOT NULL
) WITHOUT ROWID, STRICT;
CREATE INDEX revocation_at ON revocation (at_us);
