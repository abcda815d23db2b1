-- Which of some locks are held in this database, and whether by this very server session.
SELECT k.key AS "key", l.pid = pg_backend_pid() AS "ours", pg_backend_pid() AS "backend"
FROM unnest(:keys::bigint[]) AS k (key)
JOIN pg_locks l ON l.locktype = 'advisory'
    AND l.granted
    AND l.objsubid = 1
    AND (l.classid::bigint << 32) | l.objid::bigint = k.key
JOIN pg_database d ON d.oid = l.database AND d.datname = current_database()
