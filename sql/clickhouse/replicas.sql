-- How many servers hold the target, as the one that answers knows it; no row if it is not replicated.
SELECT toInt64(total_replicas) AS replicas
FROM system.replicas
WHERE database = currentDatabase() AND table = {table:String}
