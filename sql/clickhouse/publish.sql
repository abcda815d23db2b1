-- Adds staged events of metrics of which the scope holds none: all of them, or those of a portion of
-- the target's partitions, because a server takes only so many partitions in one insert.
INSERT INTO {target:Identifier} (entityType, entityId, userId, metricType, metricValue, createdAt)
SELECT entityType, entityId, userId, metricType, metricValue, createdAt
FROM {stage:Identifier}
WHERE metricType IN {metrics:Array(String)}
  AND (empty({portion:Array(String)}) OR toString({partition:Clause}) IN {portion:Array(String)})
