-- What has to change so that each key holds again what it held before a run changed it first: a row a key that
-- does not. Where nothing may be deleted (append) copies of the event and of its negation are weighed against each
-- other, else both are made right. A run that filled an empty scope is undone by scope ("whole"): beside what it had
-- changed earlier, nothing is wanted of it. "foreign": the key holds what neither the run nor its undoing left there.
INSERT INTO {difference:Identifier}
    (metricType, entityId, userId, createdAt, magnitude,
     addPositive, addNegative, removePositive, removeNegative, compensating, heldPositive, heldNegative, foreign)
WITH records AS
(
    SELECT entityId, userId, createdAt, magnitude,
           argMinIf(beforePositive, sequence, run = {run:String} AND sequence < {until:UInt64}) AS firstPositive,
           argMinIf(beforeNegative, sequence, run = {run:String} AND sequence < {until:UInt64}) AS firstNegative,
           min(least(beforePositive, afterPositive)) AS leastPositive,
           max(greatest(beforePositive, afterPositive)) AS mostPositive,
           min(least(beforeNegative, afterNegative)) AS leastNegative,
           max(greatest(beforeNegative, afterNegative)) AS mostNegative,
           min(least(beforePositive - beforeNegative, afterPositive - afterNegative)) AS leastNet,
           max(greatest(beforePositive - beforeNegative, afterPositive - afterNegative)) AS mostNet
    FROM {repairs:Identifier}
    WHERE target = {target_name:String} AND entityType = {entity:String} AND metricType = {metric:String}
      AND run IN {runs:Array(String)} AND kind != 'scope'
      AND start = {first:Int64} AND stop = {last:Int64}
      AND entityId >= {start:Int64} AND entityId < {stop:Int64}
    GROUP BY entityId, userId, createdAt, magnitude
    HAVING countIf(run = {run:String} AND sequence < {until:UInt64}) > 0
)
SELECT {metric:String} AS metricType, entityId, userId, createdAt, magnitude,
       if({append:Bool}, greatest(net, 0), greatest(lackPositive, 0)) AS addPositive,
       if({append:Bool}, if(magnitude = 0, 0, greatest(-net, 0)), greatest(lackNegative, 0)) AS addNegative,
       if({append:Bool}, 0, greatest(-lackPositive, 0)) AS removePositive,
       if({append:Bool}, 0, greatest(-lackNegative, 0)) AS removeNegative,
       if({append:Bool}, least(addNegative, greatest(-lackPositive, 0))
                       + least(addPositive, greatest(-lackNegative, 0)), 0) AS compensating,
       holdsPositive AS heldPositive, holdsNegative AS heldNegative,
       recorded AND if({append:Bool}, holdsNet < leastNet OR holdsNet > mostNet,
                       holdsPositive < leastPositive OR holdsPositive > mostPositive
                       OR holdsNegative < leastNegative OR holdsNegative > mostNegative) AS foreign
FROM
(
    SELECT entityId, userId, createdAt, magnitude,
           max(recorded) AS recorded,
           sum(wantedPositive) - sum(holdsPositive) AS lackPositive,
           sum(wantedNegative) - sum(holdsNegative) AS lackNegative,
           lackPositive - lackNegative AS net,
           sum(holdsPositive) AS holdsPositive, sum(holdsNegative) AS holdsNegative,
           holdsPositive - holdsNegative AS holdsNet,
           sum(leastPositive) AS leastPositive, sum(mostPositive) AS mostPositive,
           sum(leastNegative) AS leastNegative, sum(mostNegative) AS mostNegative,
           sum(leastNet) AS leastNet, sum(mostNet) AS mostNet
    FROM
    (
        SELECT entityId, userId, createdAt, magnitude, true AS recorded,
               firstPositive AS wantedPositive, firstNegative AS wantedNegative,
               toInt64(0) AS holdsPositive, toInt64(0) AS holdsNegative,
               leastPositive, mostPositive, leastNegative, mostNegative, leastNet, mostNet
        FROM records
        UNION ALL
        SELECT key.1 AS entityId, key.2 AS userId, key.3 AS createdAt, key.4 AS magnitude, false,
               toInt64(0), toInt64(0),
               toInt64(countIf(positive)), toInt64(countIf(NOT positive)),
               toInt64(0), toInt64(0), toInt64(0), toInt64(0), toInt64(0), toInt64(0)
        FROM
        (
            SELECT (toInt64(entityId), toInt64(userId), toDateTime64(createdAt, 9, 'UTC'),
                    toInt64(abs(toInt64(metricValue)))) AS key,
                   metricValue >= 0 AS positive
            FROM {target:Identifier}
            WHERE entityType = {entity:String}
              AND metricType = {metric:String}
              AND entityId >= {start:Int64}
              AND entityId < {stop:Int64}
              AND createdAt < {cutoff:DateTime64(3, 'UTC')}
        )
        WHERE {whole:Bool} OR key IN (SELECT (entityId, userId, createdAt, magnitude) FROM records)
        GROUP BY key
    )
    GROUP BY entityId, userId, createdAt, magnitude
)
WHERE (recorded OR {whole:Bool})
  AND if({append:Bool}, net != 0, lackPositive != 0 OR lackNegative != 0)
  AND addPositive + addNegative + removePositive + removeNegative > 0
