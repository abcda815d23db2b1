-- The least a session can be asked.
SELECT 1
