-- Users whose data is to go, and how far that is: part, and what of it is done with (core/chat/own_data.hpp).
CREATE TABLE erasure (
  user_id     TEXT PRIMARY KEY,
  begun_at_ms INTEGER NOT NULL,
  part        INTEGER NOT NULL,
  done_up_to  TEXT NOT NULL
) STRICT, WITHOUT ROWID;

-- What operators have done: who (an API key's name), when, what, and why.
CREATE TABLE audit (
  id    INTEGER PRIMARY KEY AUTOINCREMENT,
  at_ms INTEGER NOT NULL,
  who   TEXT NOT NULL,
  what  TEXT NOT NULL,
  why   TEXT NOT NULL
) STRICT;

CREATE INDEX file_owner ON file (owner, id);
