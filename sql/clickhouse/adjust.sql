-- Puts adjustments beside the source's rows: for each key with one, what the target holds below the cutoff
-- beyond them, left as it is where it sums to the adjustment; else one event of its value just before the
-- cutoff. An event and its compensation weigh nothing. Keys come in as rows without a time of their own
-- (marked), so that everything is grouped once.
INSERT INTO {stage:Identifier} (entityType, entityId, userId, metricType, metricValue, createdAt)
SELECT {entity:String} AS entityType, entityId, row.1 AS userId, metricType, row.3 AS metricValue, row.2 AS createdAt
FROM
(
    SELECT metricType, entityId, user,
           sum(magnitude * (more - less)) AS total,
           max(if(marked, adjustment, -9223372036854775807)) AS wanted,
           groupArrayIf((userId, createdAt, magnitude, more, less), more + less > 0) AS extras,
           if(total = wanted,
              arrayFlatten(arrayMap(one -> arrayConcat(
                  arrayWithConstant(toUInt32(one.4), (one.1, one.2, one.3)),
                  arrayWithConstant(toUInt32(one.5), (one.1, one.2, -one.3))), extras)),
              [(user, {before:DateTime64(3, 'UTC')}, wanted)]) AS rows
    FROM
    (
        SELECT metricType, entityId, user, userId, createdAt, magnitude, marked,
               any(adjustment) AS adjustment,
               toInt64(countIf(side = 1 AND positive)) - toInt64(countIf(side = 0 AND positive)) AS plus,
               toInt64(countIf(side = 1 AND NOT positive)) - toInt64(countIf(side = 0 AND NOT positive)) AS minus,
               greatest(plus, 0) - least(greatest(plus, 0), greatest(minus, 0)) AS more,
               greatest(minus, 0) - least(greatest(plus, 0), greatest(minus, 0)) AS less
        FROM
        (
            SELECT toString(metricType) AS metricType, entityId,
                   if(metricType IN {whole:Array(String)}, 0, userId) AS user, userId,
                   toDateTime64(createdAt, 3, 'UTC') AS createdAt,
                   toInt64(abs(toInt64(metricValue))) AS magnitude, metricValue >= 0 AS positive,
                   toUInt8(0) AS side, false AS marked, toInt64(0) AS adjustment
            FROM {stage:Identifier}
            WHERE metricType IN {metrics:Array(String)}
            UNION ALL
            SELECT toString(metricType), entityId, if(metricType IN {whole:Array(String)}, 0, userId), userId,
                   toDateTime64(createdAt, 3, 'UTC'), toInt64(abs(toInt64(metricValue))), metricValue >= 0,
                   toUInt8(1), false, toInt64(0)
            FROM {held:Identifier}
            WHERE entityType = {entity:String}
              AND metricType IN {metrics:Array(String)}
              AND entityId >= {start:Int64}
              AND entityId < {stop:Int64}
              AND createdAt < {cutoff:DateTime64(3, 'UTC')}
            UNION ALL
            SELECT toString(metricType), entityId, userId, userId, {before:DateTime64(3, 'UTC')}, toInt64(0), true,
                   toUInt8(2), true, adjustment
            FROM {judged:Identifier}
            WHERE adjustment != 0 AND NOT earlier
        )
        WHERE (metricType, entityId, user) IN
              (SELECT toString(metricType), entityId, userId FROM {judged:Identifier} WHERE adjustment != 0 AND NOT earlier)
        GROUP BY metricType, entityId, user, userId, createdAt, magnitude, marked
    )
    GROUP BY metricType, entityId, user
)
ARRAY JOIN rows AS row
