-- The servers that share this database, for one another.
CREATE TABLE node (
  name        text COLLATE "C" PRIMARY KEY,
  address     text NOT NULL,
  incarnation bigint NOT NULL,
  seen_at     timestamptz NOT NULL
) WITH (fillfactor = 20);

-- One row: what a server shows to another to prove that it has the same database.
CREATE TABLE cluster_secret (
  only_one boolean PRIMARY KEY DEFAULT true CHECK (only_one),
  secret   text NOT NULL
);
