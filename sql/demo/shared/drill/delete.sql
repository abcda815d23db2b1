-- Deletes the events of some entities and users of a pair.
DELETE FROM {target:Identifier}
WHERE entityType = {entity:String} AND metricType = {metric:String}
  AND (entityId, userId) IN {keys:Array(Tuple(Int64, Int64))};
