-- Whether the target holds a live event in the scope, and whether one is recent; no row if there is none.
SELECT max(createdAt >= {recent:DateTime64(3, 'UTC')}) AS recent
FROM {held:Identifier}
WHERE entityType = {entity:String}
  AND metricType IN {metrics:Array(String)}
  AND entityId >= {start:Int64}
  AND entityId < {stop:Int64}
  AND createdAt >= {cutoff:DateTime64(3, 'UTC')}
  AND createdAt <= {until:DateTime64(3, 'UTC')}
HAVING count() > 0
