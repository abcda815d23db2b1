-- Adds all staged events of metrics of which the scope holds none.
INSERT INTO {target:Identifier} (entityType, entityId, userId, metricType, metricValue, createdAt)
SELECT entityType, entityId, userId, metricType, metricValue, createdAt
FROM {stage:Identifier}
WHERE metricType IN {metrics:Array(String)}
