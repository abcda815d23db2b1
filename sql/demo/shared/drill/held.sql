-- What the target holds of every pair: events, and a sum of their hashes that no other rows have.
SELECT concat(entityType, '/', metricType) AS pair, toInt64(count()) AS events,
       sum(cityHash64(entityId, userId, metricValue, createdAt)) AS digest
FROM {target:Identifier}
GROUP BY pair
ORDER BY pair;
