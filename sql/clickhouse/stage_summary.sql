-- What the stage holds, counted in the same way as the scope.
SELECT metricType,
       count() AS events,
       sum(toInt64(metricValue)) AS total,
       sum(if(metricValue >= 0, 1, -1)) AS net,
       sumWithOverflow(reinterpretAsInt64(cityHash64(entityId, userId, createdAt, abs(metricValue)))
                       * if(metricValue >= 0, 1, -1)) AS hash
FROM {stage:Identifier}
GROUP BY metricType
