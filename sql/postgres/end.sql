-- Ends a reading; there is nothing to keep.
ROLLBACK
