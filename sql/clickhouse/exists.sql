-- A row if there is a table of this name.
SELECT 1 AS one
FROM system.tables
WHERE database = currentDatabase() AND name = {table:String}
