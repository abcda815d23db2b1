-- What the target holds in the scope, a row a metric: count, sum and a hash that adds up.
SELECT metricType,
       count() AS events,
       sum(toInt64(metricValue)) AS total,
       sumWithOverflow(cityHash64(entityId, userId, createdAt, metricValue)) AS hash
FROM {target:Identifier}
WHERE entityType = {entity:String}
  AND metricType IN {metrics:Array(String)}
  AND entityId >= {start:Int64}
  AND entityId < {stop:Int64}
  AND createdAt < {cutoff:DateTime64(3, 'UTC')}
GROUP BY metricType
