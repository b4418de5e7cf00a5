-- Who comes by another system's login: which user that is here. identity names the system and whom it knows there
-- ("wechat:APP_ID:OPENID"); the user's id is our own.
CREATE TABLE identity (
  identity      text COLLATE "C" PRIMARY KEY,
  user_id       text COLLATE "C" NOT NULL UNIQUE,
  created_at_ms bigint NOT NULL
);
