-- What has to change so that a scope holds nothing again, as it did before a run filled it; a row a key, as in
-- undo_difference.sql, which would group everything twice.
INSERT INTO {difference:Identifier}
    (metricType, entityId, userId, createdAt, magnitude,
     addPositive, addNegative, removePositive, removeNegative, compensating, heldPositive, heldNegative)
SELECT {metric:String}, entityId, userId, createdAt, toInt64(abs(toInt64(metricValue))) AS magnitude,
       if({append:Bool}, greatest(heldNegative - heldPositive, 0), 0) AS addPositive,
       if({append:Bool} AND magnitude != 0, greatest(heldPositive - heldNegative, 0), 0) AS addNegative,
       if({append:Bool}, 0, heldPositive),
       if({append:Bool}, 0, heldNegative),
       addPositive + addNegative,
       toInt64(countIf(metricValue >= 0)) AS heldPositive, toInt64(countIf(metricValue < 0)) AS heldNegative
FROM {target:Identifier}
WHERE entityType = {entity:String}
  AND metricType = {metric:String}
  AND entityId >= {start:Int64}
  AND entityId < {stop:Int64}
  AND createdAt < {cutoff:DateTime64(3, 'UTC')}
GROUP BY entityId, userId, createdAt, magnitude
HAVING NOT {append:Bool} OR addPositive + addNegative > 0
