-- Takes what weighs nothing (cancelling.sql) out of a private table.
ALTER TABLE {stage:Identifier} DELETE
WHERE createdAt = {before:DateTime64(3, 'UTC')}
  AND (metricType, entityId, userId, abs(toInt64(metricValue))) IN
      (SELECT metricType, entityId, userId, abs(toInt64(metricValue)) AS magnitude
       FROM {stage:Identifier}
       WHERE createdAt = {before:DateTime64(3, 'UTC')}
       GROUP BY metricType, entityId, userId, magnitude
       HAVING sum(if(metricValue >= 0, 1, -1)) = 0)
SETTINGS mutations_sync = 2
