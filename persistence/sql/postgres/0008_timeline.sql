-- The newest timeline of the database on which a server has stored, and of which cluster (initdb's system identifier) it
-- is: a primary below it is a false one. A server writes it, and so commits, before it uses a primary that it has just met.
ALTER TABLE store_identity ADD COLUMN timeline_system bigint, ADD COLUMN timeline bigint;
