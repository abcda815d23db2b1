-- The first statement of a reading: fixes its snapshot and names it.
SELECT pg_current_snapshot()::text
