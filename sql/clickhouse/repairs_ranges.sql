-- Pairs and ranges that a run changed, in their order: with which cutoff, which one was recorded before, and whether
-- it filled a scope that held nothing ("until": by which of its changes).
SELECT entityType, metricType, start AS first, stop AS last,
       max(cutoff) AS latest,
       argMin(isNull(previousCutoff), sequence) AS never,
       argMin(ifNull(previousCutoff, toDateTime64(0, 3, 'UTC')), sequence) AS previous,
       min(at) AS began,
       min(sequence) AS number,
       countIf(kind = 'scope') > 0 AS whole,
       if(whole, minIf(sequence, kind = 'scope'), toUInt64(9223372036854775807)) AS until
FROM {repairs:Identifier}
WHERE target = {target_name:String} AND run = {run:String}
GROUP BY entityType, metricType, start, stop
ORDER BY entityType, metricType, first
