-- Columns of the target as the server has them.
SELECT name, type, default_kind
FROM system.columns
WHERE database = currentDatabase() AND table = {table:String}
ORDER BY position
