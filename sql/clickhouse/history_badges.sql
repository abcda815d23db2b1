-- What was known of whole pairs in the course of time: the last summary of a pair in each span of
-- seconds.
SELECT max(at) AS at, entityType, metricType,
       argMax(history.verdict, history.at) AS verdict,
       argMax(history.coverage, history.at) AS coverage,
       argMax(history.oldestProofDays, history.at) AS oldest
FROM {history:Identifier} AS history
WHERE history.target = {target:String}
  AND history.`check` = {check:String}
  AND history.at >= {since:DateTime64(3, 'UTC')}
GROUP BY entityType, metricType, intDiv(toUnixTimestamp(history.at), {span:UInt32})
ORDER BY entityType, metricType, at
