-- The newest live event of each metric of an entity type, in the whole target; no row where there is none.
-- Events dated in the future say nothing about how far the stream has come.
SELECT toString(metricType) AS metricType, max(toDateTime64(createdAt, 3, 'UTC')) AS newest
FROM {target:Identifier}
WHERE entityType = {entity:String}
  AND createdAt >= {cutoff:DateTime64(3, 'UTC')}
  AND createdAt <= now64(3, 'UTC')
GROUP BY metricType
