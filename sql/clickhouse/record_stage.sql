-- Staged events of which the target holds nothing so far, while it holds others of the scope; key by key.
SELECT toString(metricType) AS metric,
       (toInt64(entityId), toInt64(userId), toDateTime64(createdAt, 9, 'UTC'), toInt64(abs(toInt64(metricValue)))) AS key,
       toInt64(0) AS positive, toInt64(0) AS negative,
       toInt64(countIf(metricValue >= 0)) AS afterwards, toInt64(countIf(metricValue < 0)) AS negated,
       key.4 * (afterwards - negated) AS total,
       reinterpretAsInt64(cityHash64(key)) * (afterwards - negated) AS hash
FROM {stage:Identifier}
WHERE {chosen:Clause}
GROUP BY metric, key
