-- What late keys had at the first look, as rows of the source.
INSERT INTO {look:Identifier} (kind, metricType, entityId, userId, metricValue, createdAt)
SELECT 'row', metricType, entityId, userId, metricValue, createdAt
FROM {target:Identifier}
WHERE entityType = {entity:String}
  AND metricType IN {metrics:Array(String)}
  AND entityId >= {start:Int64}
  AND entityId < {stop:Int64}
  AND (createdAt < {cutoff:DateTime64(3, 'UTC')} OR createdAt < {recent:DateTime64(3, 'UTC')})
  AND ({late:Clause})
