-- Keys of live events of some ids; whether a user has a -1 among them that could be held against a +1, and
-- whether one bears the very time of a +1, as if it were dated by its row's birth. At most so many keys.
SELECT toString(metricType) AS metric, toInt64(entityId) AS entity, toInt64(userId) AS user,
       toBool(countIf(metricValue > 0) > 0 AND countIf(metricValue < 0) > 0) AS both,
       toBool(hasAny(groupUniqArrayIf(createdAt, metricValue > 0), groupUniqArrayIf(createdAt, metricValue < 0))) AS same
FROM {target:Identifier}
WHERE entityType = {entity:String}
  AND metricType IN {metrics:Array(String)}
  AND entityId >= {start:Int64}
  AND entityId < {stop:Int64}
  AND createdAt >= {cutoff:DateTime64(3, 'UTC')}
GROUP BY metric, entity, user
LIMIT {keys:UInt32}
