-- What the target holds in a scope, row by row, live events too; not more than a number of rows. A metric is
-- told by its place among those of the scope.
SELECT CAST(transform(metricType, {metrics:Array(String)}, arrayEnumerate({metrics:Array(String)}), 0), 'UInt8') AS metric,
       toInt64(entityId) AS entityId,
       toInt64(userId) AS userId,
       toInt64(metricValue) AS value,
       toDateTime64(createdAt, 3, 'UTC') AS createdAt
FROM {target:Identifier}
WHERE entityType = {entity:String}
  AND metricType IN {metrics:Array(String)}
  AND entityId >= {start:Int64}
  AND entityId < {stop:Int64}
LIMIT {limit:UInt64}
