-- Staged events that fill a scope which holds nothing: counts alone, a row a metric and range; its first
-- entity says which range.
SELECT toString(metricType) AS metric,
       (toInt64(min(entityId)), toInt64(0), toDateTime64(0, 9, 'UTC'), toInt64(0)) AS key,
       toInt64(0) AS positive, toInt64(0) AS negative,
       toInt64(countIf(metricValue >= 0)) AS afterwards, toInt64(countIf(metricValue < 0)) AS negated,
       sum(toInt64(metricValue)) AS total,
       sumWithOverflow(reinterpretAsInt64(cityHash64(
           (toInt64(entityId), toInt64(userId), toDateTime64(createdAt, 9, 'UTC'), toInt64(abs(toInt64(metricValue))))
       )) * if(metricValue >= 0, 1, -1)) AS hash
FROM {stage:Identifier}
WHERE {chosen:Clause}
GROUP BY metric, arrayFirstIndex(stop -> entityId < stop, {cuts:Clause})
