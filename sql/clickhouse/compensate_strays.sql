-- Where nothing is deleted: the negation of every row below the cutoff that belongs to nothing and is
-- not compensated yet, at its own time.
INSERT INTO {target:Identifier} (entityType, entityId, userId, metricType, metricValue, createdAt)
SELECT entityType, entityId, userId, metricType, if(net > 0, -1, 1) * magnitude, createdAt
FROM
(
    SELECT entityType, entityId, userId, metricType, createdAt, abs(toInt64(metricValue)) AS magnitude,
           sum(if(metricValue < 0, -1, 1)) AS net
    FROM {target:Identifier}
    WHERE entityType = {entity:String}
      AND metricType = {metric:String}
      AND createdAt < {cutoff:DateTime64(3, 'UTC')}
      AND entityId >= {lowest:Int64}
      AND entityId <= {highest:Int64}
      AND ({everything:Bool} OR entityId IN {ids:Array(Int64)})
      AND metricValue != 0
    GROUP BY entityType, entityId, userId, metricType, createdAt, magnitude
    HAVING net != 0
)
ARRAY JOIN range(abs(net))
