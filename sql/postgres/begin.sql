-- Makes the transaction that was just begun a reading: one snapshot, nothing written.
SET TRANSACTION ISOLATION LEVEL REPEATABLE READ READ ONLY
