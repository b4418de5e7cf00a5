-- Who comes by another system's login: which user that is here. identity names the system and whom it knows there
-- ("wechat:APP_ID:OPENID"); the user's id is our own.
CREATE TABLE identity (
  identity      TEXT PRIMARY KEY,
  user_id       TEXT NOT NULL UNIQUE,
  created_at_ms INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
