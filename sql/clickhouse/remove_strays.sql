-- Removes rows below the cutoff that belong to nothing: all of an unknown entity type or metric, or
-- those of the ids given.
DELETE FROM {target:Identifier}
WHERE entityType = {entity:String}
  AND metricType = {metric:String}
  AND createdAt < {cutoff:DateTime64(3, 'UTC')}
  AND entityId >= {lowest:Int64}
  AND entityId <= {highest:Int64}
  AND ({everything:Bool} OR entityId IN {ids:Array(Int64)})
