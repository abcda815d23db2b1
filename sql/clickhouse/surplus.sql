-- Where the surplus lies: part and row of each copy to take away. Parts never change in place,
-- so a merge in between makes the address void, never wrong; the next plan finds what is left.
INSERT INTO {surplus:Identifier} (part, position)
SELECT present.part AS part, present.position AS position
FROM
(
    SELECT _part AS part, _part_offset AS position,
           metricType, entityId, userId, createdAt, metricValue,
           toInt64(abs(toInt64(metricValue))) AS magnitude,
           row_number() OVER (PARTITION BY metricType, entityId, userId, createdAt, metricValue) AS copy
    FROM {target:Identifier}
    WHERE entityType = {entity:String}
      AND metricType IN {metrics:Array(String)}
      AND entityId >= {start:Int64}
      AND entityId < {stop:Int64}
      AND createdAt < {cutoff:DateTime64(3, 'UTC')}
      AND (metricType, entityId, userId, createdAt) IN
      (
          SELECT metricType, entityId, userId, createdAt
          FROM {difference:Identifier}
          WHERE removePositive + removeNegative > 0
      )
) AS present
INNER JOIN {difference:Identifier} AS surplus
    ON present.metricType = surplus.metricType
   AND present.entityId = surplus.entityId
   AND present.userId = surplus.userId
   AND present.createdAt = surplus.createdAt
   AND present.magnitude = surplus.magnitude
WHERE present.copy <= if(present.metricValue >= 0, surplus.removePositive, surplus.removeNegative)
