-- Who may not speak, until until_ms (0: until it is lifted, which sets until_ms). Every node reads what has changed
-- once a second.
CREATE TABLE ban (
  user_id    text COLLATE "C" PRIMARY KEY,
  reason     text NOT NULL,
  since_ms   bigint NOT NULL,
  until_ms   bigint NOT NULL,
  changed_ms bigint NOT NULL
);
CREATE INDEX ban_changed ON ban (changed_ms);
