-- The rows of chosen entities: of the source before the cutoff with adjustments (0), and from it on (1); held
-- below the cutoff (2), and live (3). Not more than a number of rows.
SELECT side, toInt64(entityId) AS entityId, toInt64(userId) AS userId, toInt64(metricValue) AS value,
       toDateTime64(createdAt, 3, 'UTC') AS createdAt
FROM
(
    SELECT toUInt8(0) AS side, entityId, userId, metricValue, createdAt
    FROM {stage:Identifier}
    WHERE metricType = {metric:String}
    UNION ALL
    SELECT toUInt8(1) AS side, entityId, userId, metricValue, createdAt
    FROM {after:Identifier}
    WHERE metricType = {metric:String}
    UNION ALL
    SELECT if(createdAt < {cutoff:DateTime64(3, 'UTC')}, toUInt8(2), toUInt8(3)) AS side, entityId, userId, metricValue, createdAt
    FROM {held:Identifier}
    WHERE entityType = {entity:String}
      AND metricType = {metric:String}
      AND entityId >= {start:Int64}
      AND entityId < {stop:Int64}
)
WHERE entityId IN (SELECT entityId FROM {chosen:Identifier} WHERE upTo <= {most:UInt64} OR number = 1)
  AND ({keys:Clause})
LIMIT {most:UInt64}
