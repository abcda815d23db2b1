-- Ids of a pair that have rows below its cutoff and lie outside of every range: those below 0 and from
-- the end of the ranges without gaps on, less the cells apart.
SELECT DISTINCT toInt64(entityId) AS id
FROM {target:Identifier}
WHERE entityType = {entity:String}
  AND metricType = {metric:String}
  AND (entityId < 0 OR entityId >= {end:Int64})
  AND createdAt < {cutoff:DateTime64(3, 'UTC')}
  AND NOT arrayExists((first, stop) -> first <= entityId AND entityId < stop,
      {extra_starts:Array(Int64)}, {extra_stops:Array(Int64)})
ORDER BY id
LIMIT {most:Int64}
