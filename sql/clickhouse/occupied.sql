-- A row if the target holds anything in the scope.
SELECT 1 AS occupied
FROM {target:Identifier}
WHERE entityType = {entity:String}
  AND metricType IN {metrics:Array(String)}
  AND entityId >= {start:Int64}
  AND entityId < {stop:Int64}
  AND createdAt < {cutoff:DateTime64(3, 'UTC')}
LIMIT 1
