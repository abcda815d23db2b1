-- Keys that a second look will judge again: those that the first one wrote down, and those with a recent
-- live event.
INSERT INTO {look:Identifier} (kind, whole, metricType, entityId, userId, metricValue)
SELECT 'judged', whole, metricType, entityId, userId, present
FROM {judged:Identifier}
UNION ALL
SELECT DISTINCT 'key', has({whole:Array(String)}, metricType) AS entire, toString(metricType), entityId, if(entire, 0, userId), 0
FROM {held:Identifier}
WHERE entityType = {entity:String}
  AND metricType IN {metrics:Array(String)}
  AND entityId >= {start:Int64}
  AND entityId < {stop:Int64}
  AND createdAt >= {cutoff:DateTime64(3, 'UTC')}
  AND createdAt >= {recent:DateTime64(3, 'UTC')}
  AND createdAt <= {until:DateTime64(3, 'UTC')}
