-- Statements that run (inserts into the target apart) and private tables that lie about under our
-- name, and whose they are; and mutations not done, of which only the private table they read is
-- known.
SELECT if(match(query, concat('INSERT INTO [`"]?', {table:String}, '[`" ]')), 'insert', 'query') AS kind,
       query_id AS name, Settings['log_comment'] AS owner
FROM system.processes
WHERE startsWith(Settings['log_comment'], {owners:String})
UNION ALL
SELECT 'table' AS kind, name, comment AS owner
FROM system.tables
WHERE database = currentDatabase() AND startsWith(name, {tables:String})
UNION ALL
SELECT 'mutation' AS kind, mutation_id AS name, extract(command, concat({tables:String}, 'surplus_\\w+')) AS owner
FROM system.mutations
WHERE database = currentDatabase()
  AND table = {table:String}
  AND NOT is_done
  AND position(command, concat({tables:String}, 'surplus_')) > 0
