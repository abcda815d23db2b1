-- Rows of every table, as ANALYZE has just counted them.
SELECT relname::text, reltuples::bigint
FROM pg_class
WHERE relkind = 'r' AND relnamespace = 'public'::regnamespace AND reltuples >= 0
ORDER BY relname;
