-- Rows that belong to nothing and are about to be deleted or, where nothing is, compensated; key by key.
SELECT {metric:Literal} AS metric,
       (toInt64(entityId), toInt64(userId), toDateTime64(createdAt, 9, 'UTC'), toInt64(abs(toInt64(metricValue)))) AS key,
       toInt64(countIf(metricValue >= 0)) AS positive, toInt64(countIf(metricValue < 0)) AS negative,
       if({append:Clause}, positive + greatest(negative - positive, 0), 0) AS afterwards,
       if({append:Clause}, negative + greatest(positive - negative, 0), 0) AS negated,
       afterwards - negated - positive + negative AS change,
       key.4 * change AS total,
       reinterpretAsInt64(cityHash64(key)) * change AS hash
FROM {target:Identifier}
WHERE entityType = {entity:Literal}
  AND metricType = {metric:Literal}
  AND createdAt < toDateTime64({cutoff:Literal}, 3, 'UTC')
  AND entityId >= {lowest:Clause}
  AND entityId <= {highest:Clause}
  AND ({everything:Clause} OR entityId IN ({ids:Clause}))
GROUP BY key
HAVING NOT {append:Clause} OR (positive != negative AND key.4 != 0)
