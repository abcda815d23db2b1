-- Statements that run, mutations not done and private tables that lie about under our name; the
-- owner says whose. A mutation is its private table's owner's; once that is gone, nobody's.
SELECT 'query' AS kind, query_id AS name, Settings['log_comment'] AS owner
FROM system.processes
WHERE startsWith(Settings['log_comment'], {owners:String})
UNION ALL
SELECT 'table' AS kind, name, comment AS owner
FROM system.tables
WHERE database = currentDatabase() AND startsWith(name, {tables:String})
UNION ALL
SELECT 'mutation' AS kind, mutation_id AS name, if(comment = '', {owners:String}, comment) AS owner
FROM system.mutations
LEFT JOIN
(
    SELECT name AS surplus, comment
    FROM system.tables
    WHERE database = currentDatabase() AND startsWith(name, {tables:String})
) AS tables ON surplus = extract(command, concat({tables:String}, 'surplus_\\w+'))
WHERE database = currentDatabase()
  AND table = {table:String}
  AND NOT is_done
  AND position(command, concat({tables:String}, 'surplus_')) > 0
