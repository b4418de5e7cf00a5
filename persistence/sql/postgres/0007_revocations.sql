-- Tokens of a user that were issued by at_us (microseconds since 1970) are good no more. A row is of use for as long
-- as the longest token lives; every node reads the new ones once a second.
CREATE TABLE revocation (
  user_id text COLLATE "C" PRIMARY KEY,
  at_us   bigint NOT NULL
);
CREATE INDEX revocation_at ON revocation (at_us);
