-- Events of one entity type by metric: how many before the cutoff and from it on, and the first of
-- each (meaningless where there are none).
SELECT toString(metricType) AS metric,
       toInt64(countIf(createdAt < {cutoff:DateTime64(3, 'UTC')})) AS before,
       toInt64(countIf(createdAt >= {cutoff:DateTime64(3, 'UTC')})) AS live,
       toDateTime64(min(createdAt), 3, 'UTC') AS earliest,
       toDateTime64(minIf(createdAt, createdAt >= {cutoff:DateTime64(3, 'UTC')}), 3, 'UTC') AS firstLive
FROM {target:Identifier}
WHERE entityType = {entity:String}
GROUP BY metric
ORDER BY metric
