-- Our running statements (inserts into the target apart, on every replica where there are several) and
-- leftover staging tables, with the attempt that owns them; and unfinished mutations, of which only the
-- staging table that they read is known.
SELECT if(match(query, concat('INSERT INTO [`"]?', {table:String}, '[`" ]')), 'insert', 'query') AS kind,
       query_id AS name, Settings['log_comment'] AS owner
FROM {processes:Clause}
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
