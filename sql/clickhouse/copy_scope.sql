-- Copies what has to be looked at of a scope into a private table, live events included: the plan reads it
-- several times.
INSERT INTO {copy:Identifier} (entityType, entityId, userId, metricType, metricValue, createdAt)
SELECT entityType, entityId, userId, metricType, metricValue, createdAt
FROM {target:Identifier}
WHERE entityType = {entity:String}
  AND metricType IN {metrics:Array(String)}
  AND entityId >= {start:Int64}
  AND entityId < {stop:Int64}
  AND ({only:Clause})
