-- 1 if we may make, fill, read and drop private tables beside the target.
CHECK GRANT CREATE TABLE, DROP TABLE, SELECT, INSERT, ALTER DELETE ON *
