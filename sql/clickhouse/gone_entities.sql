-- Entities of which something held is gone from the source without a live event, with how much, a few.
SELECT toString(metricType) AS metricType, toInt64(entityId) AS entityId,
       sum(least(present - source - adjustment, present - source)) AS gone
FROM {judged:Identifier}
WHERE NOT earlier AND source + adjustment < present AND source < present AND negative = 0
GROUP BY metricType, entityId
ORDER BY gone DESC, entityId
LIMIT {limit:UInt32}
