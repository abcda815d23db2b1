-- What the target holds in the scope, a row a metric: count, sum, and a hash that adds up, in which an
-- event and its compensation cancel.
SELECT metricType,
       count() AS events,
       sum(toInt64(metricValue)) AS total,
       sum(if(metricValue >= 0, 1, -1)) AS net,
       sumWithOverflow(reinterpretAsInt64(cityHash64(entityId, userId, createdAt, abs(metricValue)))
                       * if(metricValue >= 0, 1, -1)) AS hash
FROM {held:Identifier}
WHERE entityType = {entity:String}
  AND metricType IN {metrics:Array(String)}
  AND entityId >= {start:Int64}
  AND entityId < {stop:Int64}
  AND createdAt < {cutoff:DateTime64(3, 'UTC')}
  AND ({only:Clause})
GROUP BY metricType
