-- Puts adjustments beside the source's rows: for each key with one, what the target holds below the cutoff
-- beyond them, left as it is where it sums to the adjustment; else one event of its value just before the
-- cutoff. An event and its compensation weigh nothing.
INSERT INTO {stage:Identifier} (entityType, entityId, userId, metricType, metricValue, createdAt)
WITH keys AS
(
    SELECT metricType, entityId, userId, whole, adjustment
    FROM {judged:Identifier}
    WHERE adjustment != 0 AND NOT earlier
),
extras AS
(
    SELECT metricType, entityId, userId, createdAt, magnitude,
           greatest(presentPositive - wantedPositive, 0) AS positive,
           greatest(presentNegative - wantedNegative, 0) AS negative,
           positive - least(positive, negative) AS more,
           negative - least(positive, negative) AS less
    FROM
    (
        SELECT metricType, entityId, userId, createdAt, magnitude,
               toInt64(countIf(wanted AND positive)) AS wantedPositive,
               toInt64(countIf(wanted AND NOT positive)) AS wantedNegative,
               toInt64(countIf(NOT wanted AND positive)) AS presentPositive,
               toInt64(countIf(NOT wanted AND NOT positive)) AS presentNegative
        FROM
        (
            SELECT toString(metricType) AS metricType, entityId, userId, createdAt,
                   toInt64(abs(toInt64(metricValue))) AS magnitude, metricValue >= 0 AS positive, true AS wanted
            FROM {stage:Identifier}
            WHERE metricType IN {metrics:Array(String)}
            UNION ALL
            SELECT toString(metricType) AS metricType, entityId, userId, createdAt,
                   toInt64(abs(toInt64(metricValue))) AS magnitude, metricValue >= 0 AS positive, false AS wanted
            FROM {held:Identifier}
            WHERE entityType = {entity:String}
              AND metricType IN {metrics:Array(String)}
              AND entityId >= {start:Int64}
              AND entityId < {stop:Int64}
              AND createdAt < {cutoff:DateTime64(3, 'UTC')}
        )
        WHERE (metricType, entityId, userId) IN (SELECT toString(metricType), entityId, userId FROM keys WHERE NOT whole)
           OR (metricType, entityId) IN (SELECT toString(metricType), entityId FROM keys WHERE whole)
        GROUP BY metricType, entityId, userId, createdAt, magnitude
    )
    WHERE more + less > 0
),
beyond AS
(
    SELECT extras.metricType AS metricType, extras.entityId AS entityId,
           if(keys.whole, 0, extras.userId) AS userId,
           sum(magnitude * (more - less)) AS total
    FROM extras
    INNER JOIN (SELECT DISTINCT toString(metricType) AS metricType, entityId, whole FROM keys) AS keys
        ON extras.metricType = keys.metricType AND extras.entityId = keys.entityId
    GROUP BY metricType, entityId, userId
),
kept AS
(
    SELECT toString(keys.metricType) AS metricType, keys.entityId AS entityId, keys.userId AS userId, keys.whole AS whole
    FROM keys
    INNER JOIN beyond
        ON toString(keys.metricType) = beyond.metricType AND keys.entityId = beyond.entityId AND keys.userId = beyond.userId
    WHERE beyond.total = keys.adjustment
)
SELECT {entity:String} AS entityType, entityId, userId, metricType, value AS metricValue, createdAt
FROM extras
ARRAY JOIN arrayConcat(arrayWithConstant(toUInt32(more), magnitude), arrayWithConstant(toUInt32(less), -magnitude)) AS value
WHERE (metricType, entityId, userId) IN (SELECT metricType, entityId, userId FROM kept WHERE NOT whole)
   OR (metricType, entityId) IN (SELECT metricType, entityId FROM kept WHERE whole)
UNION ALL
SELECT {entity:String}, entityId, userId, toString(metricType), adjustment, {before:DateTime64(3, 'UTC')}
FROM keys
WHERE (toString(metricType), entityId, userId) NOT IN (SELECT metricType, entityId, userId FROM kept)
