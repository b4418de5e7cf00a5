-- The lowest entry that is kept (retention.days): those below it are gone.
ALTER TABLE conversation ADD COLUMN first_seq bigint NOT NULL DEFAULT 1;
