-- The first live event of each metric of an entity type, in the whole target; no row where there is none.
SELECT toString(metricType) AS metricType, min(toDateTime64(createdAt, 3, 'UTC')) AS first
FROM {target:Identifier}
WHERE entityType = {entity:String}
  AND createdAt >= {cutoff:DateTime64(3, 'UTC')}
GROUP BY metricType
