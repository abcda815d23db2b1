-- What the stage holds, counted in the same way as the scope.
SELECT metricType,
       count() AS events,
       sum(toInt64(metricValue)) AS total,
       sumWithOverflow(cityHash64(entityId, userId, createdAt, metricValue)) AS hash
FROM {stage:Identifier}
GROUP BY metricType
