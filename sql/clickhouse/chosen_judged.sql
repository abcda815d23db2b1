-- The judgement of chosen entities: adjustments, and what live events lack (above 0) or have too many.
SELECT toInt64(entityId) AS entityId, toInt64(userId) AS user, whole, adjustment, rest
FROM {judged:Identifier}
WHERE metricType = {metric:String}
  AND NOT earlier
  AND (adjustment != 0 OR rest != 0)
  AND entityId IN (SELECT entityId FROM {chosen:Identifier} WHERE upTo <= {most:UInt64} OR number = 1)
LIMIT {most:UInt64}
