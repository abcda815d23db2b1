-- What the target holds in a scope, row by row, live events too; not more than a number of rows.
SELECT metricType, entityId, userId, metricValue, toDateTime64(createdAt, 3, 'UTC') AS createdAt
FROM {target:Identifier}
WHERE entityType = {entity:String}
  AND metricType IN {metrics:Array(String)}
  AND entityId >= {start:Int64}
  AND entityId < {stop:Int64}
LIMIT {limit:UInt64}
