-- Staged events that lie in the keys of a second look, a row a metric.
SELECT metricType, toInt64(count()) AS events
FROM {stage:Identifier}
WHERE metricType IN {metrics:Array(String)} AND ({only:Clause})
GROUP BY metricType
