-- The signed difference of stage and scope, a row a key that is not in sync: how many copies of
-- the event and of its negation to add and to take away, and how many are held. A key is in sync when both sides net the
-- same, so an event and the compensation of it weigh nothing. Where nothing may be taken away
-- (append), its negation is added; an event of value 0 needs none.
-- Keys are first thrown into a million buckets, in which wanted and present cancel out as signed
-- sums of 64-bit hashes: a bucket that agrees by count and hash is, like a scope, taken to be
-- in sync, and only keys of the others are compared one by one. A metric is grouped by its number: its
-- name in the key would take three times the work. transform() looks a number up once a name, where
-- indexOf() searches the array for each row.
INSERT INTO {difference:Identifier}
    (metricType, entityId, userId, createdAt, magnitude,
     addPositive, addNegative, removePositive, removeNegative, compensating,
     heldPositive, heldNegative)
WITH rows AS
(
    SELECT CAST(transform(metricType, {metrics:Array(String)}, arrayEnumerate({metrics:Array(String)}), 0),
                'UInt8') AS metric,
           entityId, userId, createdAt,
           toInt64(abs(toInt64(metricValue))) AS magnitude, metricValue >= 0 AS positive, true AS wanted
    FROM {stage:Identifier}
    WHERE metricType IN {metrics:Array(String)}
    UNION ALL
    SELECT CAST(transform(metricType, {metrics:Array(String)}, arrayEnumerate({metrics:Array(String)}), 0),
                'UInt8') AS metric,
           entityId, userId, createdAt,
           toInt64(abs(toInt64(metricValue))) AS magnitude, metricValue >= 0 AS positive, false AS wanted
    FROM {held:Identifier}
    WHERE entityType = {entity:String}
      AND metricType IN {metrics:Array(String)}
      AND entityId >= {start:Int64}
      AND entityId < {stop:Int64}
      AND createdAt < {cutoff:DateTime64(3, 'UTC')}
      AND ({only:Clause})
),
buckets AS
(
    SELECT toUInt32(bitAnd(hash, 1048575)) AS bucket
    FROM
    (
        SELECT cityHash64(metric, entityId, userId, createdAt, magnitude) AS hash,
               if(wanted = positive, 1, -1) AS sign
        FROM rows
    )
    GROUP BY bucket
    HAVING sum(sign) != 0 OR sumWithOverflow(reinterpretAsInt64(hash) * sign) != 0
)
SELECT {metrics:Array(String)}[metric] AS metricType, entityId, userId, createdAt, magnitude,
       if({append:Bool}, greatest(net, 0), greatest(wantedPositive - presentPositive, 0)) AS addPositive,
       if({append:Bool}, if(magnitude = 0, 0, greatest(-net, 0)),
          greatest(wantedNegative - presentNegative, 0)) AS addNegative,
       if({append:Bool}, 0, greatest(presentPositive - wantedPositive, 0)) AS removePositive,
       if({append:Bool}, 0, greatest(presentNegative - wantedNegative, 0)) AS removeNegative,
       if({append:Bool}, least(addNegative, greatest(presentPositive - wantedPositive, 0))
                       + least(addPositive, greatest(presentNegative - wantedNegative, 0)), 0) AS compensating,
       presentPositive AS heldPositive, presentNegative AS heldNegative
FROM
(
    SELECT metric, entityId, userId, createdAt, magnitude,
           toInt64(countIf(wanted AND positive)) AS wantedPositive,
           toInt64(countIf(wanted AND NOT positive)) AS wantedNegative,
           toInt64(countIf(NOT wanted AND positive)) AS presentPositive,
           toInt64(countIf(NOT wanted AND NOT positive)) AS presentNegative,
           wantedPositive - wantedNegative - presentPositive + presentNegative AS net
    FROM rows
    WHERE toUInt32(bitAnd(cityHash64(metric, entityId, userId, createdAt, magnitude), 1048575)) IN buckets
    GROUP BY metric, entityId, userId, createdAt, magnitude
)
WHERE addPositive + addNegative + removePositive + removeNegative > 0 AND net != 0
