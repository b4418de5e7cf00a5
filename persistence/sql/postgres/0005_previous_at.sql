-- When the entry before the last was committed: another node of a cluster may still be telling of it.
ALTER TABLE conversation ADD COLUMN previous_at_ms bigint NOT NULL DEFAULT 0;
