-- What the target holds of a range below the cutoff: entities, rows, and rows from an instant on.
SELECT toInt64(uniqExact(entityId)) AS entities,
       toInt64(count()) AS rows,
       toInt64(countIf(createdAt >= {since:DateTime64(3, 'UTC')})) AS late
FROM {target:Identifier}
WHERE entityType = {entity:String}
  AND metricType = {metric:String}
  AND entityId >= {start:Int64}
  AND entityId < {stop:Int64}
  AND createdAt < {cutoff:DateTime64(3, 'UTC')}
