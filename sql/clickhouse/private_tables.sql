-- Stages and their side tables that attempts have left behind or are using right now.
SELECT name, comment AS owner
FROM system.tables
WHERE database = currentDatabase() AND startsWith(name, {prefix:String})
