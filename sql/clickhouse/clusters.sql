-- Names that cover the server that answers, and how many replicas of its shard each of them knows.
SELECT cluster, toInt64(count()) AS replicas
FROM system.clusters
GROUP BY cluster, shard_num
HAVING max(is_local) = 1
ORDER BY replicas DESC, cluster
