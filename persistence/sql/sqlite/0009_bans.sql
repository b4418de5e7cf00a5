-- Who may not speak, until until_ms (0: until it is lifted, which sets until_ms).
CREATE TABLE ban (
  user_id    TEXT PRIMARY KEY,
  reason     TEXT NOT NULL,
  since_ms   INTEGER NOT NULL,
  until_ms   INTEGER NOT NULL,
  changed_ms INTEGER NOT NULL
) WITHOUT ROWID, STRICT;
CREATE INDEX ban_changed ON ban (changed_ms);
