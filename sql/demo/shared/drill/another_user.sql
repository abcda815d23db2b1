-- Writes the events of some entities and users of a pair once more, for users that there are none of.
INSERT INTO {target:Identifier} (entityType, entityId, userId, metricType, metricValue, createdAt)
SELECT entityType, entityId, userId + 1000000000, metricType, metricValue, createdAt
FROM {target:Identifier}
WHERE entityType = {entity:String} AND metricType = {metric:String}
  AND (entityId, userId) IN {keys:Array(Tuple(Int64, Int64))};
