-- Keys that show a recent live event only now. At the first look they were in sync, so what they hold is what
-- the source had before the cutoff, and their older live events are what it had from then on.
INSERT INTO {look:Identifier} (kind, whole, metricType, entityId, userId)
SELECT DISTINCT 'late', has({whole:Array(String)}, metricType) AS entire, toString(metricType), entityId, if(entire, 0, userId)
FROM {target:Identifier}
WHERE entityType = {entity:String}
  AND metricType IN {metrics:Array(String)}
  AND entityId >= {start:Int64}
  AND entityId < {stop:Int64}
  AND createdAt >= {cutoff:DateTime64(3, 'UTC')}
  AND createdAt >= {recent:DateTime64(3, 'UTC')}
  AND createdAt <= {until:DateTime64(3, 'UTC')}
  AND NOT ({only:Clause})
