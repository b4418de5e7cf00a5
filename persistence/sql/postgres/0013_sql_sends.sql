-- Messages that back ends have written in transactions of their own, by functions that `hongyan grant-sql` makes. A row
-- waits until a node has sent it; what was refused is kept with its reason for 30 days, for the role that wrote it.
CREATE TABLE sql_send (
  id            bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  role          text NOT NULL,
  sender        text NOT NULL,
  recipient     text NOT NULL,
  to_group      boolean NOT NULL,
  kind          text NOT NULL,
  content       text NOT NULL,
  client_msg_id text NOT NULL,
  ext           text,
  at_ms         bigint NOT NULL
);
CREATE TABLE sql_refused (
  id            bigint PRIMARY KEY,
  role          text NOT NULL,
  sender        text NOT NULL,
  recipient     text NOT NULL,
  to_group      boolean NOT NULL,
  kind          text NOT NULL,
  client_msg_id text NOT NULL,
  reason        text NOT NULL,
  detail        text NOT NULL,
  at_ms         bigint NOT NULL
);
CREATE INDEX sql_refused_at ON sql_refused (at_ms);
