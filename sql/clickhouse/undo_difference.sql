-- What has to change so that each key holds again what it held before a run changed it first: a row a key that
-- does not. Where nothing may be deleted (append) copies of the event and of its negation are weighed against each
-- other, else both are made right. A run that filled an empty scope is undone by scope ("whole"): beside what it had
-- changed earlier, nothing is wanted of it. "foreign": the key holds what neither the run nor its undoing left there.
INSERT INTO {difference:Identifier}
    (metricType, entityId, userId, createdAt, magnitude,
     addPositive, addNegative, removePositive, removeNegative, compensating, heldPositive, heldNegative, foreign)
WITH records AS
(
    SELECT entityId AS id, userId AS user, createdAt AS moment, magnitude,
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
    GROUP BY id, user, moment, magnitude
    HAVING countIf(run = {run:String} AND sequence < {until:UInt64}) > 0
)
SELECT {metric:String} AS metricType, id, user, moment, magnitude,
       if({append:Bool}, greatest(net, 0), greatest(lackPositive, 0)) AS addPositive,
       if({append:Bool}, if(magnitude = 0, 0, greatest(-net, 0)), greatest(lackNegative, 0)) AS addNegative,
       if({append:Bool}, 0, greatest(-lackPositive, 0)) AS removePositive,
       if({append:Bool}, 0, greatest(-lackNegative, 0)) AS removeNegative,
       if({append:Bool}, least(addNegative, greatest(-lackPositive, 0))
                       + least(addPositive, greatest(-lackNegative, 0)), 0) AS compensating,
       heldPositive, heldNegative,
       known AND if({append:Bool}, heldPositive - heldNegative < lowest OR heldPositive - heldNegative > highest,
                    heldPositive < lowestPositive OR heldPositive > highestPositive
                    OR heldNegative < lowestNegative OR heldNegative > highestNegative) AS foreign
FROM
(
    SELECT id, user, moment, magnitude,
           max(recorded) AS known,
           sum(nowPositive) AS heldPositive, sum(nowNegative) AS heldNegative,
           sum(firstPositive) - heldPositive AS lackPositive, sum(firstNegative) - heldNegative AS lackNegative,
           lackPositive - lackNegative AS net,
           sum(leastPositive) AS lowestPositive, sum(mostPositive) AS highestPositive,
           sum(leastNegative) AS lowestNegative, sum(mostNegative) AS highestNegative,
           sum(leastNet) AS lowest, sum(mostNet) AS highest
    FROM
    (
        SELECT id, user, moment, magnitude, true AS recorded, firstPositive, firstNegative,
               toInt64(0) AS nowPositive, toInt64(0) AS nowNegative,
               leastPositive, mostPositive, leastNegative, mostNegative, leastNet, mostNet
        FROM records
        UNION ALL
        SELECT id, user, moment, magnitude, false, toInt64(0), toInt64(0),
               toInt64(countIf(positive)), toInt64(countIf(NOT positive)),
               toInt64(0), toInt64(0), toInt64(0), toInt64(0), toInt64(0), toInt64(0)
        FROM
        (
            SELECT toInt64(entityId) AS id, toInt64(userId) AS user, toDateTime64(createdAt, 9, 'UTC') AS moment,
                   toInt64(abs(toInt64(metricValue))) AS magnitude, metricValue >= 0 AS positive
            FROM {target:Identifier}
            WHERE entityType = {entity:String}
              AND metricType = {metric:String}
              AND entityId >= {start:Int64}
              AND entityId < {stop:Int64}
              AND createdAt < {cutoff:DateTime64(3, 'UTC')}
        )
        WHERE {whole:Bool} OR (id, user, moment, magnitude) IN (SELECT id, user, moment, magnitude FROM records)
        GROUP BY id, user, moment, magnitude
    )
    GROUP BY id, user, moment, magnitude
)
WHERE (known OR {whole:Bool})
  AND if({append:Bool}, net != 0, lackPositive != 0 OR lackNegative != 0)
  AND addPositive + addNegative + removePositive + removeNegative > 0
