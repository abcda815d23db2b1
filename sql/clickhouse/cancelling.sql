-- Whether an adjustment has the time and size of a row of the source and the opposite sign: together they
-- weigh nothing, so neither of them is wanted.
SELECT 1 AS one
FROM {stage:Identifier}
WHERE createdAt = {before:DateTime64(3, 'UTC')}
GROUP BY metricType, entityId, userId, abs(toInt64(metricValue))
HAVING sum(if(metricValue >= 0, 1, -1)) = 0
LIMIT 1
