-- What a message was called in the table that it was imported from; NULL: it was sent here.
ALTER TABLE message ADD COLUMN imported_id bigint;
