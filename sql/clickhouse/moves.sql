-- All events of some entities, live ones included; not more than a number of rows.
SELECT toInt64(entityId) AS entityId, toInt64(metricValue) AS value,
       toDateTime64(createdAt, 3, 'UTC') AS createdAt
FROM {target:Identifier}
WHERE entityType = {entity:String}
  AND metricType = {metric:String}
  AND entityId IN {ids:Array(Int64)}
LIMIT {most:UInt64}
