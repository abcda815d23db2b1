-- Statements that run and private tables that lie about under our name; the owner says whose.
SELECT 'query' AS kind, query_id AS name, Settings['log_comment'] AS owner
FROM system.processes
WHERE startsWith(Settings['log_comment'], {owners:String})
UNION ALL
SELECT 'table' AS kind, name, comment AS owner
FROM system.tables
WHERE database = currentDatabase() AND startsWith(name, {tables:String})
