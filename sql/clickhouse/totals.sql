-- Sums a reader of the target sees, live events included, a row an entity and metric.
SELECT toInt64(entityId) AS entityId,
       toString(metricType) AS metricType,
       sum(toInt64(metricValue)) AS total
FROM {target:Identifier}
WHERE entityType = {entity:String}
  AND metricType IN {metrics:Array(String)}
  AND entityId >= {start:Int64}
  AND entityId < {stop:Int64}
GROUP BY entityId, metricType
