-- What may make source tables show less than there is, a row a table: what it is, and for a replicated
-- one how far behind this replica is and whether it has lost its Keeper.
SELECT concat(if(t.database = currentDatabase(), '', concat(t.database, '.')), t.name) AS table,
       t.engine AS engine,
       toInt64(r.absolute_delay) AS delay,
       r.is_readonly OR r.is_session_expired AS alone
FROM system.tables AS t
LEFT JOIN system.replicas AS r ON r.database = t.database AND r.table = t.name
WHERE (t.database = currentDatabase() AND t.name IN {tables:Array(String)})
   OR concat(t.database, '.', t.name) IN {tables:Array(String)}
ORDER BY table
