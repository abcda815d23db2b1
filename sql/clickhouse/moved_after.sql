-- How many entities of a range have an event after an instant.
SELECT toInt64(uniqExact(entityId)) AS entities
FROM {target:Identifier}
WHERE entityType = {entity:String}
  AND metricType = {metric:String}
  AND entityId >= {start:Int64}
  AND entityId < {stop:Int64}
  AND createdAt > {since:DateTime64(3, 'UTC')}
