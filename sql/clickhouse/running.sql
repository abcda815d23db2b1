-- Statements of ours that the server is running; the comment says for whom.
SELECT query_id, Settings['log_comment'] AS owner
FROM system.processes
WHERE startsWith(Settings['log_comment'], {prefix:String})
